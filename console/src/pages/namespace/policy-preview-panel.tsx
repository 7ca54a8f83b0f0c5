import { Skeleton } from '@mantine/core';
import { Link } from 'react-router';
import type { Policy, PolicyPreview } from '../../api/answers.ts';
import { usePolicyPreview } from '../../api/namespaces.ts';
import { shortDigest } from '../../parts/digest-text.tsx';
import { ErrorNote } from '../../parts/error-note.tsx';
import { UnsureMark } from '../../parts/unsure-mark.tsx';
import './policy.css';
import { counted } from '../../parts/counted.ts';

function Figures({ preview }: { preview: PolicyPreview }) {
  const images = counted(preview.images, 'images');
  return (
    <>
      <p className="pq-preview-figure" role="status">
        {preview.images === 0
          ? 'There are no images to judge yet'
          : `Would refuse ${preview.blocked} of ${images}`}
      </p>
      {preview.images > 0 && (
        <p className="pq-dim" style={{ margin: 0 }}>
          Would warn of {preview.warned}
        </p>
      )}
      {preview.undetermined > 0 && (
        <p style={{ margin: '6px 0 0' }}>
          <UnsureMark>{preview.undetermined} not judged, or not in full</UnsureMark>
        </p>
      )}
    </>
  );
}

function Examples({ preview }: { preview: PolicyPreview }) {
  if (preview.examples.length === 0) return null;
  return (
    <ul>
      {preview.examples.slice(0, 8).map((example) => (
        <li key={example.imageId}>
          <Link to={`/images/${example.imageId}`} className="pq-break">
            {example.repository}
            {example.tags[0] === undefined ? `@${shortDigest(example.digest)}` : `:${example.tags[0]}`}
          </Link>
          <span className="pq-preview-reasons pq-break">
            {example.reasons.slice(0, 2).join('; ')}
            {example.reasons.length > 2 && ` and ${example.reasons.length - 2} more`}
          </span>
        </li>
      ))}
    </ul>
  );
}

/** What the edited policy would do to the images that are here now. */
export function PolicyPreviewPanel({ namespace, policy }: { namespace: string; policy: Policy }) {
  const preview = usePolicyPreview({ namespace, policy });
  return (
    <aside className="pq-panel pq-preview" aria-label="Policy preview">
      {preview.data === undefined && preview.error === null && (
        <Skeleton height={26} width={240} radius={2} />
      )}
      {preview.error !== null && <ErrorNote error={preview.error} />}
      {preview.data !== undefined && (
        <>
          <Figures preview={preview.data} />
          <Examples preview={preview.data} />
        </>
      )}
    </aside>
  );
}
