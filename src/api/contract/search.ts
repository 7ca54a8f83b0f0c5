import Type, { type Static } from 'typebox';
import { closed, component } from './component.ts';
import { pageQuery } from './page.ts';
import { SeverityCounts, SeverityName } from './severity.ts';

/** What is typed into a search for packages or a vulnerability. */
export const searchText = Type.String({
  minLength: 1,
  maxLength: 500,
  description:
    'A vulnerability’s id (any alias, any case), a package URL, or a name (its last part or its source package too, or a pattern with *); a name or URL may have @version or a range such as >=1.2, <1.4 behind it',
});

const ecosystem = Type.String({ maxLength: 100, description: 'Only packages of this OSV ecosystem' });
const namespace = Type.String({ maxLength: 255 });

export const SearchQuery = closed({
  q: searchText,
  ecosystem: Type.Optional(ecosystem),
  namespace: Type.Optional(namespace),
});
export type SearchQuery = Static<typeof SearchQuery>;

const isCut = Type.Boolean({ description: 'True: more packages are meant than are looked for' });

/** What a search comes to over everything that the caller may read. */
export const Search = component('Search', {
  kind: Type.Enum(['vulnerability', 'package']),
  vulnerabilities: closed({
    unique: Type.Integer({ description: 'Open ones of the packages found, each counted once' }),
    ids: Type.Array(Type.String(), { description: 'The first 20' }),
  }),
  packages: closed({
    count: Type.Integer(),
    incomparable: Type.Integer({
      description: 'Of the name, but whether they are in the range, or affected, cannot be told',
    }),
  }),
  images: closed({
    holding: Type.Integer({ description: 'Images that hold one of the packages' }),
    affected: Type.Integer({ description: 'Images that hold one with an open vulnerability' }),
  }),
  isCut,
});
export type Search = Static<typeof Search>;

export const PackageQuery = closed({
  ...pageQuery,
  q: searchText,
  ecosystem: Type.Optional(ecosystem),
  namespace: Type.Optional(namespace),
  incomparable: Type.Optional(
    Type.Boolean({
      description: 'True: the packages whose versions cannot be compared, which are not among the others',
    }),
  ),
});
export type PackageQuery = Static<typeof PackageQuery>;

const held = {
  imageCount: Type.Integer({ description: 'Images that hold it' }),
  imageCountIsMinimum: Type.Boolean({ description: 'True: there are, or may be, more' }),
};

/** A distinct package that images hold. */
export const HeldPackage = component('HeldPackage', {
  id: Type.Integer(),
  ecosystem: Type.String(),
  release: Type.String({ description: 'Of the distribution; empty for others' }),
  name: Type.String(),
  version: Type.String(),
  sourceName: Type.String(),
  sourceVersion: Type.String(),
  purl: Type.String({ description: 'Without what only an image tells, such as the architecture' }),
  vulnerabilities: SeverityCounts,
  ...held,
});
export type HeldPackage = Static<typeof HeldPackage>;

export const VulnerabilityQuery = closed({
  ...pageQuery,
  severity: Type.Optional(SeverityName),
  fixable: Type.Optional(Type.Boolean()),
  knownExploited: Type.Optional(Type.Boolean()),
  namespace: Type.Optional(namespace),
  q: Type.Optional(
    Type.String({ maxLength: 255, description: 'Part of an id or of a package’s name, or a whole alias' }),
  ),
});
export type VulnerabilityQuery = Static<typeof VulnerabilityQuery>;

/** An open vulnerability of images that the caller may read: counted once, however many images and packages it affects. */
export const OpenVulnerability = component('OpenVulnerability', {
  id: Type.String(),
  aliases: Type.Array(Type.String()),
  severity: SeverityName,
  knownExploited: Type.Boolean(),
  epss: Type.Union([Type.Number(), Type.Null()]),
  fixable: Type.Boolean({ description: 'A fixed version is known for one of the packages' }),
  undetermined: Type.Boolean({ description: 'No version could be compared: it may or may not affect them' }),
  packageCount: Type.Integer({ description: 'Distinct packages, each version by itself' }),
  packageNames: Type.Array(Type.String(), { description: 'Up to five' }),
  ...held,
});
export type OpenVulnerability = Static<typeof OpenVulnerability>;
