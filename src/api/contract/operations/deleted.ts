import Type, { type Static } from 'typebox';
import { component } from '../component.ts';

/** What is gone. */
export const Deleted = component('Deleted', {
  freedBytes: Type.Integer({
    minimum: 0,
    description:
      'Bytes of the blob store that nothing else holds. The server frees them in the background: some minutes later as a rule, later after a large deletion or while the repository is still pushed to',
  }),
});
export type Deleted = Static<typeof Deleted>;
