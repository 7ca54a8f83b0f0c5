import type { AuditEvent } from '../../api/answers.ts';

/** Kinds of events in the console's words; another kind is shown as the server names it. */
export const eventKinds = [
  { value: 'pull.blocked', label: 'Pull refused' },
  { value: 'pull.warned', label: 'Pull warned' },
  { value: 'findings.changed', label: 'Findings changed' },
  { value: 'push.refused', label: 'Push refused' },
  { value: 'policy.changed', label: 'Policy changed' },
  { value: 'exemption.created', label: 'Ids allowed' },
  { value: 'exemption.deleted', label: 'Id no longer allowed' },
  { value: 'immutability-rule.created', label: 'Immutability rule added' },
  { value: 'immutability-rule.changed', label: 'Immutability rule changed' },
  { value: 'immutability-rule.deleted', label: 'Immutability rule deleted' },
  { value: 'member.set', label: 'Member set' },
  { value: 'member.removed', label: 'Member removed' },
  { value: 'robot.created', label: 'Robot created' },
  { value: 'robot.changed', label: 'Robot changed' },
  { value: 'robot.deleted', label: 'Robot deleted' },
  { value: 'robot-secret.created', label: 'Robot secret created' },
  { value: 'robot-secret.revoked', label: 'Robot secret revoked' },
  { value: 'robot-secret.expiring', label: 'Robot secret expires soon' },
  { value: 'namespace.created', label: 'Namespace created' },
  { value: 'namespace.changed', label: 'Namespace changed' },
  { value: 'scan.queued', label: 'Scan asked for' },
  { value: 'scan.cancelled', label: 'Scan cancelled' },
  { value: 'tag.deleted', label: 'Tag deleted' },
  { value: 'image.deleted', label: 'Image deleted' },
  { value: 'sbom.attached', label: 'SBOM attached' },
  { value: 'blob.deleted', label: 'Blob deleted' },
  { value: 'repository.deleted', label: 'Repository deleted' },
  { value: 'quota.exceeded', label: 'Push refused by the quota' },
  { value: 'webhook.created', label: 'Notification target added' },
  { value: 'webhook.changed', label: 'Notification target changed' },
  { value: 'webhook.deleted', label: 'Notification target deleted' },
  { value: 'webhook.tested', label: 'Notification target tested' },
  { value: 'webhook.redelivered', label: 'Notification sent again' },
  { value: 'advisories.imported', label: 'Advisories imported' },
  { value: 'garbage.freed', label: 'Garbage freed' },
  { value: 'access.denied', label: 'Right denied' },
  { value: 'login', label: 'Every refused sign-in' },
  { value: 'login.refused', label: 'Sign-in refused' },
  { value: 'login.limited', label: 'Sign-in held back' },
  { value: 'denials.dropped', label: 'Too many denials to record' },
  { value: 'session', label: 'Every session' },
  { value: 'session.created', label: 'Signed in' },
  { value: 'session.deleted', label: 'Signed out' },
  { value: 'session.all-ended', label: 'Signed out elsewhere' },
  { value: 'password.changed', label: 'Own password changed' },
  { value: 'user.created', label: 'User created' },
  { value: 'user.changed', label: 'User changed' },
  { value: 'user.deleted', label: 'User deleted' },
  { value: 'access-token.created', label: 'Access token created' },
  { value: 'access-token.revoked', label: 'Access token revoked' },
  { value: 'access-token.expiring', label: 'Access token expires soon' },
  { value: 'namespace.deleted', label: 'Namespace deleted' },
] as const;

export function eventKindInWords(kind: string): string {
  return eventKinds.find((known) => known.value === kind)?.label ?? kind;
}

function isObject(value: unknown): value is Readonly<Record<string, unknown>> {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

function listInWords(values: readonly unknown[]): string {
  const shown = values.slice(0, 5).map((value) => (isObject(value) ? reasonInWords(value) : String(value)));
  return values.length > shown.length
    ? `${shown.join(', ')} and ${values.length - shown.length} more`
    : shown.join(', ');
}

function reasonInWords(reason: Readonly<Record<string, unknown>>): string {
  const [id, packageName, message] = [
    reason['id'],
    reason['packageName'] ?? reason['package'],
    reason['message'],
  ];
  const change = typeof reason['change'] === 'string' ? `${reason['change'].replace('-', ' ')}: ` : '';
  if (typeof message === 'string') return message;
  if (typeof id === 'string' && typeof packageName === 'string') return `${change}${id} in ${packageName}`;
  return JSON.stringify(reason);
}

function fieldInWords([name, value]: readonly [string, unknown]): string {
  if (Array.isArray(value)) return `${name}: ${listInWords(value)}`;
  return `${name}: ${isObject(value) ? JSON.stringify(value) : String(value)}`;
}

/** What the event says beyond its kind, in one line: the reasons, the ids, what was changed to what. */
export function eventDetailsInWords(event: Pick<AuditEvent, 'details'>): string {
  const { details } = event;
  const [message, reasons, ids, after, findings] = [
    details['message'],
    details['reasons'],
    details['ids'],
    details['after'],
    details['findings'],
  ];
  if (typeof message === 'string') return message;
  if (Array.isArray(reasons)) return listInWords(reasons);
  if (Array.isArray(findings)) return listInWords(findings);
  if (Array.isArray(ids)) return listInWords(ids);
  const told = isObject(after) ? after : details;
  return Object.entries(told).map(fieldInWords).join(', ');
}
