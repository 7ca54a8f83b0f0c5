/** How many there are of a list: `12`, `10,000+` where only so many were counted, `about 12,000` where some stand for all. */
export function totalInWords({
  total,
  totalIsEstimate,
  totalIsMinimum,
}: {
  readonly total: number;
  readonly totalIsEstimate?: boolean | undefined;
  readonly totalIsMinimum?: boolean | undefined;
}): string {
  const figure = total.toLocaleString('en');
  if (totalIsMinimum === true) return `${figure}+`;
  return totalIsEstimate === true ? `about ${figure}` : figure;
}
