const zero = '0'.charCodeAt(0);

/** `{1,20,300}`, as PostgreSQL writes an array of ids: `pg` takes twenty times as long to make numbers of its elements. */
export function parseIds(text: string): number[] {
  const ids: number[] = [];
  let id = 0;
  let isBegun = false;
  for (let index = 0; index < text.length; index += 1) {
    const digit = text.charCodeAt(index) - zero;
    if (digit >= 0 && digit <= 9) {
      id = id * 10 + digit;
      isBegun = true;
    } else if (isBegun) {
      ids.push(id);
      id = 0;
      isBegun = false;
    }
  }
  return ids;
}
