/** A count with its noun, given in the plural: `1 vulnerability`, `1,204 images`. */
export function counted(count: number, plural: string): string {
  const noun = count === 1 ? plural.replace(/ies$/, 'y').replace(/s$/, '') : plural;
  return `${count.toLocaleString('en')} ${noun}`;
}
