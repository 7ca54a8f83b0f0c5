/** The version that fixes; with the name of the source where the package is numbered otherwise than it. */
export function FixedIn({ version, source }: { version: string; source: string | undefined }) {
  return (
    <>
      <span className="pq-mono">{version}</span>
      {source !== undefined && <span className="pq-dim"> of source {source}</span>}
    </>
  );
}
