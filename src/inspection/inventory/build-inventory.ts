import type { Distribution } from '../../report/distribution.ts';
import type { PackagePlace, PlacedPackage } from '../../report/package.ts';
import type { Doubt } from '../../report/scan-state.ts';
import { DatabaseHistory, type LayerFiles } from './_database-history.ts';
import { inventoryDoubts } from './_inventory-doubts.ts';
import { supersededLocks } from './_superseded-locks.ts';
import type { Found, FoundPackage } from './found.ts';
import { detectDistribution } from './os/distribution.ts';
import { familyOf } from './os/families.ts';
import { ecosystemOf, isLanguageManager } from './package-managers.ts';
import type { FoundArchive } from './published-archives.ts';

/** The merged files of an image that extractors wanted, as `mergeLayers()` gives them. */
export interface InventoryView {
  readonly files: readonly {
    readonly path: string;
    readonly layerIndex: number;
    readonly found: readonly Found[];
  }[];
  /** Programs in the image: with them, an absent package database means "could not tell". */
  readonly executableCount: number;
  /** Newest modification time of an entry, ISO 8601. */
  readonly newestEntryAt?: string | undefined;
}

export interface InventoryRequest {
  readonly view: InventoryView;
  /** The image's layers, bottom first. */
  readonly layers: readonly { readonly digest: string; readonly createdBy?: string | undefined }[];
  /**
   * The layers' own files, bottom first: a package of a database that several layers rewrote is placed in the layer that
   * installed it. Without them it is placed in the last layer that wrote the database.
   */
  readonly reports?: readonly LayerFiles[];
  readonly now: Date;
}

export interface Inventory {
  /** Absent when no release file names one. */
  readonly distribution?: Distribution;
  readonly packages: readonly PlacedPackage[];
  /** Java archives among the packages, which a table of published ones may know better (`nameArchives()`). */
  readonly archives?: readonly FoundArchive[];
  /** Reasons that lie in the image itself, and nowhere else, why nothing found may not mean nothing there. */
  readonly doubts: readonly Doubt[];
  /** Newest build time of the distribution's packages; where none is recorded, newest time of a file. Never after `now`. */
  readonly newestAt?: Date;
}

/** A package with the file that names it. */
interface LocatedPackage {
  readonly found: FoundPackage;
  readonly path: string;
  readonly layerIndex: number;
  /** All for which the databases have it. */
  readonly architectures: Set<string>;
}

/** More than any system installs one package for. */
const architecturesMax = 16;

/** What is installed in an image, where, and what about it could not be told. */
export function buildInventory(request: InventoryRequest): Inventory {
  const { view, layers, reports = [], now } = request;
  // By path, so that etc/os-release comes before usr/lib/os-release, as os-release(5) says.
  const files = [...view.files].sort((a, b) => (a.path < b.path ? -1 : 1));
  const all = files.flatMap(({ found }) => found);
  const releases = all.filter((found) => found.kind === 'release');
  const distribution = detectDistribution(releases);
  const located = locatePackages(view);
  const owned = ownedFilesOf(request);
  const history = new DatabaseHistory(reports);
  const packages = located.map(
    (item): PlacedPackage => ({
      package: {
        ...identityOf(item.found, distribution),
        name: item.found.name,
        version: item.found.version,
        sourceName: item.found.sourceName,
        sourceVersion: item.found.sourceVersion,
        module: item.found.module ?? '',
      },
      place: placeOf(item, layers, history),
      ownedByDistribution:
        isLanguageManager(item.found.manager) && owned.has(fileKey(item.layerIndex, item.path)),
      ...(item.architectures.size === 0 ? {} : { architectures: [...item.architectures] }),
      ...(item.found.license === undefined ? {} : { license: item.found.license }),
    }),
  );
  const archives = located.flatMap(({ found: { sha1, isGuessed = false } }, index) =>
    sha1 === undefined ? [] : [{ index, sha1, isGuessed }],
  );
  const managers = new Set(located.map(({ found }) => found.manager));
  const doubts = inventoryDoubts({ all, releases, distribution, managers, view });
  const newestAt = newestTime(located, view, now);
  return {
    ...(distribution === undefined ? {} : { distribution }),
    packages,
    ...(archives.length === 0 ? {} : { archives }),
    doubts,
    ...(newestAt === undefined ? {} : { newestAt }),
  };
}

