import Type, { type Static } from 'typebox';
import { closed, component, Instant } from './component.ts';
import { pageQuery } from './page.ts';
import { Policy, PolicyChange } from './policy.ts';
import { SeverityOrder } from './severity.ts';

export const NamespaceRole = Type.Enum(['admin', 'maintainer', 'developer', 'auditor', 'guest']);
export type NamespaceRole = Static<typeof NamespaceRole>;

/** Most that a namespace may hold. */
const QuotaBytes = Type.Union([Type.Integer({ minimum: 0, maximum: Number.MAX_SAFE_INTEGER }), Type.Null()], {
  description: 'Null: no limit',
});

/** `role` is the caller's own: `admin` for a system admin, `guest` for others in a public namespace. */
export const Namespace = component('Namespace', {
  name: Type.String(),
  public: Type.Boolean(),
  autoScan: Type.Boolean(),
  policy: Policy,
  severityOrder: SeverityOrder,
  role: NamespaceRole,
  imageCount: Type.Integer(),
  blockedCount: Type.Integer({
    description:
      'Images whose pull is refused now; in a namespace of more than 1,000 images up to a minute ago',
  }),
  blockedCountIsEstimate: Type.Optional(
    Type.Boolean({ description: 'True: the count stands for more images than could be judged' }),
  ),
  usedBytes: Type.Integer({
    description: 'Distinct blobs and manifests, and what open uploads have received',
  }),
  quotaBytes: QuotaBytes,
  createdAt: Instant,
});
export type Namespace = Static<typeof Namespace>;

export const NamespaceCreate = component('NamespaceCreate', {
  name: Type.String({ minLength: 1, maxLength: 255 }),
  autoScan: Type.Optional(Type.Boolean()),
  public: Type.Optional(Type.Boolean()),
  quotaBytes: Type.Optional(QuotaBytes),
  severityOrder: Type.Optional(SeverityOrder),
});

export const NamespaceChange = component('NamespaceChange', {
  autoScan: Type.Optional(Type.Boolean()),
  public: Type.Optional(Type.Boolean()),
  policy: Type.Optional(PolicyChange),
  quotaBytes: Type.Optional(QuotaBytes),
  severityOrder: Type.Optional(
    Type.Union([SeverityOrder, Type.Null()], { description: 'Null: the default order' }),
  ),
});

export const NamespaceParams = closed({ namespace: Type.String({ maxLength: 255 }) });

export const NamespaceQuery = closed({ ...pageQuery, q: Type.Optional(Type.String({ maxLength: 255 })) });
