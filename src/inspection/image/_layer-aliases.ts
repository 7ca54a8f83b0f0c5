import type { LayerVisitor } from './_layer-visitor.ts';
import { resolvePath } from './_resolve-path.ts';
import type { LayerProbe } from './layer-probe.ts';

export interface LayerAliases {
  /** Files of this layer that must be read once more, with the wanted paths that lead to each. */
  readonly byTarget: ReadonlyMap<string, readonly string[]>;
  /** Wanted symbolic links, and paths below such ones, whose target is not in this layer. */
  readonly unresolved: readonly string[];
  readonly problems: readonly string[];
}

/**
 * Follows the links of one layer from every wanted path. A hard link to a file that was read shares what was found in it
 * at once; a symbolic link to such a file needs nothing, because it is found under its own path.
 */
export function aliasesOf<Found, Hit>(
  visitor: LayerVisitor<Found, Hit>,
  probe: Pick<LayerProbe<Found, Hit>, 'knownPaths' | 'belowLink'>,
  isNonDirectory: (path: string) => boolean,
): LayerAliases {
  const byTarget = new Map<string, string[]>();
  const unresolved: string[] = [];
  const problems: string[] = [];
  const readAgain = (target: string, path: string): void => {
    byTarget.set(target, [...(byTarget.get(target) ?? []), path]);
  };
  const linked = linkedPaths(visitor, probe, isNonDirectory);
  for (const link of linked.unknown)
    problems.push(`"${link}" leads to a folder in which packages may have any name`);
  const expected = new Set([...visitor.wantedLinks, ...linked.paths]);
  for (const path of new Set([...expected, ...(probe.knownPaths ?? [])])) {
    if (visitor.files.has(path)) continue;
    const place = follow(visitor, path);
    if (place === undefined) {
      problems.push(`"${path}" leads round in links`);
      continue;
    }
    if (place === path) continue;
    const found = visitor.files.get(place);
    const isHardLink = visitor.hardLinks.has(path);
    if (found !== undefined && found.length > 0) {
      if (isHardLink) visitor.files.set(path, found);
    } else if (isNonDirectory(place)) {
      readAgain(place, path);
    } else if (isHardLink) {
      problems.push(`"${path}" is a hard link to "${place}", which the layer does not hold`);
    } else if (expected.has(path)) {
      unresolved.push(path);
    }
  }
  return { byTarget, unresolved, problems };
}

/** What is wanted below the symbolic links of the layer, and not below the folders that they lead to. */
function linkedPaths<Found, Hit>(
  visitor: LayerVisitor<Found, Hit>,
  probe: Pick<LayerProbe<Found, Hit>, 'belowLink'>,
  isNonDirectory: (path: string) => boolean,
): { readonly paths: readonly string[]; readonly unknown: readonly string[] } {
  const paths: string[] = [];
  const unknown: string[] = [];
  for (const link of visitor.links.keys()) {
    const folder = probe.belowLink?.(link);
    const place = folder === undefined ? undefined : follow(visitor, link);
    if (folder === undefined || place === undefined || folder.isWantedAt(place)) continue;
    if (folder.paths !== 'unknown') paths.push(...folder.paths);
    else if (!isNonDirectory(place)) unknown.push(link);
  }
  return { paths, unknown };
}

/** Where the path leads through symbolic and hard links; undefined for a loop. */
function follow<Found, Hit>(visitor: LayerVisitor<Found, Hit>, path: string): string | undefined {
  const seen = new Set<string>();
  let place: string | undefined = path;
  while (place !== undefined && !seen.has(place)) {
    seen.add(place);
    const resolved = resolvePath(place, (link) => visitor.links.get(link));
    if (resolved === undefined) return undefined;
    const target = visitor.hardLinks.get(resolved);
    if (target === undefined) return resolved;
    place = target;
  }
  return undefined;
}
