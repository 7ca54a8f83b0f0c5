import type { Reason } from '../policy/verdict.ts';
import type { Difference, DifferenceTally } from './difference.ts';
import { fits } from './finding-filter.ts';
import { changeWords, type Message, type MessageFinding } from './message.ts';
import type { FindingFilter, WebhookKind } from './webhook.ts';

/** A row of the audit log that a webhook asks for. */
export interface NotedEvent {
  readonly id: number;
  readonly at: Date;
  readonly kind: WebhookKind;
  readonly namespace?: string;
  readonly actor: string;
  readonly client?: string;
  readonly subject: string;
  readonly details: Readonly<Record<string, unknown>>;
}

/** What the event says to a webhook; undefined when nothing of it passes the filter. */
export function messageOf(event: NotedEvent, filter: FindingFilter): Message | undefined {
  switch (event.kind) {
    case 'pull.blocked':
    case 'pull.warned':
      return pullMessage(event, filter);
    case 'findings.changed':
      return differenceMessage(event, filter);
    default:
      return { ...frameOf(event), title: plainTitle(event), facts: { actor: event.actor, ...event.details } };
  }
}

/** Deliveries of one webhook with the same key are one in an hour; undefined: each counts. */
export function dedupeKeyOf(event: NotedEvent): string | undefined {
  if (event.kind !== 'pull.blocked' && event.kind !== 'pull.warned') return undefined;
  return JSON.stringify([event.kind, event.details['digest'], event.actor]);
}

function frameOf(event: NotedEvent) {
  return {
    id: `event-${event.id}`,
    kind: event.kind,
    at: event.at.toISOString(),
    ...(event.namespace === undefined ? {} : { namespace: event.namespace }),
    subject: event.subject,
    findings: [],
    findingCount: 0,
    images: [],
    imageCount: 0,
  };
}

function plainTitle({ kind, subject, namespace }: NotedEvent): string {
  switch (kind) {
    case 'quota.exceeded':
      return `A push to ${subject} was refused: the namespace ${namespace ?? ''} is full`;
    case 'blob.damaged':
      return `The stored blob ${subject} is damaged`;
    case 'robot-secret.expiring':
      return `A secret of the robot ${subject} expires soon`;
    case 'access-token.expiring':
      return `An access token of ${subject} expires soon`;
    default:
      return `${kind}: ${subject}`;
  }
}

function pullMessage(event: NotedEvent, filter: FindingFilter): Message | undefined {
  // Written by the gate (gate/pull-events.ts).
  const { reasons, reasonCount, digest, tag, verdict } = event.details as {
    readonly reasons: readonly Reason[];
    readonly reasonCount: number;
    readonly digest: string;
    readonly tag?: string;
    readonly verdict: string;
  };
  const named = reasons.map((reason) => ({ reason, finding: findingOf(reason) }));
  const passing = named.filter(
    ({ finding }) =>
      finding === undefined || fits(filter, { ...finding, fixable: finding.fixedVersion !== undefined }),
  );
  // Of reasons that are not named nobody can say here that none fits.
  if (passing.length === 0 && reasonCount <= reasons.length) return undefined;
  const findings = passing.flatMap(({ finding }) => finding ?? []);
  const states = passing.flatMap(({ reason }) => (reason.kind === 'state' ? reason.message : []));
  const image = `${event.subject.split('@', 1)[0]}${tag === undefined ? '' : `:${tag}`}`;
  const done = event.kind === 'pull.blocked' ? 'was refused' : 'was let through with a warning';
  return {
    ...frameOf(event),
    title: `${event.actor}'s pull of ${image} ${done}`,
    findings,
    findingCount: reasonCount - (reasons.length - findings.length),
    images: [image],
    imageCount: 1,
    facts: {
      repository: event.subject.split('@', 1)[0],
      digest,
      ...(tag === undefined ? {} : { tag }),
      account: event.actor,
      ...(event.client === undefined ? {} : { client: event.client }),
      verdict,
      ...(states.length === 0 ? {} : { states }),
    },
  };
}

/** Undefined for a state, which is no finding. */
function findingOf(reason: Reason): MessageFinding | undefined {
  switch (reason.kind) {
    case 'vulnerability': {
      const { id, severity, packageName, installedVersion, fixedVersion, fixedSource, knownExploited } =
        reason;
      return {
        id,
        severity,
        package: packageName,
        version: installedVersion,
        ...(fixedVersion === undefined ? {} : { fixedVersion }),
        ...(fixedSource === undefined ? {} : { fixedSource }),
        knownExploited,
      };
    }
    case 'secret':
      return { id: reason.rule, severity: reason.severity, package: reason.path, knownExploited: false };
    case 'malware':
      return { id: reason.signature, severity: reason.severity, package: reason.path, knownExploited: false };
    case 'state':
      return undefined;
  }
}

function differenceMessage(event: NotedEvent, filter: FindingFilter): Message | undefined {
  // Written by `FindingDifferences`.
  const { cause, comparedWith, tally, findings, images, imageCount } = event.details as unknown as Difference;
  const fitting = tally.filter((one) => fits(filter, one));
  const findingCount = fitting.reduce((sum, { count }) => sum + count, 0);
  if (findingCount === 0) return undefined;
  return {
    ...frameOf(event),
    title: `${inWords(fitting)} in ${where(event, { images, imageCount })}${because[cause]}`,
    findings: findings.filter((one) => fits(filter, { ...one, fixable: one.fixedVersion !== undefined })),
    findingCount,
    images,
    imageCount,
    facts: { cause, ...(comparedWith === undefined ? {} : { comparedWith }), tally: fitting },
  };
}

const because: Readonly<Record<Difference['cause'], string>> = {
  advisories: ', by new advisories',
  scan: ', by a new scan',
  push: ', by a push',
};

function inWords(tally: readonly DifferenceTally[]): string {
  const parts = Object.entries(changeWords).flatMap(([change, words]) => {
    const own = tally.filter((one) => one.change === change);
    const count = own.reduce((sum, one) => sum + one.count, 0);
    return count === 0 ? [] : `${count} ${words}`;
  });
  return `Vulnerabilities: ${parts.join(', ')}`;
}

function where(
  { namespace, subject }: NotedEvent,
  { images, imageCount }: Pick<Difference, 'images' | 'imageCount'>,
): string {
  if (imageCount === 1) return images[0] ?? subject;
  return `${imageCount} images of ${namespace ?? subject}`;
}
