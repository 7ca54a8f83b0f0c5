/** Signal flag Q: "my vessel is healthy and I request free pratique". */
export function BrandMark() {
  return (
    <svg viewBox="0 0 20 20" aria-hidden="true">
      <rect x="1" y="1" width="2" height="18" fill="currentColor" />
      <rect x="3" y="2" width="15" height="11" fill="var(--pq-flag)" stroke="currentColor" strokeWidth="1" />
    </svg>
  );
}
