import Type, { type Static } from 'typebox';
import { baseProperties } from './base-image.ts';
import { closed, component, Id, Instant } from './component.ts';
import { FixSource } from './fix-source.ts';
import { UsedSignatures } from './malware.ts';
import { pageQuery } from './page.ts';
import { searchText } from './search.ts';
import { SeverityCounts, SeveritySummary } from './severity.ts';
import { Verdict, VerdictKind } from './verdict.ts';

export const ScanStateName = Type.Enum([
  'not-scanned',
  'queued',
  'scanning',
  'scanned',
  'undetermined',
  'incomplete',
  'cancelled',
  'failed',
  'unsupported',
]);

export const Scan = component('Scan', {
  state: ScanStateName,
  problem: Type.Optional(closed({ phase: Type.String(), reason: Type.String(), remedy: Type.String() })),
  progress: closed({
    layersDone: Type.Integer(),
    layersTotal: Type.Integer(),
    layersRead: Type.Integer({ description: 'Layers that were read; the others were known already' }),
  }),
  queuedAt: Type.Optional(Instant),
  startedAt: Type.Optional(Instant),
  finishedAt: Type.Optional(Instant),
});
export type Scan = Static<typeof Scan>;

export const Doubt = component('Doubt', { code: Type.String(), message: Type.String() });

export const Platform = closed({
  os: Type.String(),
  architecture: Type.String(),
  variant: Type.Optional(Type.String()),
});

/** Secrets of an image: the state of their scan, and what the last result has of each severity. */
export const SecretSummary = component('SecretSummary', {
  state: ScanStateName,
  problem: Type.Optional(closed({ phase: Type.String(), reason: Type.String(), remedy: Type.String() })),
  counts: Type.Union([SeverityCounts, Type.Null()], { description: 'Null: never looked for' }),
});

/** Malware of an image: the state of the search, what the last result has of each severity, and what it was made with. */
export const MalwareSummary = component('MalwareSummary', {
  state: ScanStateName,
  problem: Type.Optional(closed({ phase: Type.String(), reason: Type.String(), remedy: Type.String() })),
  counts: Type.Union([SeverityCounts, Type.Null()], { description: 'Null: never looked for' }),
  signatures: Type.Array(UsedSignatures, { description: 'Of the result that stands' }),
  inspectedAt: Type.Union([Instant, Type.Null()]),
});

/** The version of a feed that an image's findings are of. */
const JudgedWith = closed({
  feed: Type.String(),
  version: Type.Integer({ description: '0: the feed was never read' }),
  nextVersion: Type.Union([Type.Integer(), Type.Null()], {
    description: 'A newer version is held, and packages are being matched with it; null: there is none',
  }),
  newestRecordAt: Type.Union([Instant, Type.Null()]),
  confirmedAt: Type.Union([Instant, Type.Null()], {
    description: 'When the version was last known to be what its source has',
  }),
});

const imageProperties = {
  id: Type.Integer(),
  namespace: Type.String(),
  repository: Type.String(),
  tags: Type.Array(Type.String()),
  digest: Type.String(),
  kind: Type.Enum(['image', 'index', 'artifact']),
  mediaType: Type.String(),
  platform: Type.Union([Platform, Type.Null()]),
  sizeBytes: Type.Integer(),
  pushedAt: Instant,
  pushedBy: Type.String(),
  scan: Scan,
  severity: Type.Union([SeveritySummary, Type.Null()], { description: 'Null: never judged' }),
  secrets: SecretSummary,
  malware: MalwareSummary,
  doubts: Type.Array(Doubt),
  verdict: Verdict,
};

/** One manifest in one repository: an image, an index or another artifact. */
export const Image = component('Image', imageProperties);
export type Image = Static<typeof Image>;

