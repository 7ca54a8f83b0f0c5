const tagLengthMax = 128;

/** Tag names near `tag`, best first, for whoever found it taken: `v1` → `v1-2`, `v1-3`, …; `v1-2` → `v1-3`, …. */
export function freeTagNames(tag: string, count: number): readonly string[] {
  const numbered = /^(?<stem>.+)-(?<number>\d{1,6})$/.exec(tag);
  const stem = numbered?.groups?.['stem'] ?? tag;
  const first = Number(numbered?.groups?.['number'] ?? 1) + 1;
  return Array.from({ length: count }, (_, index) => {
    const suffix = `-${first + index}`;
    return `${stem.slice(0, tagLengthMax - suffix.length)}${suffix}`;
  });
}
