import Type, { type Static, type TSchema } from 'typebox';
import { closed, component } from './component.ts';

const Threshold = Type.Enum(['low', 'medium', 'high', 'critical']);
const KnownSeverity = Type.Enum(['critical', 'high', 'medium', 'low', 'negligible']);
const StateRule = Type.Enum(['allow', 'warn', 'block']);
const PendingRule = Type.Union([
  StateRule,
  closed({ holdSeconds: Type.Integer({ minimum: 1, maximum: 300 }) }),
]);
const days = Type.Integer({ minimum: 0, maximum: 3650 });
/** Days per severity; as a change, null takes one away. */
function graceDays<Days extends TSchema>(value: Days) {
  const optional = Type.Optional(value);
  return closed({
    critical: optional,
    high: optional,
    medium: optional,
    low: optional,
    negligible: optional,
    unknown: optional,
  });
}
const mode = Type.Enum(['off', 'observe', 'enforce']);
const epssMin = Type.Number({ minimum: 0, maximum: 1 });
const malware = Type.Enum(['off', 'block']);
const secrets = Type.Enum(['off', 'low', 'medium', 'high', 'critical']);

/** A namespace's pull policy, whole (semantics.md §3). */
export const Policy = component('Policy', {
  mode,
  minSeverity: Threshold,
  fixableOnly: Type.Boolean(),
  knownExploited: Type.Boolean(),
  epssMin: Type.Optional(epssMin),
  graceDays: graceDays(days),
  unknownSeverityAs: KnownSeverity,
  malware,
  secrets,
  states: closed({
    pending: PendingRule,
    failed: StateRule,
    incomplete: StateRule,
    unsupported: StateRule,
    undetermined: StateRule,
  }),
});

/**
 * Parts of a policy, laid over the stored one; `states` and `graceDays` key by key. `epssMin: null` and a null in
 * `graceDays` take the condition away.
 */
export const PolicyChange = component('PolicyChange', {
  mode: Type.Optional(mode),
  minSeverity: Type.Optional(Threshold),
  fixableOnly: Type.Optional(Type.Boolean()),
  knownExploited: Type.Optional(Type.Boolean()),
  epssMin: Type.Optional(Type.Union([epssMin, Type.Null()])),
  graceDays: Type.Optional(graceDays(Type.Union([days, Type.Null()]))),
  unknownSeverityAs: Type.Optional(KnownSeverity),
  malware: Type.Optional(malware),
  secrets: Type.Optional(secrets),
  states: Type.Optional(
    closed({
      pending: Type.Optional(PendingRule),
      failed: Type.Optional(StateRule),
      incomplete: Type.Optional(StateRule),
      unsupported: Type.Optional(StateRule),
      undetermined: Type.Optional(StateRule),
    }),
  ),
});
export type PolicyChange = Static<typeof PolicyChange>;

export const PolicyPreviewRequest = component('PolicyPreviewRequest', { policy: PolicyChange });

/** What a policy would do to the images that the namespace holds now; `examples` are the worst, at most 20. */
export const PolicyPreview = component('PolicyPreview', {
  images: Type.Integer(),
  blocked: Type.Integer(),
  warned: Type.Integer(),
  undetermined: Type.Integer({
    description: 'Images that are not or not fully judged yet, whatever the policy says',
  }),
  isEstimate: Type.Optional(
    Type.Boolean({ description: 'True: the counts stand for more images than could be judged' }),
  ),
  examples: Type.Array(
    closed({
      imageId: Type.Integer(),
      repository: Type.String(),
      tags: Type.Array(Type.String()),
      digest: Type.String(),
      reasons: Type.Array(Type.String()),
    }),
  ),
});
export type PolicyPreview = Static<typeof PolicyPreview>;
