import { Link } from 'react-router';
import type { Comparison } from '../../api/answers.ts';
import { byteSize } from '../../parts/byte-size.ts';
import { Fact } from '../../parts/fact.tsx';
import { imageName } from '../../parts/image-name.ts';
import { SeverityCounts } from '../../parts/severity-counts.tsx';
import { type SeverityCountsOf, totalOf } from '../../parts/severity-order.ts';
import { UnsureMark } from '../../parts/unsure-mark.tsx';
import '../image/report.css';

function Counts({ counts }: { counts: SeverityCountsOf }) {
  return totalOf(counts) === 0 ? 'none' : <SeverityCounts counts={counts} />;
}

function sizeChange(before: number, after: number): string {
  if (after === before) return byteSize(after);
  const sign = after > before ? '+' : '−';
  return `${byteSize(after)} (${sign}${byteSize(Math.abs(after - before))})`;
}

function packageChanges({ packages }: Comparison): string {
  const { added, removed, upgraded, downgraded, changed, unchanged } = packages;
  const parts = [
    [upgraded, 'upgraded'],
    [downgraded, 'downgraded'],
    [changed, 'of another version'],
    [added, 'added'],
    [removed, 'removed'],
    [unchanged, 'the same'],
  ] as const;
  return parts.flatMap(([count, word]) => (count === 0 ? [] : [`${count} ${word}`])).join(', ') || 'none';
}

/** What two images have in common besides findings, and why something could not be told. */
export function ComparisonFacts({ comparison }: { comparison: Comparison }) {
  const { image, with: earlier, layers, findings } = comparison;
  const doubts = [image, earlier].filter((one) => one.doubts.length > 0);
  return (
    <section className="pq-panel pq-facts" aria-label="What is different">
      <dl>
        <Fact label="Added">
          <Counts counts={findings.added} />
        </Fact>
        <Fact label="Fixed">
          <Counts counts={findings.fixed} />
        </Fact>
        <Fact label="Size">{sizeChange(earlier.sizeBytes, image.sizeBytes)}</Fact>
        {layers !== null && (
          <Fact label="Layers shared">
            {layers.shared} of {layers.count}
            {layers.shared > 0 && <span className="pq-dim"> ({byteSize(layers.sharedBytes)})</span>}
          </Fact>
        )}
        <Fact label="Packages">{packageChanges(comparison)}</Fact>
      </dl>
      {doubts.map((one) => (
        <p key={one.imageId} className="pq-comparison-doubt">
          <UnsureMark>
            What <Link to={`/images/${one.imageId}`}>{imageName(one)}</Link> has cannot be told in full:{' '}
            {one.doubts.join('; ')}
          </UnsureMark>
        </p>
      ))}
    </section>
  );
}
