import { Link } from 'react-router';
import type { ImageDetails } from '../../api/answers.ts';
import { Fact } from '../../parts/fact.tsx';
import { imageName } from '../../parts/image-name.ts';
import { SeverityCounts } from '../../parts/severity-counts.tsx';
import { type SeverityCountsOf, totalOf } from '../../parts/severity-order.ts';
import { useSearchState } from '../../parts/use-search-state.ts';
import './report.css';
import { counted } from '../../parts/counted.ts';

/** Takes every filter away, so that a link leads to exactly the findings that it counts. */
const anyFinding = {
  tab: undefined,
  q: undefined,
  severity: undefined,
  fixable: undefined,
  cursor: undefined,
  page: undefined,
};

type Base = NonNullable<ImageDetails['base']>;

function layersInWords(from: number, to: number): string {
  return from === to ? `layer ${from}` : `layers ${from}–${to}`;
}

function Part({ label, counts, from }: { label: string; counts: SeverityCountsOf; from: 'base' | 'own' }) {
  const state = useSearchState();
  return (
    <Fact label={label}>
      <Link to={state.link({ ...anyFinding, from })}>{counted(totalOf(counts), 'findings')}</Link>{' '}
      <SeverityCounts counts={counts} />
    </Fact>
  );
}

/** The advice as a sentence; it is given only for a newer image of the same release line. */
export function NewerBaseLine({ base }: { base: Base }) {
  const { newer } = base;
  if (newer === null) return null;
  const { clears, clearsHighOrWorse, adds, tag, imageId, digest } = newer;
  const name = `${base.namespace}/${base.repository}:${tag}`;
  return (
    <>
      Rebuild on the newer{' '}
      <Link to={`/images/${imageId}`} title={digest}>
        <strong>{name}</strong>
      </Link>
      : clears {counted(clears, 'findings')}
      {clearsHighOrWorse > 0 && `, ${clearsHighOrWorse} high or worse`}
      {adds > 0 && `; brings ${adds} that this image does not have`}
    </>
  );
}

function Claim({ claim }: { claim: NonNullable<ImageDetails['claimedBase']> }) {
  return (
    <Fact label="Base as its pusher claims">
      <span title="An annotation of the manifest: nobody has verified it, and nothing here goes by it">
        <span className="pq-mono pq-break">{claim.name ?? claim.digest}</span>{' '}
        <span className="pq-tag">not verified</span>
      </span>
    </Fact>
  );
}

/** What the image was built on, and how many of the findings came with that. */
export function BaseFacts({ image }: { image: ImageDetails }) {
  const { base, claimedBase, layers } = image;
  if (base === null && claimedBase === null) return null;
  return (
    <section className="pq-panel pq-facts" aria-label="Base image">
      <dl>
        {base !== null && (
          <>
            <Fact label="Base image">
              <Link to={`/images/${base.imageId}`} title={base.digest}>
                {imageName(base)}
              </Link>
              {base.tags.length === 0 && base.formerTags.length > 0 && (
                <span className="pq-dim"> formerly {base.formerTags.join(', ')}</span>
              )}
            </Fact>
            <Part
              label={`Came with the base, ${layersInWords(1, base.layerCount)}`}
              counts={base.findingCounts}
              from="base"
            />
            <Part
              label={`Its own, ${layersInWords(base.layerCount + 1, layers.length)}`}
              counts={base.ownFindingCounts}
              from="own"
            />
          </>
        )}
        {claimedBase !== null && <Claim claim={claimedBase} />}
      </dl>
      {base !== null && base.newer !== null && (
        <p className="pq-facts-note">
          <NewerBaseLine base={base} />.
        </p>
      )}
    </section>
  );
}
