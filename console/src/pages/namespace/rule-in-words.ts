import type { ImmutabilityRule } from '../../api/answers.ts';

type Selection = ImmutabilityRule['tags'];

function selected(noun: string, selection: Selection): string {
  if (selection.match === 'matching' && selection.pattern === '**') return `every ${noun}`;
  const verb = selection.match === 'matching' ? 'matching' : 'not matching';
  return `${noun === 'tag' ? 'tags' : 'repositories'} ${verb} ${selection.pattern}`;
}

/** The rule as one phrase: `tags matching v* of every repository`. */
export function ruleInWords(rule: Pick<ImmutabilityRule, 'template' | 'repositories' | 'tags'>): string {
  if (rule.template === 'latest') return 'every tag of every repository, except latest';
  return `${selected('tag', rule.tags)} of ${selected('repository', rule.repositories)}`;
}
