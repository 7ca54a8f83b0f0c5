/** Stands in a cell that has nothing to say. */
export function Dash() {
  return <span className="pq-dim">—</span>;
}
