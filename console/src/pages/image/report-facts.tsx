import { useFeedWasRead } from '../../api/advisories.ts';
import type { ImageDetails } from '../../api/answers.ts';
import { byteSize } from '../../parts/byte-size.ts';
import { DigestText } from '../../parts/digest-text.tsx';
import { Fact } from '../../parts/fact.tsx';
import { RelativeTime } from '../../parts/relative-time.tsx';
import { ScanState } from '../../parts/scan-state.tsx';
import { SeverityBar } from '../../parts/severity-bar.tsx';
import { countsInWords, totalOf } from '../../parts/severity-order.ts';
import { UnsureMark } from '../../parts/unsure-mark.tsx';
import './report.css';

function KnownExploitedCount({ count }: { count: number }) {
  const wasRead = useFeedWasRead('KEV');
  if (count === 0 && wasRead === false) return <UnsureMark>KEV never read</UnsureMark>;
  return <>{count}</>;
}

/** The figures of a report in one strip. */
export function ReportFacts({ image }: { image: ImageDetails }) {
  const { severity } = image;
  const found = severity === null ? 0 : totalOf(severity);
  return (
    <section className="pq-panel pq-facts" aria-label="Summary">
      {severity !== null && found > 0 && (
        <div className="pq-facts-bar">
          <SeverityBar counts={severity} />
          <span>{countsInWords(severity)}</span>
        </div>
      )}
      <dl>
        <Fact label="Scan">
          <ScanState image={image} />
        </Fact>
        {severity !== null && found > 0 && (
          <>
            <Fact label="Have a fix">
              {severity.fixable} of {found}
            </Fact>
            <Fact label="Known exploited">
              <KnownExploitedCount count={severity.knownExploited} />
            </Fact>
          </>
        )}
        <Fact label="System">
          {image.distribution?.prettyName ?? <span className="pq-dim">unknown</span>}
        </Fact>
        {image.platform !== null && (
          <Fact label="Platform">
            {image.platform.os}/{image.platform.architecture}
          </Fact>
        )}
        <Fact label="Size">{byteSize(image.sizeBytes)}</Fact>
        <Fact label="Digest">
          <DigestText digest={image.digest} />
        </Fact>
        <Fact label="Pushed">
          <RelativeTime at={image.pushedAt} /> <span className="pq-dim">by {image.pushedBy}</span>
        </Fact>
      </dl>
    </section>
  );
}
