import { Link } from 'react-router';
import type { ImageDetails } from '../../api/answers.ts';
import { useFindings } from '../../api/images.ts';
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
  const ids = image.verdict.reasons.flatMap((reason) => (reason.kind === 'vulnerability' ? [reason.id] : []));
  const query = new URLSearchParams({ tab: 'allowlist', ...(ids.length > 0 && { ids: ids.join(', ') }) });
  return `/namespaces/${image.namespace}?${query.toString()}`;
}

/** The upgrades that clear most, and the way to accept the risk instead. */
export function WhatToDo({ image }: { image: ImageDetails }) {
  const findings = useFindings({
    id: image.id,
    query: { fixable: true, limit: 200 },
    revision: revisionOf(image),
  });
  const advice = fixAdviceOf(findings.data?.items ?? []);
  const onlyStates = image.verdict.reasons.every((reason) => reason.kind === 'state');
  return (
    <section className="pq-panel" aria-label="What to do">
      <h2>What to do</h2>
      <ul>
        {onlyStates && (
          <li>
            Scan it again, or change what{' '}
            <Link to={`/namespaces/${image.namespace}?tab=policy`}>the policy</Link> does in this state.
          </li>
        )}
        {advice.slice(0, adviceMax).map((line) => (
          <AdviceLine key={`${line.packageName} ${line.installedVersion}`} advice={line} />
        ))}
        {advice.length > adviceMax && <li>and {advice.length - adviceMax} more packages to upgrade</li>}
        {!onlyStates && (
          <li>
            Or accept the risk: <Link to={allowPath(image)}>allow these ids</Link> in {image.namespace}.
          </li>
        )}
      </ul>
    </section>
  );
}
