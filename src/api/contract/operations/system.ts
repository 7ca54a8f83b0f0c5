import Type from 'typebox';
import { closed, component } from '../component.ts';

/** What the server says of itself; counts are of what the caller may see. */
export const System = component('System', {
  version: Type.String(),
  externalUrl: Type.String(),
  feeds: closed({ ready: Type.Boolean(), message: Type.String() }),
  counts: closed({ namespaces: Type.Integer(), images: Type.Integer(), advisories: Type.Integer() }),
});
