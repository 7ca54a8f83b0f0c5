import { Link } from 'react-router';
import type { ImageDetails, Reason } from '../../api/answers.ts';
import { isBusy } from '../../api/images.ts';
import { allowlistPath } from '../../parts/allowlist-path.ts';
import { counted } from '../../parts/counted.ts';
import { useSearchState } from '../../parts/use-search-state.ts';
import { NewerBaseLine } from './base-facts.tsx';
import { DoubtRemedy, remedyKindOf } from './doubt-remedy.tsx';

const upgradesMax = 4;

type Upgrade = ImageDetails['upgrades'][number];

function UpgradeLine({ upgrade }: { upgrade: Upgrade }) {
  const { packageName, installedVersion, version, source, clears, clearsHighOrWorse } = upgrade;
  const findings = counted(clears, 'findings');
  return (
    <li>
      Upgrade <strong>{packageName}</strong> {installedVersion} →{' '}
      {source === undefined ? version : `a build of ${source.name} ${version}`}: clears {findings}
      {clearsHighOrWorse > 0 && `, ${clearsHighOrWorse} high or worse`}
    </li>
  );
}

/** How the allowlist names what a reason is about. */
function allowedId(reason: Reason): readonly string[] {
  switch (reason.kind) {
    case 'vulnerability':
      return [reason.id];
    case 'secret':
      return [`secret:${reason.rule}`];
    case 'malware':
      return [`malware:${reason.signature}`];
    case 'state':
      return [];
  }
}

function allowPath(image: ImageDetails): string {
  return allowlistPath(image.namespace, { ids: [...new Set(image.verdict.reasons.flatMap(allowedId))] });
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
  const state = useSearchState();
  const { upgrades, base } = image;
  const { reasons } = image.verdict;
  const hasIds = reasons.some((reason) => reason.kind !== 'state');
  const hasSecrets = reasons.some((reason) => reason.kind === 'secret');
  const hasMalware = reasons.some((reason) => reason.kind === 'malware');
  const isFailed = image.scan.problem !== undefined;
  return (
    <section className="pq-panel" aria-label="What to do">
      <h2>What to do</h2>
      <ul>
        {isFailed && <li>Scan it again when the cause is gone.</li>}
        {hasMalware && (
          <li>
            Do not run it: see <Link to={state.link({ tab: 'malware' })}>what to do about each file</Link>,
            and build without them.
          </li>
        )}
        {hasSecrets && <li>Revoke the secrets where they were issued, and build without them.</li>}
        {isBusy(image) && <li>Wait: this page follows the scan.</li>}
        {base !== null && base.newer !== null && (
          <li>
            <NewerBaseLine base={base} />
          </li>
        )}
        {upgrades.slice(0, upgradesMax).map((upgrade) => (
          <UpgradeLine key={`${upgrade.packageName} ${upgrade.installedVersion}`} upgrade={upgrade} />
        ))}
        {upgrades.length > upgradesMax && (
          <li>and {upgrades.length - upgradesMax} more packages to upgrade</li>
        )}
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
