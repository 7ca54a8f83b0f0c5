import type { LayerVisitor } from './_layer-visitor.ts';
import { resolvePath } from './_resolve-path.ts';

export interface LayerAliases {
  /** Files of this layer that must be read once more, with the wanted paths that lead to each. */
  readonly byTarget: ReadonlyMap<string, readonly string[]>;
  /** Wanted symbolic links whose target is not in this layer. */
  readonly unresolved: readonly string[];
  readonly problems: readonly string[];
}

/**
 * Follows the links of one layer from every wanted path. A hard link to a file that was read shares what was found in it
 * at once; a symbolic link to such a file needs nothing, because it is found under its own path.
 */
export function aliasesOf<Found, Hit>(
  visitor: LayerVisitor<Found, Hit>,
  knownPaths: readonly string[],
  isNonDirectory: (path: string) => boolean,
): LayerAliases {
  const byTarget = new Map<string, string[]>();
  const unresolved: string[] = [];
  const problems: string[] = [];
  const readAgain = (target: string, path: string): void => {
    byTarget.set(target, [...(byTarget.get(target) ?? []), path]);
  };
  for (const path of new Set([...visitor.wantedLinks, ...knownPaths])) {
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
    } else if (visitor.wantedLinks.has(path)) {
      unresolved.push(path);
    }
  }
  return { byTarget, unresolved, problems };
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
