import Type, { type Static } from 'typebox';
import { closed, component, Id, Instant } from './component.ts';

/** An entry of a namespace's allowlist. The absent parts of its scope mean "every". */
export const Exemption = component('Exemption', {
  id: Type.Integer(),
  vulnerabilityId: Type.String(),
  repository: Type.Optional(Type.String({ description: 'Pattern of repository names' })),
  digest: Type.Optional(Type.String()),
  package: Type.Optional(Type.String()),
  path: Type.Optional(Type.String({ description: 'Pattern of the paths of a secret or malware' })),
  reason: Type.String(),
  createdBy: Type.String(),
  createdAt: Instant,
  expiresAt: Type.Optional(Instant),
  expired: Type.Boolean(),
});
export type Exemption = Static<typeof Exemption>;

/** Every element of `ids` may itself be a list, separated by commas, spaces or lines. */
export const ExemptionCreate = component('ExemptionCreate', {
  ids: Type.Array(Type.String({ maxLength: 100_000 }), { minItems: 1, maxItems: 10_000 }),
  reason: Type.String({ minLength: 1, maxLength: 2000 }),
  expiresAt: Type.Optional(Instant),
  repository: Type.Optional(Type.String({ minLength: 1, maxLength: 256 })),
  digest: Type.Optional(Type.String({ maxLength: 200 })),
  package: Type.Optional(Type.String({ minLength: 1, maxLength: 256 })),
  path: Type.Optional(
    Type.String({
      minLength: 1,
      maxLength: 256,
      description: 'Only with ids of secrets and malware: secret:<rule>, malware:<signature>',
    }),
  ),
});
export type ExemptionCreate = Static<typeof ExemptionCreate>;

export const ExemptionsCreated = closed({ items: Type.Array(Exemption) });

export const ExemptionParams = closed({ namespace: Type.String({ maxLength: 255 }), id: Id });
