import Type, { type Static } from 'typebox';
import { closed, component } from './component.ts';

export const SeverityName = Type.Enum(['critical', 'high', 'medium', 'low', 'negligible', 'unknown']);

/** Who rates: `vendor` is the distribution, `ecosystem` GHSA and the like. */
export const SourceName = Type.Enum(['vendor', 'ecosystem', 'cvss-v4', 'cvss-v3', 'cvss-v2']);

const SeverityChoice = Type.Enum(['vendor', 'ecosystem', 'cvss-v4', 'cvss-v3', 'cvss-v2', 'highest']);

/** Whose rating of a vulnerability counts first; a source that is left out never counts. */
export const SeverityOrder = Type.Array(SeverityChoice, {
  minItems: 1,
  maxItems: 6,
  uniqueItems: true,
  description:
    'Whose rating of a vulnerability counts first; a source that is left out never counts. `highest`: whichever rates it worst',
});

export const severityCounts = {
  critical: Type.Integer(),
  high: Type.Integer(),
  medium: Type.Integer(),
  low: Type.Integer(),
  negligible: Type.Integer(),
  unknown: Type.Integer(),
};

export const SeverityCounts = closed(severityCounts);
export type SeverityCounts = Static<typeof SeverityCounts>;

/** Counts of an image's vulnerabilities; `highest` is null when there is none. */
export const SeveritySummary = component('SeveritySummary', {
  highest: Type.Union([SeverityName, Type.Null()]),
  ...severityCounts,
  fixable: Type.Integer(),
  knownExploited: Type.Integer(),
});
export type SeveritySummary = Static<typeof SeveritySummary>;
