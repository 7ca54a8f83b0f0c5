import Type from 'typebox';
import { closed } from './component.ts';

export const FixedSource = Type.String({
  description:
    'Name of the source package that `fixedVersion` is a version of; absent: it is a version of the package itself',
});

export const FixSource = closed({
  name: Type.String(),
  version: Type.String({ description: 'Of which the installed package was built' }),
});
