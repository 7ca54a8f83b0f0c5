import Type, { type Static } from 'typebox';
import { closed, component, Instant } from './component.ts';
import { FixedSource } from './fix-source.ts';
import { pageQuery } from './page.ts';
import { SeverityName } from './severity.ts';

const ChangeName = Type.Enum(['added', 'removed', 'severity-changed', 'became-fixable', 'known-exploited'], {
  description: 'What new advisories, ratings or CISA’s list made different',
});

const ChangedPackage = closed({ ecosystem: Type.String(), name: Type.String(), version: Type.String() });

/** One thing that judging again made different for a distinct package, whatever the number of images that hold it. */
export const FindingChange = component('FindingChange', {
  at: Instant,
  change: ChangeName,
  id: Type.String(),
  aliases: Type.Array(Type.String()),
  package: ChangedPackage,
  severity: SeverityName,
  previousSeverity: Type.Union([SeverityName, Type.Null()]),
  fixedVersion: Type.Union([Type.String(), Type.Null()]),
  fixedSource: Type.Optional(FixedSource),
  firstSeenAt: Instant,
  resolvedAt: Type.Union([Instant, Type.Null()], { description: 'Null: it stands now' }),
});
export type FindingChange = Static<typeof FindingChange>;

/** `since` counts. */
export const FindingChangeQuery = closed({
  ...pageQuery,
  change: Type.Optional(ChangeName),
  since: Type.Optional(Instant),
});
export type FindingChangeQuery = Static<typeof FindingChangeQuery>;

export const ScopeChangeQuery = closed({
  ...FindingChangeQuery.properties,
  namespace: Type.Optional(
    Type.String({ maxLength: 255, description: 'Only of packages that images of this namespace hold' }),
  ),
});

/** What an image had by advisories that do not say so any more. */
export const ResolvedFinding = component('ResolvedFinding', {
  id: Type.String(),
  aliases: Type.Array(Type.String()),
  package: ChangedPackage,
  severity: SeverityName,
  firstSeenAt: Instant,
  resolvedAt: Instant,
});
export type ResolvedFinding = Static<typeof ResolvedFinding>;
