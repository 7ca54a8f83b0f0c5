const unitBytes: Readonly<Record<string, number>> = {
  '': 1,
  b: 1,
  kib: 2 ** 10,
  mib: 2 ** 20,
  gib: 2 ** 30,
  tib: 2 ** 40,
};

/** `10 GiB` in bytes, whole; undefined for what is no size. */
export function parseByteSize(text: string): number | undefined {
  const [, digits, unit = ''] = /^\s*([0-9]+(?:\.[0-9]+)?)\s*([a-z]*)\s*$/i.exec(text) ?? [];
  const factor = unitBytes[unit.toLowerCase()];
  if (digits === undefined || factor === undefined) return undefined;
  const bytes = Math.round(Number(digits) * factor);
  return Number.isSafeInteger(bytes) ? bytes : undefined;
}
