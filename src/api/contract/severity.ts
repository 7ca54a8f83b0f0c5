import Type, { type Static } from 'typebox';
import { closed, component } from './component.ts';

export const SeverityName = Type.Enum(['critical', 'high', 'medium', 'low', 'negligible', 'unknown']);

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
