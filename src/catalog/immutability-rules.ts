import type { Database } from '../database/database.ts';

export interface NamePattern {
  readonly match: 'matching' | 'excluding';
  /** A doublestar glob (policy/pattern.ts). */
  readonly pattern: string;
}

/** A tag immutability rule as stored (semantics.md §4). */
export interface StoredImmutabilityRule {
  readonly id: number;
  readonly namespaceId: number;
  readonly template: 'latest' | 'custom';
  readonly repositories: NamePattern;
  readonly tags: NamePattern;
  readonly allowDelete: boolean;
  readonly enabled: boolean;
  readonly createdBy: string;
  readonly createdAt: Date;
}

export async function createImmutabilityRule(
  db: Database,
  rule: {
    readonly namespaceId: number;
    readonly template: 'latest' | 'custom';
    readonly repositories: NamePattern;
    readonly tags: NamePattern;
    readonly allowDelete?: boolean;
    readonly createdBy: string;
  },
): Promise<StoredImmutabilityRule> {
  const row = await db
    .insertInto('immutability_rule')
    .values({
      namespace_id: rule.namespaceId,
      template: rule.template,
      repository_pattern: rule.repositories.pattern,
      repository_match: rule.repositories.match,
      tag_pattern: rule.tags.pattern,
      tag_match: rule.tags.match,
      allow_delete: rule.allowDelete ?? false,
      created_by: rule.createdBy,
    })
    .returningAll()
    .executeTakeFirstOrThrow();
  return asRule(row);
}

/** All rules of a namespace, disabled ones too, oldest first. */
export async function listImmutabilityRules(
  db: Database,
  namespaceId: number,
): Promise<readonly StoredImmutabilityRule[]> {
  const rows = await db
    .selectFrom('immutability_rule')
    .selectAll()
    .where('namespace_id', '=', namespaceId)
    .orderBy('id')
    .execute();
  return rows.map(asRule);
}

/** Changes what is given, never the namespace; undefined when the namespace has no rule of that id. */
export async function updateImmutabilityRule(
  db: Database,
  rule: { readonly namespaceId: number; readonly id: number },
  changes: {
    readonly repositories?: NamePattern;
    readonly tags?: NamePattern;
    readonly allowDelete?: boolean;
    readonly enabled?: boolean;
  },
): Promise<StoredImmutabilityRule | undefined> {
  const { repositories, tags, allowDelete, enabled } = changes;
  const row = await db
    .updateTable('immutability_rule')
    .set((eb) => ({
      ...(repositories === undefined
        ? {}
        : { repository_pattern: repositories.pattern, repository_match: repositories.match }),
      ...(tags === undefined ? {} : { tag_pattern: tags.pattern, tag_match: tags.match }),
      ...(allowDelete === undefined ? {} : { allow_delete: allowDelete }),
      enabled: enabled ?? eb.ref('enabled'),
    }))
    .where('namespace_id', '=', rule.namespaceId)
    .where('id', '=', rule.id)
    .returningAll()
    .executeTakeFirst();
  return row === undefined ? undefined : asRule(row);
}

/** Returns what was deleted, or undefined when the namespace has no rule of that id. */
export async function deleteImmutabilityRule(
  db: Database,
  rule: { readonly namespaceId: number; readonly id: number },
): Promise<StoredImmutabilityRule | undefined> {
  const row = await db
    .deleteFrom('immutability_rule')
    .where('namespace_id', '=', rule.namespaceId)
    .where('id', '=', rule.id)
    .returningAll()
    .executeTakeFirst();
  return row === undefined ? undefined : asRule(row);
}

function asRule(row: {
  readonly id: number;
  readonly namespace_id: number;
  readonly template: string;
  readonly repository_pattern: string;
  readonly repository_match: string;
  readonly tag_pattern: string;
  readonly tag_match: string;
  readonly allow_delete: boolean;
  readonly enabled: boolean;
  readonly created_by: string;
  readonly created_at: Date;
}): StoredImmutabilityRule {
  return {
    id: row.id,
    namespaceId: row.namespace_id,
    // The three words are those of the columns' check constraints.
    template: row.template as StoredImmutabilityRule['template'],
    repositories: {
      match: row.repository_match as NamePattern['match'],
      pattern: row.repository_pattern,
    },
    tags: { match: row.tag_match as NamePattern['match'], pattern: row.tag_pattern },
    allowDelete: row.allow_delete,
    enabled: row.enabled,
    createdBy: row.created_by,
    createdAt: row.created_at,
  };
}
