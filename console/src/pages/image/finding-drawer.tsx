import { Drawer, Skeleton } from '@mantine/core';
import { Link } from 'react-router';
import { useVulnerability } from '../../api/advisories.ts';
import type { Finding, ImageDetails } from '../../api/answers.ts';
import { useFindings } from '../../api/images.ts';
import { useMayAllow } from '../../api/namespaces.ts';
import { allowlistPath } from '../../parts/allowlist-path.ts';
import { ErrorNote } from '../../parts/error-note.tsx';
import { parseFindingKey } from '../../parts/finding-key.ts';
import { given } from '../../parts/given.ts';
import { Note } from '../../parts/note.tsx';
import { SeverityMark } from '../../parts/severity-mark.tsx';
import { sourceWords } from '../../parts/severity-sources.ts';
import { useSearchState } from '../../parts/use-search-state.ts';
import { VulnerabilityFacts } from '../vulnerability/vulnerability-facts.tsx';
import { readableCommand } from './build-history-tab.tsx';
import { FixedVersion } from './fixed-version.tsx';
import { MatchReasons } from './match-reasons.tsx';
import { revisionOf } from './revision-of.ts';
import './report.css';

/** Who decided, and what the others say. */
function SeverityReasons({ finding }: { finding: Finding }) {
  const { severity, severitySource, ratings } = finding;
  const others = ratings.filter(({ source }) => source !== severitySource);
  return (
    <>
      {severity}
      {severitySource !== null && `, by ${sourceWords[severitySource]}`}
      {severity === 'unknown' && ': no source that counts in this namespace rates it'}
      {others.length > 0 && (
        <div className="pq-dim">
          Others: {others.map((one) => `${sourceWords[one.source]} ${one.severity}`).join(', ')}
        </div>
      )}
    </>
  );
}

function InThisImage({ findings }: { findings: readonly Finding[] }) {
  const [first] = findings;
  if (first === undefined) return null;
  return (
    <section className="pq-drawer-section" aria-label="In this image">
      <dl className="pq-drawer-list">
        <div>
          <dt>Package</dt>
          <dd>
            {first.package.name} <span className="pq-mono">{first.package.version}</span>{' '}
            <span className="pq-dim">{first.package.ecosystem}</span>
          </dd>
        </div>
        <div>
          <dt>Severity</dt>
          <dd>
            <SeverityReasons finding={first} />
          </dd>
        </div>
        <div>
          <dt>Fixed in</dt>
          <dd>
            <FixedVersion finding={first} />
          </dd>
        </div>
        <div>
          <dt>Why it matched</dt>
          <dd>
            <MatchReasons finding={first} />
          </dd>
        </div>
        {findings.map(({ place, fromBase }) => (
          <div key={`${place.layerIndex} ${place.path}`}>
            <dt>
              Where: layer {place.layerIndex + 1}
              {fromBase === true && ', which came with the base image'}
              {fromBase === false && ', one of its own'}
            </dt>
            <dd>
              <span className="pq-mono">{place.path}</span>
              {place.createdBy !== null && (
                <div className="pq-mono pq-dim">{readableCommand(place.createdBy)}</div>
              )}
            </dd>
          </div>
        ))}
      </dl>
    </section>
  );
}

function Allowed({ finding }: { finding: Finding | undefined }) {
  if (finding === undefined || finding.exempted === null) return null;
  const { by, reason, expiresAt } = finding.exempted;
  return (
    <section className="pq-drawer-section">
      <Note tone="plain" title="Allowed: it does not count">
        <p>
          {reason} <span className="pq-dim">({by}</span>
          <span className="pq-dim">{expiresAt === null ? ')' : `, until ${expiresAt.slice(0, 10)})`}</span>
        </p>
      </Note>
    </section>
  );
}

/** To the allowlist's form, filled in with this finding, for who may send it. */
function AcceptRisk({ image, finding }: { image: ImageDetails; finding: Finding | undefined }) {
  const mayAllow = useMayAllow(image.namespace);
  if (!mayAllow || finding === undefined || finding.exempted !== null) return null;
  const { namespace, repository } = image;
  const entry = { ids: [finding.id], repository, package: finding.package.name };
  return (
    <p>
      Or accept the risk: <Link to={allowlistPath(namespace, entry)}>allow {finding.id} here</Link>.
    </p>
  );
}

interface Opened {
  readonly image: ImageDetails;
  readonly id: string;
  readonly packageName: string | undefined;
}

/** The finding at each of its places in the image; none where it is gone, undefined while it is on the way. */
function useOpened({ image, id, packageName }: Opened): readonly Finding[] | undefined {
  const { data } = useFindings({
    id: image.id,
    query: given({ q: id, package: packageName, limit: 200, explained: true }),
    revision: revisionOf(image),
  });
  const found = data?.items.filter((finding) => finding.id === id);
  const name = packageName ?? found?.[0]?.package.name;
  return found?.filter((finding) => finding.package.name === name);
}

function DrawerBody(opened: Opened) {
  const { image, id } = opened;
  const here = useOpened(opened);
  const vulnerability = useVulnerability(id);
  return (
    <>
      {here?.length === 0 && (
        <section className="pq-drawer-section">
          <Note tone="plain" title="This image does not have this finding (any more)">
            <p>A new scan or a changed advisory may have taken it away.</p>
          </Note>
        </section>
      )}
      {here !== undefined && <Allowed finding={here[0]} />}
      {here === undefined ? <Skeleton height={120} mb="md" radius={2} /> : <InThisImage findings={here} />}
      <AcceptRisk image={image} finding={here?.[0]} />
      {vulnerability.data !== undefined && (
        <VulnerabilityFacts vulnerability={vulnerability.data} severitySource={here?.[0]?.severitySource} />
      )}
      {vulnerability.data === undefined && vulnerability.error === null && (
        <Skeleton height={240} radius={2} />
      )}
      {vulnerability.error !== null && <ErrorNote error={vulnerability.error} />}
      {vulnerability.data !== undefined && (
        <p>
          <Link to={`/vulnerabilities/${encodeURIComponent(id)}`}>
            All images with {id} ({vulnerability.data.imageCount})
          </Link>
        </p>
      )}
    </>
  );
}

function DrawerTitle(opened: Opened) {
  const { id } = opened;
  const vulnerability = useVulnerability(id);
  const severity = useOpened(opened)?.[0]?.severity ?? vulnerability.data?.severity;
  return (
    <span style={{ display: 'inline-flex', gap: 14, alignItems: 'center', fontSize: 18, fontWeight: 600 }}>
      {id}
      {severity !== undefined && (
        <span style={{ fontSize: 13 }}>
          <SeverityMark severity={severity} />
        </span>
      )}
    </span>
  );
}

/** One finding in full, beside the list; open while the address says `finding=…`. */
export function FindingDrawer({ image }: { image: ImageDetails }) {
  const state = useSearchState();
  const key = state.get('finding');
  const { id, packageName } = parseFindingKey(key ?? '');
  return (
    <Drawer
      opened={key !== undefined}
      onClose={() => state.set({ finding: undefined }, { keepPage: true })}
      position="right"
      size={620}
      overlayProps={{ backgroundOpacity: 0.25 }}
      transitionProps={{ duration: 120 }}
      title={key === undefined ? '' : <DrawerTitle image={image} id={id} packageName={packageName} />}
      closeButtonProps={{ 'aria-label': 'Close finding' }}
    >
      {key !== undefined && <DrawerBody image={image} id={id} packageName={packageName} />}
    </Drawer>
  );
}
