import type { Finding } from '../../api/answers.ts';

type Evidence = NonNullable<Finding['matched']>[number];
type RangeEvent = NonNullable<Evidence['range']>[number];

/** `from 1.2.0, fixed in 1.2.5; from 2.0.0, fixed in 2.0.3` */
function rangeInWords(events: readonly RangeEvent[]): string {
  return events
    .map(({ introduced, fixed, last_affected: last, limit }, index) => {
      const joint = index === 0 ? '' : introduced === undefined ? ', ' : '; ';
      if (introduced !== undefined)
        return joint + (introduced === '0' ? 'all versions' : `from ${introduced}`);
      if (fixed !== undefined) return `${joint}fixed in ${fixed}`;
      return joint + (last === undefined ? `below ${limit}` : `up to ${last}`);
    })
    .join('');
}

function Statement({ evidence }: { evidence: Evidence }) {
  const { record, ecosystem, packageName, installedVersion, range, listedVersion, doubt } = evidence;
  return (
    <div>
      {record} of {ecosystem}: <span className="pq-mono">{packageName}</span>,{' '}
      {listedVersion === null ? rangeInWords(range ?? []) : `version ${listedVersion} is listed`}
      <div className="pq-dim">
        Compared: <span className="pq-mono">{installedVersion}</span>
        {doubt !== null && `. It may or may not be affected: ${doubt}`}
      </div>
    </div>
  );
}

/** Which advisories made the finding, and by which of their words. */
export function MatchReasons({ finding }: { finding: Finding }) {
  const { record, undetermined, package: installed, matched } = finding;
  if (matched !== null && matched.length > 0) {
    return matched.map((evidence) => <Statement key={JSON.stringify(evidence)} evidence={evidence} />);
  }
  return undetermined
    ? `Record ${record} names this package, but the version could not be compared: it may or may not be affected`
    : `Record ${record} says that this version of ${installed.name} is affected`;
}
