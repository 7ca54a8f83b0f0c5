import { CopyAction } from './copy-action.tsx';

/** `sha256:3fd1c2…9a4e`: enough at both ends to tell two apart. */
export function shortDigest(digest: string): string {
  const [algorithm, hex] = digest.split(':');
  if (algorithm === undefined || hex === undefined || hex.length < 16) return digest;
  return `${algorithm}:${hex.slice(0, 8)}…${hex.slice(-4)}`;
}

/** A digest cut in the middle, whole on hover, with a button that copies it. */
export function DigestText({ digest }: { digest: string }) {
  return (
    <span className="pq-mono pq-nowrap" title={digest}>
      {shortDigest(digest)} <CopyAction value={digest} label="Copy digest" />
    </span>
  );
}
