import Type, { type Static } from 'typebox';
import { closed, Instant } from './component.ts';

/** The layer that a file with a finding is in. */
export const FileLayer = closed({
  index: Type.Integer(),
  digest: Type.String(),
  createdBy: Type.Union([Type.String(), Type.Null()]),
});

export const FileFate = Type.Union(
  [closed({ kind: Type.Enum(['deleted', 'replaced']), byLayer: Type.Integer() }), Type.Null()],
  { description: 'What a later layer does to the file; whoever pulls the image has it all the same' },
);

/** The entry of the allowlist that takes a finding out of the judgement; null: none does. */
export const Exempted = Type.Union([
  closed({ by: Type.String(), reason: Type.String(), expiresAt: Type.Union([Instant, Type.Null()]) }),
  Type.Null(),
]);
export type Exempted = Static<typeof Exempted>;