/** Each package of each file once: dpkg and rpm list one per architecture, and two paths may lead to one database. */
function locatePackages(view: InventoryView): LocatedPackage[] {
  const all = view.files.flatMap(({ path, layerIndex, found: items }) =>
    items.flatMap((found) => (found.kind === 'package' ? [{ found, path, layerIndex }] : [])),
  );
  const isSuperseded = supersededLocks(all);
  const byKey = new Map<string, LocatedPackage>();
  for (const item of all) {
    const { manager, name, version, sourceName, sourceVersion, module = '', innerPath = '' } = item.found;
    if (isSuperseded(item)) continue;
    const where = isLanguageManager(manager) ? [item.path, innerPath] : [];
    const key = JSON.stringify([manager, name, version, sourceName, sourceVersion, module, ...where]);
    const located = byKey.get(key) ?? { ...item, architectures: new Set() };
    byKey.set(key, located);
    const { architecture } = item.found;
    if (architecture !== undefined && located.architectures.size < architecturesMax)
      located.architectures.add(architecture);
  }
  return [...byKey.values()];
}

/**
 * Files that the distribution's package manager wrote, by layer and path: those that a database or file list of the same
 * layer names. What another layer put in their place (`npm install -g npm`) is not the distribution's.
 */
function ownedFilesOf({ view, reports }: InventoryRequest): ReadonlySet<string> {
  const files =
    reports?.flatMap((report, layerIndex) => report.files.map(({ found }) => ({ layerIndex, found }))) ??
    view.files;
  const merged = mergedFolders(reports ?? []);
  const owned = new Set<string>();
  for (const { layerIndex, found } of files) {
    for (const item of found) {
      if (item.kind !== 'owned-path') continue;
      owned.add(fileKey(layerIndex, item.path));
      const folder = item.path.slice(0, item.path.indexOf('/'));
      if (merged.has(folder)) owned.add(fileKey(layerIndex, `usr/${item.path}`));
    }
  }
  return owned;
}

/** Folders of the root that are links to their like in `usr`: packages name `/bin/x` what then lies in `usr/bin`. */
function mergedFolders(reports: readonly LayerFiles[]): ReadonlySet<string> {
  const links = reports.flatMap((report) => Object.entries(report.links ?? {}));
  return new Set(
    links.flatMap(([path, target]) =>
      !path.includes('/') && target.replace(/^(?:\.?\/)+/, '') === `usr/${path}` ? [path] : [],
    ),
  );
}

function fileKey(layerIndex: number, path: string): string {
  return `${layerIndex} ${path}`;
}

/** Packages of a distribution that we do not know get the purl type as ecosystem, for which there are no advisories. */
function identityOf(
  { manager }: FoundPackage,
  distribution: Distribution | undefined,
): { readonly ecosystem: string; readonly release: string } {
  if (isLanguageManager(manager)) return { ecosystem: ecosystemOf(manager), release: '' };
  const family = distribution === undefined ? undefined : familyOf(distribution.id);
  if (distribution === undefined || family?.manager !== manager) {
    return { ecosystem: ecosystemOf(manager), release: '' };
  }
  return { ecosystem: family.ecosystem, release: distribution.release ?? distribution.versionId };
}

function placeOf(
  item: LocatedPackage,
  layers: InventoryRequest['layers'],
  history: DatabaseHistory,
): PackagePlace {
  const layerIndex = history.firstLayerOf(item.found, item);
  const layer = layers[layerIndex];
  return {
    layerDigest: layer?.digest ?? '',
    layerIndex,
    path: item.found.innerPath === undefined ? item.path : `${item.path} > ${item.found.innerPath}`,
    ...(layer?.createdBy === undefined ? {} : { createdBy: layer.createdBy }),
  };
}

function newestTime(located: readonly LocatedPackage[], view: InventoryView, now: Date): Date | undefined {
  const system = located.filter(({ found }) => !isLanguageManager(found.manager));
  const built = system.flatMap(({ found }) =>
    found.builtAt === undefined ? [] : [Date.parse(found.builtAt)],
  );
  const entry = view.newestEntryAt === undefined ? [] : [Date.parse(view.newestEntryAt)];
  const times = (built.length > 0 ? built : entry).filter((time) => time <= now.getTime());
  const newest = times.reduce((latest, time) => Math.max(latest, time), Number.NEGATIVE_INFINITY);
  return Number.isFinite(newest) ? new Date(newest) : undefined;
}
