/** Stands for our own origin while a path is resolved against it. */
const anyOrigin = 'http://console.invalid';

/** A path of this console only: `//elsewhere`, also with tabs or dots in between, would lead away. */
export function safePath(next: string | null): string {
  if (next === null || !next.startsWith('/') || !URL.canParse(next, anyOrigin)) return '/';
  const url = new URL(next, anyOrigin);
  if (url.origin !== anyOrigin || url.pathname.startsWith('//')) return '/';
  return url.pathname + url.search + url.hash;
}
