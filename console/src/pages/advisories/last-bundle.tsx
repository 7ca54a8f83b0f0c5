import type { AdvisoryBundle } from '../../api/answers.ts';
import { Fact } from '../../parts/fact.tsx';
import { RelativeTime } from '../../parts/relative-time.tsx';
import { UnsureMark } from '../../parts/unsure-mark.tsx';

/** The signed file or artifact that advisories were last taken over from, and whether all of it was. */
export function LastBundle({ bundle }: { bundle: AdvisoryBundle }) {
  const { version, createdAt, acceptedAt, importedAt, signedBy, source } = bundle;
  return (
    <section className="pq-panel pq-facts" aria-label="Last bundle">
      <dl>
        <Fact label="Last bundle">Version {version}</Fact>
        <Fact label="Made">
          <RelativeTime at={createdAt} />
        </Fact>
        <Fact label="Imported">
          {importedAt === null ? (
            <UnsureMark>
              Not to its end; begun <RelativeTime at={acceptedAt} />
            </UnsureMark>
          ) : (
            <RelativeTime at={importedAt} />
          )}
        </Fact>
        <Fact label="Signed by">
          {signedBy === null ? (
            <UnsureMark>Not known: it was accepted without a signature</UnsureMark>
          ) : (
            <span className="pq-mono pq-break">{signedBy}</span>
          )}
        </Fact>
        <Fact label="From">
          <span className="pq-mono pq-break">{source}</span>
        </Fact>
      </dl>
    </section>
  );
}
