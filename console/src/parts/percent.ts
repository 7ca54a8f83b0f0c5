/** A probability 0–1 as `12.3%`; next to zero and to one it keeps a digit, so that it never looks certain. */
export function percent(probability: number): string {
  const value = probability * 100;
  if (value > 0 && value < 0.1) return '<0.1%';
  if (value >= 99 && value < 100) return `${(Math.floor(value * 10) / 10).toFixed(1)}%`;
  return `${value.toFixed(value < 10 ? 1 : 0)}%`;
}
