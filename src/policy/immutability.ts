import { compilePattern } from './pattern.ts';

export interface NameCondition {
  readonly match: 'matching' | 'excluding';
  readonly pattern: string;
}

/** A tag immutability rule of a namespace (semantics.md §4). */
export interface ImmutabilityRule {
  readonly id: number;
  /** `latest`: every tag of every repository except `latest`; its conditions are not looked at. */
  readonly template: 'latest' | 'custom';
  readonly repositories: NameCondition;
  readonly tags: NameCondition;
  /** Immutable tags may be deleted, but not moved. */
  readonly allowDelete: boolean;
  readonly enabled: boolean;
}

/** What the template `latest` means, in the words of a custom rule. */
export const latestTemplate: Pick<ImmutabilityRule, 'repositories' | 'tags'> = {
  repositories: { match: 'matching', pattern: '**' },
  tags: { match: 'excluding', pattern: 'latest' },
};

/** The enabled rules that make the tag immutable: any one does. Throws `PatternUnreadableError` for a bad stored pattern. */
export function immutableBy(
  rules: readonly ImmutabilityRule[],
  { repository, tag }: { readonly repository: string; readonly tag: string },
): readonly ImmutabilityRule[] {
  return rules.filter((rule) => {
    if (!rule.enabled) return false;
    const { repositories, tags } = rule.template === 'latest' ? latestTemplate : rule;
    return holds(repositories, repository) && holds(tags, tag);
  });
}

/** One line that names a rule to people. */
export function describeRule(rule: ImmutabilityRule): string {
  if (rule.template === 'latest') return `rule ${rule.id}: every tag except latest`;
  return `rule ${rule.id}: ${words('repositories', rule.repositories)}, ${words('tags', rule.tags)}`;
}

function words(what: string, { match, pattern }: NameCondition): string {
  return match === 'matching' ? `${what} ${pattern}` : `all ${what} but ${pattern}`;
}

function holds({ match, pattern }: NameCondition, name: string): boolean {
  return compilePattern(pattern).matches(name) === (match === 'matching');
}
