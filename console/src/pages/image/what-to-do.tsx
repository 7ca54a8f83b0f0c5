import { Link } from 'react-router';
import type { ImageDetails } from '../../api/answers.ts';
import { isBusy, useFindings } from '../../api/images.ts';
import { DoubtRemedy, remedyKindOf } from './doubt-remedy.tsx';
import { type FixAdvice, fixAdviceOf } from './fix-advice.ts';
import { revisionOf } from './revision-of.ts';

const adviceMax = 4;

function AdviceLine({ advice }: { advice: FixAdvice }) {
  const findings = advice.findingCount === 1 ? '1 finding' : `${advice.findingCount} findings`;
  const [first, ...others] = advice.fixedVersions;
  return (
    <li>
      Upgrade <strong>{advice.packageName}</strong> {advice.installedVersion}:{' '}
      {others.length === 0
        ? `${first ?? ''} or later clears ${findings}`
        : `${findings}, fixed in ${advice.fixedVersions.slice(0, 4).join(', ')}${others.length > 3 ? ', …' : ''}`}
    </li>
  );
}

function allowPath(image: ImageDetails): string {
  const reasons = image.verdict.reasons.flatMap((reason) =>
    reason.kind === 'vulnerability' ? [reason.id] : [],
  );
  const ids = [...new Set(reasons)];
  const query = new URLSearchParams({ tab: 'allowlist', ...(ids.length > 0 && { ids: ids.join(', ') }) });
  return `/namespaces/${image.namespace}?${query.toString()}`;
}

/** One line per remedy, however many doubts it is for. */
function Remedies({ image }: { image: ImageDetails }) {
  const kinds = new Set(image.doubts.flatMap((doubt) => remedyKindOf(doubt.code) ?? []));
  return [...kinds].map((kind) => (
    <li key={kind}>
      <DoubtRemedy kind={kind} />
    </li>
  ));
}

/** The upgrades that clear most, what would take doubts away, and the way to accept the risk instead. */
export function WhatToDo({ image }: { image: ImageDetails }) {
  const findings = useFindings({
    id: image.id,
    query: { fixable: true, limit: 200 },
    revision: revisionOf(image),
  });
  const advice = fixAdviceOf(findings.data?.items ?? []);
  const { reasons } = image.verdict;
  const hasIds = reasons.some((reason) => reason.kind === 'vulnerability');
  const isFailed = image.scan.problem !== undefined;
  return (
    <section className="pq-panel" aria-label="What to do">
      <h2>What to do</h2>
      <ul>
        {isFailed && <li>Scan it again when the cause is gone.</li>}
        {isBusy(image) && <li>Wait: this page follows the scan.</li>}
        {advice.slice(0, adviceMax).map((line) => (
          <AdviceLine key={`${line.packageName} ${line.installedVersion}`} advice={line} />
        ))}
        {advice.length > adviceMax && <li>and {advice.length - adviceMax} more packages to upgrade</li>}
        <Remedies image={image} />
        {hasIds && (
          <li>
            Or accept the risk: <Link to={allowPath(image)}>allow these ids</Link> in {image.namespace}.
          </li>
        )}
        {!hasIds && reasons.length > 0 && (
          <li>
            Or change what <Link to={`/namespaces/${image.namespace}?tab=policy`}>the policy</Link> does in
            this state.
          </li>
        )}
      </ul>
    </section>
  );
}
