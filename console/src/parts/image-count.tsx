/** How many images; `1,000+` where they were not counted to the end. */
export function ImageCount({ count, isMinimum }: { count: number; isMinimum: boolean }) {
  return (
    <span title={isMinimum ? 'At least so many: open it for the exact number' : undefined}>
      {count.toLocaleString('en')}
      {isMinimum && '+'}
    </span>
  );
}
