import { Link } from 'react-router';
import type { ImageDetails } from '../../api/answers.ts';
import { allowlistPath } from '../../parts/allowlist-path.ts';

/** Where a file is in an image, and what a later layer does to it. */
interface FilePlace {
  /** Null: it stands in the config. */
  readonly layer: {
    readonly index: number;
    readonly digest: string;
    readonly createdBy: string | null;
  } | null;
  /** Null: no base is known. */
  readonly fromBase: boolean | null;
  readonly fate: { readonly kind: string; readonly byLayer: number } | null;
}

/** The layer of a file: whoever pulls the image has it, though a later layer hides it. */
export function LayerOfFile({ layer, fromBase, fate }: FilePlace) {
  if (layer === null) return <span className="pq-dim">config</span>;
  return (
    <span className="pq-nowrap" title={layer.createdBy ?? layer.digest}>
      {fromBase === true && <span className="pq-dim">base </span>}
      {layer.index + 1}{' '}
      {fate !== null && (
        <span className="pq-tag">
          {fate.kind} in {fate.byLayer + 1}, still pulled
        </span>
      )}
    </span>
  );
}

export function PathOfFile({ path }: { path: string }) {
  return (
    <span className="pq-mono" title={path}>
      {path}
    </span>
  );
}

/** The name of a finding, and whether the allowlist takes it out of the judgement. */
export function NameOfFinding({
  name,
  title,
  exempted,
}: {
  name: string;
  title: string;
  exempted: { readonly by: string; readonly reason: string } | null;
}) {
  return (
    <span className="pq-nowrap" title={title}>
      {name}{' '}
      {exempted !== null && (
        <span className="pq-tag" title={`${exempted.reason} (${exempted.by})`}>
          allowed
        </span>
      )}
    </span>
  );
}

/** To the allowlist's form, filled in with this finding where it is; nothing where it counts for nobody any more. */
export function AllowFinding({
  image,
  id,
  path,
  exempted,
}: {
  image: ImageDetails;
  /** As the allowlist names it: `secret:<rule>`, `malware:<signature>`. */
  id: string;
  path: string;
  exempted: object | null;
}) {
  if (exempted !== null) return null;
  const { namespace, repository } = image;
  return (
    <Link
      to={allowlistPath(namespace, { ids: [id], repository, path })}
      className="pq-nowrap"
      aria-label={`Allow ${id} in ${path}`}
    >
      Allow…
    </Link>
  );
}
