const unitBytes = { '': 1, KiB: 2 ** 10, MiB: 2 ** 20, GiB: 2 ** 30, TiB: 2 ** 40 } as const;

/** What a size as text must look like. */
export const byteSizePattern = '^[0-9]{1,15}(KiB|MiB|GiB|TiB)?$';
export const byteSizeMust = 'a whole number of bytes, KiB, MiB, GiB or TiB, such as 10GiB';

/** Undefined for what is no size, or too large to be counted exactly. */
export function parseByteSize(text: string): number | undefined {
  if (!new RegExp(byteSizePattern).test(text)) return undefined;
  const [, digits = '', unit = ''] = /^([0-9]+)(.*)$/.exec(text) ?? [];
  const sizeBytes = Number(digits) * (unitBytes[unit as keyof typeof unitBytes] ?? Number.NaN); // one of the pattern's
  return Number.isSafeInteger(sizeBytes) ? sizeBytes : undefined;
}
