import { CopyAction } from './copy-action.tsx';

/** `sha256:3fd1c2…9a4e`: enough at both ends to tell two apart. */
export function shortDigest(digest: string): string {
  const [algorithm, hex] = digest.split(':');
  if (algorithm === undefined || hex === undefined || hex.length < 16) return digest;
  return `${algorithm}:${hex.slice(0, 8)}…${hex.slice(-4)}`;
}

/** A digest cut in the middle, whole on hover, with a button that copies it; `bare` leaves the algorithm out. */
export function DigestText({ digest, bare = false }: { digest: string; bare?: boolean }) {
  const short = shortDigest(digest);
  return (
    <span className="pq-mono pq-nowrap" title={digest}>
      {bare ? short.replace(/^sha256:/, '') : short} <CopyAction value={digest} label="Copy digest" />
    </span>
  );
}
