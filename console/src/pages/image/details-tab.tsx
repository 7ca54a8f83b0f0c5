import type { ReactNode } from 'react';
import type { ImageDetails } from '../../api/answers.ts';
import { byteSize } from '../../parts/byte-size.ts';
import { CommandLine } from '../../parts/command-line.tsx';
import { RelativeTime } from '../../parts/relative-time.tsx';
import { UnsureMark } from '../../parts/unsure-mark.tsx';
import { TagList } from './tag-list.tsx';
import './details-tab.css';

function Row({ label, children }: { label: string; children: ReactNode }) {
  return (
    <tr>
      <th scope="row">{label}</th>
      <td>{children}</td>
    </tr>
  );
}

function Mono({ children }: { children: ReactNode }) {
  return <span className="pq-mono pq-break">{children}</span>;
}

/** The versions of the feeds that the findings are of. */
function JudgedWith({ feeds }: { feeds: ImageDetails['judgedWith'] }) {
  if (feeds.length === 0) return <>—</>;
  return (
    <ul className="pq-plain-list" aria-label="Judged with">
      {feeds.map(({ feed, version, nextVersion, confirmedAt }) => (
        <li key={feed}>
          {feed}{' '}
          {confirmedAt === null ? (
            <UnsureMark>never read</UnsureMark>
          ) : (
            <>
              version {version} of <RelativeTime at={confirmedAt} />
              {nextVersion !== null && ` · version ${nextVersion} is being followed`}
            </>
          )}
        </li>
      ))}
    </ul>
  );
}

/** Everything that is known of the image itself. */
export function DetailsTab({ image }: { image: ImageDetails }) {
  const { progress } = image.scan;
  return (
    <section className="pq-panel pq-details" aria-label="Details">
      <CommandLine command={image.pullCommand} />
      <table>
        <tbody>
          <Row label="Repository">
            {image.namespace}/{image.repository}
          </Row>
          <Row label="Tags">
            <TagList image={image} />
          </Row>
          <Row label="Digest">
            <Mono>{image.digest}</Mono>
          </Row>
          <Row label="Image ID">{image.imageId === null ? '—' : <Mono>{image.imageId}</Mono>}</Row>
          <Row label="Media type">
            <Mono>{image.mediaType}</Mono>
          </Row>
          <Row label="System">{image.distribution?.prettyName ?? 'unknown'}</Row>
          <Row label="Created">{image.createdAt === null ? '—' : <RelativeTime at={image.createdAt} />}</Row>
          <Row label="Pushed">
            <RelativeTime at={image.pushedAt} /> by {image.pushedBy}
          </Row>
          <Row label="Inspected">
            <RelativeTime at={image.inspectedAt} />
          </Row>
          <Row label="Judged with">
            <JudgedWith feeds={image.judgedWith} />
          </Row>
          <Row label="Last scan">
            <RelativeTime at={image.scan.finishedAt} />
            {progress.layersTotal > 0 &&
              ` · read ${progress.layersRead} of ${progress.layersTotal} layers, the others were known already`}
          </Row>
          {image.layers.map((layer) => (
            <Row key={layer.index} label={`Layer ${layer.index + 1}`}>
              <Mono>{layer.digest}</Mono> <span className="pq-dim">{byteSize(layer.sizeBytes)}</span>
            </Row>
          ))}
        </tbody>
      </table>
    </section>
  );
}
