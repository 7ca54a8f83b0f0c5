import {
  createImmutabilityRule,
  deleteImmutabilityRule,
  listImmutabilityRules,
  type StoredImmutabilityRule,
  updateImmutabilityRule,
} from '../../catalog/immutability-rules.ts';
import { listNamespaceTags } from '../../catalog/tags.ts';
import { notify } from '../../database/notifications.ts';
import { immutableBy, latestTemplate, type ImmutabilityRule as Rule } from '../../policy/immutability.ts';
import { parsePattern } from '../../policy/pattern.ts';
import type { ApiDependencies } from '../api-dependencies.ts';
import type { HandlersOf } from '../call.ts';
import type { ImmutabilityRule, ImmutabilityRuleCreate } from '../contract/immutability-rule.ts';
import { badRequest, notFound } from '../errors.ts';
import { pageOf } from '../page-of.ts';
import { recordChange } from '../record-change.ts';

const previewTagsMax = 1000;
const previewTagsReadMax = 1_000_000;

type RuleOperation = 'listImmutabilityRules' | 'createImmutabilityRule' | 'previewImmutabilityRule';

export function immutabilityHandlers(
  dependencies: ApiDependencies,
): HandlersOf<RuleOperation | 'changeImmutabilityRule' | 'deleteImmutabilityRule'> {
  const { db } = dependencies;
  return {
    listImmutabilityRules: async ({ namespace, query }) => {
      const items = await listImmutabilityRules(db, namespace.id);
      return pageOf({ list: 'rules', items, request: query, keyOf: ({ id }) => String(id), show: showRule });
    },

    createImmutabilityRule: async (call) => {
      const { namespace, body, caller } = call;
      const conditions = readConditions(body);
      const rule = await db.transaction().execute(async (transaction) => {
        const created = await createImmutabilityRule(transaction, {
          namespaceId: namespace.id,
          template: body.template,
          ...conditions,
          allowDelete: body.allowDelete ?? false,
          createdBy: caller.principal.name,
        });
        await recordChange(transaction, call, ruleChange('created', created));
        await notify(transaction, 'pratique_policy', String(namespace.id));
        return created;
      });
      return showRule(rule);
    },

    previewImmutabilityRule: async ({ namespace, body }) => {
      const rule: Rule = {
        id: 0,
        template: body.template,
        ...readConditions(body),
        allowDelete: false,
        enabled: true,
      };
      const limit = previewTagsReadMax;
      const tags = (await listNamespaceTags(db, { namespaceId: namespace.id, limit })).map(
        ({ repository, tag }) => ({
          repository,
          tag,
          immutable: immutableBy([rule], { repository, tag }).length > 0,
        }),
      );
      const immutableCount = tags.filter(({ immutable }) => immutable).length;
      return { tags: tags.slice(0, previewTagsMax), total: tags.length, immutableCount };
    },

    changeImmutabilityRule: async (call) => {
      const { namespace, params, body } = call;
      checkPatterns(body);
      const rule = await db.transaction().execute(async (transaction) => {
        const where = { namespaceId: namespace.id, id: params.id };
        const changed = await updateImmutabilityRule(transaction, where, withoutUndefined(body));
        if (changed === undefined) throw unknownRule('change', where.id, namespace.name);
        if (changed.template === 'latest' && (body.repositories !== undefined || body.tags !== undefined)) {
          throw badRequest(
            `Cannot change what rule ${params.id} selects: it is of template "latest", make a custom rule instead`,
          );
        }
        await recordChange(transaction, call, ruleChange('changed', changed));
        await notify(transaction, 'pratique_policy', String(namespace.id));
        return changed;
      });
      return showRule(rule);
    },

    deleteImmutabilityRule: async (call) => {
      const { namespace, params } = call;
      await db.transaction().execute(async (transaction) => {
        const deleted = await deleteImmutabilityRule(transaction, {
          namespaceId: namespace.id,
          id: params.id,
        });
        if (deleted === undefined) throw unknownRule('delete', params.id, namespace.name);
        await recordChange(transaction, call, ruleChange('deleted', deleted));
        await notify(transaction, 'pratique_policy', String(namespace.id));
      });
      return undefined;
    },
  };
}

function readConditions(body: ImmutabilityRuleCreate): Pick<Rule, 'repositories' | 'tags'> {
  const { template, repositories, tags } = body;
  if (template === 'latest') {
    if (repositories === undefined && tags === undefined) return latestTemplate;
    throw badRequest(
      'Cannot use selections with template "latest": leave "repositories" and "tags" out, or use "custom"',
    );
  }
  if (repositories === undefined || tags === undefined) {
    throw badRequest('Cannot read the rule: template "custom" needs "repositories" and "tags"');
  }
  checkPatterns({ repositories, tags });
  return { repositories, tags };
}

function checkPatterns(body: Pick<ImmutabilityRuleCreate, 'repositories' | 'tags'>): void {
  for (const key of ['repositories', 'tags'] as const) {
    const pattern = body[key]?.pattern;
    if (pattern === undefined) continue;
    const parsed = parsePattern(pattern);
    if (parsed.kind === 'invalid') {
      throw badRequest(`Cannot read pattern "${pattern}" of ${key}: ${parsed.message}`, {
        key: `${key}.pattern`,
      });
    }
  }
}

type Defined<Given> = { [Key in keyof Given]?: Exclude<Given[Key], undefined> };

/** Drops absent keys: `exactOptionalPropertyTypes` tells them from keys that are undefined. */
function withoutUndefined<Given extends object>(given: Given): Defined<Given> {
  const entries = Object.entries(given).filter(([, value]) => value !== undefined);
  return Object.fromEntries(entries) as Defined<Given>; // the same keys and values, less the undefined ones
}

function showRule(rule: StoredImmutabilityRule): ImmutabilityRule {
  const { id, template, repositories, tags, allowDelete, enabled, createdBy, createdAt } = rule;
  return {
    id,
    template,
    repositories,
    tags,
    allowDelete,
    enabled,
    createdBy,
    createdAt: createdAt.toISOString(),
  };
}

function ruleChange(action: string, rule: StoredImmutabilityRule) {
  return { kind: `immutability-rule.${action}`, subject: String(rule.id), details: showRule(rule) };
}

function unknownRule(action: string, id: number, namespace: string) {
  return notFound(`Cannot ${action} immutability rule ${id}: "${namespace}" has none of that id`);
}
