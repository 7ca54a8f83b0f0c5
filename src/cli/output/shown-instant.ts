/** To the minute, in UTC. */
export function shownInstant(at: Date | undefined): string {
  return at?.toISOString().slice(0, 16) ?? 'never';
}
