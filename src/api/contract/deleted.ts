import Type, { type Static } from 'typebox';
import { component } from './component.ts';

/** What is gone. */
export const Deleted = component('Deleted', {
  freedBytes: Type.Integer({
    minimum: 0,
    description: 'Bytes of the blob store that nothing else holds; they are freed within minutes',
  }),
});
export type Deleted = Static<typeof Deleted>;
