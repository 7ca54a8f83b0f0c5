import type { Webhook } from '../../api/answers.ts';

/** Events that a webhook may ask for, in the console's words. */
export const webhookKinds = [
  { value: 'pull.blocked', label: 'A pull is refused' },
  { value: 'pull.warned', label: 'A pull is let through with a warning' },
  { value: 'findings.changed', label: 'Vulnerabilities of images come, go or change' },
  { value: 'quota.exceeded', label: 'A push is refused by the quota' },
  { value: 'robot-secret.expiring', label: "A robot's secret expires soon" },
] as const;

/** Those that concern no single namespace. */
export const registryKinds = [
  { value: 'access-token.expiring', label: "A user's access token expires soon" },
  { value: 'blob.damaged', label: 'A stored blob is damaged' },
] as const;

export type Kind = Webhook['kinds'][number];

export function kindInWords(kind: string): string {
  if (kind === 'webhook.test') return 'Test';
  return [...webhookKinds, ...registryKinds].find(({ value }) => value === kind)?.label ?? kind;
}

export const webhookFormats = [
  { value: 'cloudevents', label: 'Webhook (CloudEvents)' },
  { value: 'slack', label: 'Slack' },
  { value: 'teams', label: 'Teams (Workflows)' },
  { value: 'email', label: 'E-mail' },
] as const;

export const minSeverities = [
  { value: '', label: 'Any severity' },
  { value: 'critical', label: 'Critical' },
  { value: 'high', label: 'High or worse' },
  { value: 'medium', label: 'Medium or worse' },
  { value: 'low', label: 'Low or worse' },
] as const;

/** What a webhook asks for, in one line. */
export function webhookInWords({ kinds, minSeverity, fixableOnly, knownExploitedOnly }: Webhook): string {
  const filters = [
    minSeverity === null ? undefined : `${minSeverity} or worse`,
    fixableOnly ? 'with a fix' : undefined,
    knownExploitedOnly ? 'known to be exploited' : undefined,
  ].filter((words) => words !== undefined);
  const when = kinds.map((kind) => kindInWords(kind)).join('; ');
  return filters.length === 0 ? when : `${when} (findings ${filters.join(', ')})`;
}

/** Where it sends, as far as it is shown; of many addresses, the first `max`. */
export function destinationInWords({ origin, recipients }: Webhook, max = recipients.length): string {
  if (origin !== null) return origin;
  const others = recipients.length - max;
  const named = recipients.slice(0, max).join(', ');
  return others > 0 ? `${named} and ${others} more` : named;
}

/** How many deliveries were given up and wait for somebody to send them again; empty when none. */
export function givenUpInWords(count: number): string {
  if (count === 0) return '';
  return count === 1 ? '1 given up' : `${count} given up`;
}
