/** `value` without the properties that are undefined: an absent filter is not the same as an empty one. */
export function given<Value extends object>(
  value: Value,
): { [Key in keyof Value]?: Exclude<Value[Key], undefined> } {
  const kept = Object.entries(value).filter(([, part]) => part !== undefined);
  // The entries are the value's own; only undefined ones are gone.
  return Object.fromEntries(kept) as { [Key in keyof Value]?: Exclude<Value[Key], undefined> };
}