/** With build history: `layerIndex` is absent for a command that made no layer. */
export const ImageDetails = component('ImageDetails', {
  ...imageProperties,
  imageId: Type.Union([Type.String(), Type.Null()], { description: 'Digest of the config' }),
  distribution: Type.Union([
    closed({ id: Type.String(), versionId: Type.String(), prettyName: Type.String() }),
    Type.Null(),
  ]),
  createdAt: Type.Union([Type.String(), Type.Null()]),
  inspectedAt: Type.Union([Instant, Type.Null()]),
  packageCount: Type.Union([Type.Integer(), Type.Null()]),
  judgedWith: Type.Array(JudgedWith, {
    description: 'Exactly one version of each feed that findings of its packages come from',
  }),
  ...baseProperties,
  layers: Type.Array(
    closed({
      index: Type.Integer(),
      digest: Type.String(),
      mediaType: Type.String(),
      sizeBytes: Type.Integer(),
      createdBy: Type.Union([Type.String(), Type.Null()]),
    }),
  ),
  history: Type.Array(
    closed({
      createdBy: Type.String(),
      createdAt: Type.Union([Type.String(), Type.Null()]),
      emptyLayer: Type.Boolean(),
      layerIndex: Type.Optional(Type.Integer()),
      findingCounts: SeverityCounts,
    }),
  ),
  children: Type.Array(
    closed({
      imageId: Type.Union([Type.Integer(), Type.Null()], {
        description: 'Null: not stored in this repository',
      }),
      digest: Type.String(),
      mediaType: Type.String(),
      platform: Type.Union([Platform, Type.Null()]),
    }),
    { description: 'Of an index, the first 1,000' },
  ),
  childCount: Type.Optional(
    Type.Integer({ description: 'How many there are, where that is more than are shown' }),
  ),
  upgrades: Type.Array(
    closed({
      ecosystem: Type.String(),
      packageName: Type.String(),
      installedVersion: Type.String(),
      source: Type.Optional(FixSource),
      version: Type.String({
        description:
          'The lowest version that clears all that is counted; of the source, where there is one: the package is numbered otherwise',
      }),
      clears: Type.Integer(),
      clearsHighOrWorse: Type.Integer(),
    }),
    { description: 'One upgrade per package with a fix, the most useful first' },
  ),
  pullCommand: Type.String(),
});
export type ImageDetails = Static<typeof ImageDetails>;

const SearchOutcome = Type.Enum(['found', 'none', 'unknown'], {
  description: 'found: some; none: looked for in all of it; unknown: not looked for, or not in all of it',
});

const filter = {
  namespace: Type.Optional(Type.String({ maxLength: 255 })),
  repository: Type.Optional(Type.String({ maxLength: 255 })),
  q: Type.Optional(
    Type.String({
      maxLength: 255,
      description:
        'Part of a repository or tag, the start of a digest, or a reference as clients write it (`team/app:v3`, `team/app@sha256:…`, with a registry in front or without); of one or two characters, where a word begins with them',
    }),
  ),
  kind: Type.Optional(Type.Enum(['image', 'index', 'artifact'])),
  state: Type.Optional(ScanStateName),
  severity: Type.Optional(
    Type.Enum(['critical', 'high', 'medium', 'low', 'negligible', 'unknown', 'none'], {
      description: 'The highest severity of the image; none: judged and nothing found',
    }),
  ),
  malware: Type.Optional(SearchOutcome),
  secrets: Type.Optional(SearchOutcome),
  verdict: Type.Optional(VerdictKind),
  holds: Type.Optional(searchText),
  ecosystem: Type.Optional(
    Type.String({ maxLength: 100, description: 'With holds: only packages of this OSV ecosystem' }),
  ),
  incomparable: Type.Optional(
    Type.Boolean({ description: 'With holds: the packages whose versions cannot be compared' }),
  ),
};

export const ImageFilter = component('ImageFilter', filter);
export type ImageFilter = Static<typeof ImageFilter>;

export const ImageQuery = closed({
  ...pageQuery,
  ...filter,
  sort: Type.Optional(
    Type.Enum(
      ['-pushedAt', 'pushedAt', '-severity', 'severity', 'repository', '-repository', 'size', '-size'],
      {
        default: '-pushedAt',
      },
    ),
  ),
});
export type ImageQuery = Static<typeof ImageQuery>;

export const ImageParams = closed({ id: Id });
