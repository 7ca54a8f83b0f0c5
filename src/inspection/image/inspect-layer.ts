import type { Readable } from 'node:stream';
import { createHasher } from '../../bytes/digest.ts';
import { defaultInflateLimits, type InflateLimits } from '../../bytes/inflate.ts';
import { defaultTarLimits, type TarLimits } from '../../bytes/tar-entry.ts';
import { aliasesOf, type LayerAliases } from './_layer-aliases.ts';
import { LayerVisitor, wholeFileBytesMax } from './_layer-visitor.ts';
import { hashPath, hasPathHash, joinPathHashes, sharePathHash } from './_path-hashes.ts';
import { readMembers } from './_read-members.ts';
import type { LayerProbe } from './layer-probe.ts';
import type { LayerReport } from './layer-report.ts';

export interface InspectLimits {
  readonly inflate: InflateLimits;
  readonly tar: TarLimits;
  /** Most links in one layer: they are kept, because a path may lead through them. */
  readonly linksMax: number;
}

export const defaultInspectLimits: InspectLimits = {
  inflate: defaultInflateLimits,
  tar: defaultTarLimits,
  linksMax: 200_000,
};

/** Latest instant that a JavaScript date can hold, in milliseconds since 1970. */
const dateMsMax = 8.64e15;

/**
 * Reads a layer once, start to end, and reports what the probe finds in it; nothing is written anywhere. Content that is
 * broken, ambiguous or above a limit gives a report with `incomplete`. Errors of the source and an abort are thrown: they
 * say nothing about the layer. The layer is read a second time only when a wanted file is a link to one that was not.
 */
export async function inspectLayer<Found, Hit = never>(options: {
  readonly open: () => Promise<Readable>;
  readonly probe: LayerProbe<Found, Hit>;
  readonly limits?: InspectLimits;
  readonly signal?: AbortSignal;
  /** Told of the inflated bytes so far, after each piece; those of a second reading are added. */
  readonly onProgress?: (inflatedBytes: number) => void;
}): Promise<LayerReport<Found, Hit>> {
  const { probe, limits = defaultInspectLimits, onProgress } = options;
  const visitor = new LayerVisitor(probe, limits.linksMax);
  const hasher = createHasher('sha256');
  let progressBytes = 0;
  const onRead = (chunk: Buffer): void => {
    progressBytes += chunk.length;
    onProgress?.(progressBytes);
  };
  const reading = { ...options, limits, onRead };
  const pass = await readMembers({ ...reading, visitor, onChunk: (chunk) => hasher.update(chunk) });
  const nonDirectoryHashes = joinPathHashes(visitor.nonDirectoryHashes);
  const directoryHashes = joinPathHashes(visitor.directoryHashes);
  if (pass.error !== undefined) visitor.report(pass.error.code, pass.error.message);
  checkReplacements(visitor, nonDirectoryHashes, directoryHashes);
  const aliases = aliasesOf(visitor, probe, (path) => hasPathHash(nonDirectoryHashes, hashPath(path)));
  if (pass.error === undefined) await readAliases(visitor, aliases, reading);
  return {
    ...(pass.error === undefined && { diffId: hasher.digest() }),
    files: [...visitor.files].map(([path, found]) => ({ path, found })),
    contents: visitor.contents,
    ...(visitor.omittedHitCount > 0 && { omittedHitCount: visitor.omittedHitCount }),
    whiteouts: visitor.whiteouts,
    opaqueDirectories: visitor.opaqueDirectories,
    links: Object.fromEntries(visitor.links),
    unresolvedLinks: aliases.unresolved,
    nonDirectoryHashes,
    directoryHashes,
    entryCount: visitor.entryCount,
    inflatedBytes: pass.inflatedBytes,
    executableCount: visitor.executableCount,
    ...(visitor.entryCount > 0 && {
      newestEntryAt: new Date(Math.min(visitor.newestEntryAtMs, dateMsMax)).toISOString(),
    }),
    ...(visitor.problem !== undefined && { incomplete: visitor.problem }),
  };
}

/** A path that is a file here and a directory there, in one layer, is what its reader's order makes of it. */
function checkReplacements<Found, Hit>(
  visitor: LayerVisitor<Found, Hit>,
  nonDirectoryHashes: string,
  directoryHashes: string,
): void {
  if (sharePathHash(nonDirectoryHashes, directoryHashes)) {
    visitor.report('ambiguous', 'a path is both a directory and none in the same layer');
  }
  const judged = new Map<string, boolean>();
  const isBelowNonDirectory = (path: string): boolean => {
    const slash = path.lastIndexOf('/');
    if (slash < 0) return false;
    const parent = path.slice(0, slash);
    const known = judged.get(parent);
    if (known !== undefined) return known;
    const answer = hasPathHash(nonDirectoryHashes, hashPath(parent)) || isBelowNonDirectory(parent);
    judged.set(parent, answer);
    return answer;
  };
  for (const path of [...visitor.files.keys(), ...visitor.wantedLinks]) {
    if (isBelowNonDirectory(path)) {
      visitor.report('ambiguous', `"${path}" lies below a path that is no directory in the same layer`);
      return;
    }
  }
}

async function readAliases<Found, Hit>(
  visitor: LayerVisitor<Found, Hit>,
  aliases: LayerAliases,
  reading: {
    readonly open: () => Promise<Readable>;
    readonly probe: LayerProbe<Found, Hit>;
    readonly limits: InspectLimits;
    readonly signal?: AbortSignal;
    readonly onRead: (chunk: Buffer) => void;
  },
): Promise<void> {
  for (const message of aliases.problems) visitor.report('link', message);
  if (aliases.byTarget.size === 0) return;
  const sizeBytesMaxOf = (path: string): number =>
    Math.min(...(aliases.byTarget.get(path) ?? []).map((alias) => reading.probe.fileSizeBytesMax(alias)));
  const missing = new Set(aliases.byTarget.keys());
  let target = '';
  const pass = await readMembers({
    ...reading,
    visitor: {
      entry: (entry) => {
        if (entry.type !== 'file' || !aliases.byTarget.has(entry.path)) return 0;
        if (entry.sizeBytes > wholeFileBytesMax(entry, sizeBytesMaxOf(entry.path))) return 0;
        target = entry.path;
        missing.delete(target);
        if (entry.sizeBytes === 0) extractAliases(Buffer.alloc(0));
        return entry.sizeBytes;
      },
      body: extractAliases,
    },
  });
  if (pass.error !== undefined) visitor.report(pass.error.code, pass.error.message);
  for (const path of missing)
    visitor.report('link', `"${path}" could not be read for the links that lead to it`);

  function extractAliases(bytes: Buffer): void {
    for (const path of aliases.byTarget.get(target) ?? []) visitor.extract(path, bytes);
  }
}
