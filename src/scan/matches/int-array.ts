/** An array of integers as PostgreSQL reads it: `pg` looks at each of many thousands for what it might have to escape. */
export function intArray(integers: readonly number[]): string {
  return `{${integers.join(',')}}`;
}
