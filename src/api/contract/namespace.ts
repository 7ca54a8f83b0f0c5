import Type, { type Static } from 'typebox';
import { closed, component, Instant } from './component.ts';
import { pageQuery } from './page.ts';
import { Policy, PolicyChange } from './policy.ts';

export const NamespaceRole = Type.Enum(['admin', 'maintainer', 'developer', 'auditor', 'guest']);
export type NamespaceRole = Static<typeof NamespaceRole>;

/** `role` is the caller's own: `admin` for a system admin, `guest` for others in a public namespace. */
export const Namespace = component('Namespace', {
  name: Type.String(),
  public: Type.Boolean(),
  autoScan: Type.Boolean(),
  policy: Policy,
  role: NamespaceRole,
  imageCount: Type.Integer(),
  blockedCount: Type.Integer({ description: 'Images whose pull is refused now' }),
  createdAt: Instant,
});
export type Namespace = Static<typeof Namespace>;

export const NamespaceCreate = component('NamespaceCreate', {
  name: Type.String({ minLength: 1, maxLength: 255 }),
  autoScan: Type.Optional(Type.Boolean()),
  public: Type.Optional(Type.Boolean()),
});

export const NamespaceChange = component('NamespaceChange', {
  autoScan: Type.Optional(Type.Boolean()),
  public: Type.Optional(Type.Boolean()),
  policy: Type.Optional(PolicyChange),
});

export const NamespaceParams = closed({ namespace: Type.String({ maxLength: 255 }) });

export const NamespaceQuery = closed({ ...pageQuery, q: Type.Optional(Type.String({ maxLength: 255 })) });
