import Type, { type Static } from 'typebox';
import { closed, component, Id, Instant } from './component.ts';

const Selection = closed({
  match: Type.Enum(['matching', 'excluding']),
  pattern: Type.String({ minLength: 1, maxLength: 256 }),
});

/** Tags that a rule makes immutable: repositories × tags, both matching or excluding a pattern. */
export const ImmutabilityRule = component('ImmutabilityRule', {
  id: Type.Integer(),
  template: Type.Enum(['latest', 'custom']),
  repositories: Selection,
  tags: Selection,
  allowDelete: Type.Boolean(),
  enabled: Type.Boolean(),
  createdBy: Type.String(),
  createdAt: Instant,
});
export type ImmutabilityRule = Static<typeof ImmutabilityRule>;

/** `template: latest` takes no selections; `custom` needs both. */
export const ImmutabilityRuleCreate = component('ImmutabilityRuleCreate', {
  template: Type.Enum(['latest', 'custom']),
  repositories: Type.Optional(Selection),
  tags: Type.Optional(Selection),
  allowDelete: Type.Optional(Type.Boolean()),
});
export type ImmutabilityRuleCreate = Static<typeof ImmutabilityRuleCreate>;

/** The selections of a `latest` rule are fixed. */
export const ImmutabilityRuleChange = component('ImmutabilityRuleChange', {
  enabled: Type.Optional(Type.Boolean()),
  repositories: Type.Optional(Selection),
  tags: Type.Optional(Selection),
  allowDelete: Type.Optional(Type.Boolean()),
});

export const ImmutabilityRuleParams = closed({ namespace: Type.String({ maxLength: 255 }), id: Id });

/** Existing tags with what the rule alone would say of them; at most 1000, `total` counts all. */
export const ImmutabilityPreview = component('ImmutabilityPreview', {
  tags: Type.Array(closed({ repository: Type.String(), tag: Type.String(), immutable: Type.Boolean() })),
  total: Type.Integer(),
  immutableCount: Type.Integer(),
});
