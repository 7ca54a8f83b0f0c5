import Type, { type Static } from 'typebox';
import { FromBase } from './base-image.ts';
import { closed, component, Instant } from './component.ts';
import { Exempted } from './file-finding.ts';
import { FixSource } from './fix-source.ts';
import { pageQuery } from './page.ts';
import { SeverityName, SourceName } from './severity.ts';
import { ExploitationDates } from './vulnerability.ts';

const Place = closed({
  layerIndex: Type.Integer(),
  layerDigest: Type.String(),
  path: Type.String(),
  createdBy: Type.Union([Type.String(), Type.Null()]),
});

const RangeEventText = closed({
  introduced: Type.Optional(Type.String()),
  fixed: Type.Optional(Type.String()),
  last_affected: Type.Optional(Type.String()),
  limit: Type.Optional(Type.String()),
});

/** One statement of an advisory that made a finding. */
export const MatchEvidence = component('MatchEvidence', {
  record: Type.String(),
  ecosystem: Type.String({ description: 'As the record writes it: `Debian:12`, `Ubuntu:Pro:18.04:LTS`' }),
  packageName: Type.String({
    description: 'As the record names it: of the source package where it speaks of those',
  }),
  installedVersion: Type.String({ description: 'What was compared with the versions of the record' }),
  range: Type.Union([Type.Array(RangeEventText), Type.Null()], {
    description: 'The range that the version lies in; with a doubt, what the record says',
  }),
  listedVersion: Type.Union([Type.String(), Type.Null()], {
    description: 'The version of the record’s list that the installed one equals',
  }),
  doubt: Type.Union([Type.String(), Type.Null()], {
    description: 'Why it cannot be told whether the package is affected',
  }),
});
export type MatchEvidence = Static<typeof MatchEvidence>;

/** Vulnerability × package × place. */
export const Finding = component('Finding', {
  kind: Type.Literal('vulnerability'),
  id: Type.String(),
  aliases: Type.Array(Type.String()),
  severity: SeverityName,
  severitySource: Type.Union([SourceName, Type.Null()], {
    description:
      'Whose rating is shown; null: no source of the namespace’s order rates it, or it was matched by an older version',
  }),
  ratings: Type.Array(closed({ source: SourceName, severity: SeverityName }), {
    description:
      'What each source says, the worst of it; getVulnerability has every rating with score and vector',
  }),
  package: closed({
    ecosystem: Type.String(),
    name: Type.String(),
    version: Type.String(),
    purl: Type.String(),
    source: Type.Optional(FixSource),
  }),
  place: Place,
  fromBase: FromBase,
  fixedVersion: Type.Union([Type.String(), Type.Null()]),
  fixState: Type.Enum(['fixed', 'not-fixed', 'wont-fix', 'end-of-life']),
  knownExploited: Type.Boolean(),
  exploitation: Type.Union([ExploitationDates, Type.Null()], {
    description: 'CISA’s entry; null: it lists none',
  }),
  epss: Type.Union([Type.Number(), Type.Null()]),
  epssOn: Type.Union([Type.String(), Type.Null()], {
    description: 'The day of the EPSS scores that are held',
  }),
  risk: Type.Number({
    description:
      'Weight of the severity (critical 10, high 8, medium 5, low 2, negligible 1; unknown: as the policy takes it) × EPSS (without one 0.028, the mean)',
  }),
  firstSeenAt: Instant,
  record: Type.String({ description: 'The advisory that matched' }),
  matched: Type.Union([Type.Array(MatchEvidence), Type.Null()], {
    description:
      'What made the finding, by the advisories as they are now; null: `explained` was not asked for',
  }),
  informational: Type.Union([Type.String(), Type.Null()], {
    description:
      'RustSec’s word where the record warns of something else than a sure flaw: unmaintained, unsound, notice',
  }),
  undetermined: Type.Boolean({
    description: 'The version could not be compared: it may or may not be affected',
  }),
  exempted: Exempted,
  url: Type.String({ description: 'Public page of the vulnerability' }),
});
export type Finding = Static<typeof Finding>;

export const FindingQuery = closed({
  ...pageQuery,
  severity: Type.Optional(SeverityName),
  fixable: Type.Optional(Type.Boolean()),
  exempted: Type.Optional(Type.Boolean()),
  fromBase: Type.Optional(
    Type.Boolean({
      description: 'Only what came with the base image, or only what did not; nothing when no base is known',
    }),
  ),
  q: Type.Optional(Type.String({ maxLength: 255, description: 'Part of an id, an alias or a package name' })),
  package: Type.Optional(Type.String({ maxLength: 255 })),
  explained: Type.Optional(
    Type.Boolean({ description: 'With the statements of advisories that made each finding' }),
  ),
  sort: Type.Optional(
    Type.Enum(
      [
        '-risk',
        'risk',
        '-severity',
        'severity',
        'id',
        '-id',
        'package',
        '-package',
        'epss',
        '-epss',
        'layer',
        '-layer',
      ],
      {
        default: '-risk',
        description: '-risk: what CISA lists as exploited, then by `risk`',
      },
    ),
  ),
});
export type FindingQuery = Static<typeof FindingQuery>;

/** A package of an image with its place. */
export const ImagePackage = component('ImagePackage', {
  ecosystem: Type.String(),
  name: Type.String(),
  version: Type.String(),
  purl: Type.String(),
  sourceName: Type.String(),
  sourceVersion: Type.String(),
  place: Place,
  ownedByDistribution: Type.Boolean(),
});
export type ImagePackage = Static<typeof ImagePackage>;

export const ImagePackageQuery = closed({ ...pageQuery, q: Type.Optional(Type.String({ maxLength: 255 })) });
