import { Link } from 'react-router';
import type { ImageDetails, Reason } from '../../api/answers.ts';
import { findingKey } from '../../parts/finding-key.ts';
import { FixedIn } from '../../parts/fixed-in.tsx';
import { Note } from '../../parts/note.tsx';
import { SeverityMark } from '../../parts/severity-mark.tsx';
import { useSearchState } from '../../parts/use-search-state.ts';
import { WhatToDo } from './what-to-do.tsx';
import './report.css';
import { counted } from '../../parts/counted.ts';

function ReasonLine({ reason }: { reason: Reason }) {
  const state = useSearchState();
  if (reason.kind === 'state') return <li>{reason.message}</li>;
  if (reason.kind === 'secret') {
    return (
      <li className="pq-reason">
        <SeverityMark severity={reason.severity} />
        <span>
          <Link to={state.link({ tab: 'secrets' })}>{reason.title}</Link> in {reason.path} line {reason.line}
          {reason.count > 1 && ` and ${reason.count - 1} more there`}
        </span>
      </li>
    );
  }
  if (reason.kind === 'malware') {
    return (
      <li className="pq-reason">
        <SeverityMark severity={reason.severity} />
        <span>
          <Link to={state.link({ tab: 'malware' })}>{reason.signature}</Link> ({reason.type}, found by{' '}
          {reason.engine}) in {reason.path} of layer {reason.layerIndex + 1}
          {reason.count > 1 && ` and ${reason.count - 1} more`}
        </span>
      </li>
    );
  }
  const key = findingKey({ id: reason.id, package: { name: reason.packageName } });
  return (
    <li className="pq-reason">
      <SeverityMark severity={reason.severity} />
      <span>
        <Link to={state.link({ finding: key })}>{reason.id}</Link> in {reason.packageName}{' '}
        {reason.installedVersion}
        {reason.fixedVersion === undefined ? (
          ', no fix known'
        ) : (
          <>
            , fixed in <FixedIn version={reason.fixedVersion} source={reason.fixedSource} />
          </>
        )}{' '}
        {reason.knownExploited && (
          <span className="pq-tag" data-tone="exploited">
            known exploited
          </span>
        )}
      </span>
    </li>
  );
}

function Doubts({ image }: { image: ImageDetails }) {
  if (image.doubts.length === 0) return null;
  return (
    <Note tone="unsure" title="What could not be told">
      {image.doubts.map((doubt) => (
        <p key={`${doubt.code} ${doubt.message}`} data-doubt={doubt.code}>
          {doubt.message}.
        </p>
      ))}
    </Note>
  );
}

function Problem({ image }: { image: ImageDetails }) {
  const { problem, state } = image.scan;
  if (problem === undefined) return null;
  return (
    <Note tone={state === 'failed' ? 'error' : 'unsure'} title={problem.reason}>
      <p>
        {problem.remedy}. <span className="pq-dim">The scan stopped at the step {problem.phase}.</span>
      </p>
    </Note>
  );
}

const titles = {
  block: 'Refused because of',
  warn: 'Warned of',
  hold: 'Held because of',
  allow: 'Allowed',
} as const;

function reasonKey(reason: Reason): string {
  switch (reason.kind) {
    case 'state':
      return reason.message;
    case 'secret':
      return `${reason.rule} ${reason.path}`;
    case 'malware':
      return `${reason.engine} ${reason.signature} ${reason.path}`;
    case 'vulnerability':
      return `${reason.id} ${reason.packageName}`;
  }
}

/** Reasons of the policy; one that only repeats a doubt or a problem shown above is left out. */
function Reasons({ image }: { image: ImageDetails }) {
  const { verdict } = image;
  const isTold = image.doubts.length > 0 || image.scan.problem !== undefined;
  const reasons = verdict.reasons.filter((reason) => reason.kind !== 'state' || !isTold);
  const more = verdict.reasonCount - verdict.reasons.length;
  if (reasons.length === 0) return null;
  return (
    <section className="pq-panel" aria-label="Reasons">
      <h2>{titles[verdict.kind]}</h2>
      <ul>
        {reasons.map((reason) => (
          <ReasonLine key={reasonKey(reason)} reason={reason} />
        ))}
        {more > 0 && <li>and {counted(more, 'more reasons')}</li>}
      </ul>
    </section>
  );
}

/** Why the verdict is what it is, what could not be told, and what would change it. */
export function ReportReasons({ image }: { image: ImageDetails }) {
  const { verdict, doubts, scan } = image;
  const hasSomething = verdict.reasons.length > 0 || doubts.length > 0 || scan.problem !== undefined;
  return (
    <>
      {hasSomething && (
        <div className="pq-why">
          <div className="pq-why-reasons">
            <Reasons image={image} />
            <Problem image={image} />
            <Doubts image={image} />
          </div>
          <WhatToDo image={image} />
        </div>
      )}
      {verdict.exempted > 0 && (
        <p className="pq-dim">
          {verdict.exempted === 1 ? '1 finding does' : `${verdict.exempted} findings do`} not count:{' '}
          <Link to={`/namespaces/${image.namespace}?tab=allowlist`}>allowlist</Link>.
        </p>
      )}
    </>
  );
}
