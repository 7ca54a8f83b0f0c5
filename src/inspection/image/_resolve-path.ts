/** Links followed on the way to one file (threats.md §1.9). */
const linkHopsMax = 40;

/** Target of the symbolic link at the path, as written, or undefined when there is none. */
export type LinkLookup = (path: string) => string | undefined;

/**
 * Where the path leads inside the root when links are followed, the last component included unless `parentOnly`;
 * `..` above the root stays there. Undefined for a loop.
 */
export function resolvePath(
  path: string,
  linkAt: LinkLookup,
  options: { readonly parentOnly?: boolean } = {},
): string | undefined {
  const waiting = path.split('/').reverse();
  const resolved: string[] = [];
  let hops = 0;
  for (let component = waiting.pop(); component !== undefined; component = waiting.pop()) {
    if (component === '' || component === '.') continue;
    if (component === '..') {
      resolved.pop();
      continue;
    }
    resolved.push(component);
    if (waiting.length === 0 && options.parentOnly === true) break;
    const target = linkAt(resolved.join('/'));
    if (target === undefined) continue;
    hops += 1;
    if (hops > linkHopsMax) return undefined;
    resolved.pop();
    if (target.startsWith('/')) resolved.length = 0;
    waiting.push(...target.split('/').reverse());
  }
  return resolved.join('/');
}
