/** Ends a `switch` over a union: compiles only while every member is handled. */
export function assertNever(value: never): never {
  throw new Error(`Unhandled alternative: ${JSON.stringify(value)}`);
}
