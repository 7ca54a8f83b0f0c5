import Type, { type Static } from 'typebox';
import { closed, component } from './component.ts';
import { FixedSource } from './fix-source.ts';
import { ScanStateName } from './image.ts';
import { pageQuery } from './page.ts';
import { SeverityCounts, SeverityName } from './severity.ts';

const ComparedImage = component('ComparedImage', {
  imageId: Type.Integer(),
  namespace: Type.String(),
  repository: Type.String(),
  tags: Type.Array(Type.String()),
  digest: Type.String(),
  sizeBytes: Type.Integer(),
  state: ScanStateName,
  doubts: Type.Array(Type.String(), {
    description: 'Why it cannot be told what it had or has, where the other image tells; empty: it can',
  }),
});

/** How an image differs from an earlier one. */
export const Comparison = component('Comparison', {
  image: ComparedImage,
  with: ComparedImage,
  findings: closed({
    added: SeverityCounts,
    fixed: SeverityCounts,
    unchanged: SeverityCounts,
    undecided: SeverityCounts,
  }),
  packages: closed({
    added: Type.Integer(),
    removed: Type.Integer(),
    upgraded: Type.Integer(),
    downgraded: Type.Integer(),
    changed: Type.Integer({ description: 'Other versions, of which nobody can tell which is the newer' }),
    unchanged: Type.Integer(),
  }),
  layers: Type.Union(
    [
      closed({
        count: Type.Integer(),
        countWith: Type.Integer({ description: 'Of the earlier image' }),
        shared: Type.Integer(),
        sharedBytes: Type.Integer(),
      }),
      Type.Null(),
    ],
    { description: 'Null: one of them is an index' },
  ),
});
export type Comparison = Static<typeof Comparison>;

const withImage = Type.Optional(
  Type.Integer({
    minimum: 1,
    maximum: Number.MAX_SAFE_INTEGER,
    description:
      'Id of the earlier image, of any repository that the caller may read; absent: the one pushed to the same repository before',
  }),
);

export const ComparisonQuery = closed({ with: withImage });

export const ComparedFinding = component('ComparedFinding', {
  change: Type.Enum(['added', 'fixed', 'unchanged', 'undecided'], {
    description:
      'undecided: of one of the images it cannot be told, as it was not read whole or a version could not be compared',
  }),
  id: Type.String(),
  aliases: Type.Array(Type.String()),
  severity: SeverityName,
  ecosystem: Type.String(),
  package: Type.String(),
  version: Type.String({ description: 'Of the image itself where it has the finding' }),
  versionBefore: Type.Union([Type.String(), Type.Null()], {
    description: 'Of the earlier image, where both have the finding',
  }),
  fixedVersion: Type.Union([Type.String(), Type.Null()]),
  fixedSource: Type.Optional(FixedSource),
  knownExploited: Type.Boolean(),
  undetermined: Type.Boolean(),
});
export type ComparedFinding = Static<typeof ComparedFinding>;

export const ComparedFindingQuery = closed({
  ...pageQuery,
  with: withImage,
  change: Type.Optional(ComparedFinding.properties.change),
  severity: Type.Optional(SeverityName),
  q: Type.Optional(Type.String({ maxLength: 255, description: 'Part of an id, an alias or a package name' })),
});
export type ComparedFindingQuery = Static<typeof ComparedFindingQuery>;

export const ComparedPackage = component('ComparedPackage', {
  change: Type.Enum(['added', 'removed', 'upgraded', 'downgraded', 'changed']),
  ecosystem: Type.String(),
  name: Type.String(),
  before: Type.Array(Type.String(), { description: 'Versions that only the earlier image holds' }),
  after: Type.Array(Type.String(), { description: 'Versions that only the image itself holds' }),
});
export type ComparedPackage = Static<typeof ComparedPackage>;

export const ComparedPackageQuery = closed({
  ...pageQuery,
  with: withImage,
  change: Type.Optional(ComparedPackage.properties.change),
  q: Type.Optional(Type.String({ maxLength: 255, description: 'Part of a name' })),
});
export type ComparedPackageQuery = Static<typeof ComparedPackageQuery>;
