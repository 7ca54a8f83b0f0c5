import type { AffectedPackage } from '../matching/advisory.ts';
import { rpmOrder } from '../versions/rpm.ts';
import type { OsvAffected, OsvRecord } from './osv-record.ts';

/** Errata of AlmaLinux: of security, of bugs, of enhancements (https://github.com/AlmaLinux/osv-database). */
const erratumPattern = /^AL[SBE]A-/;
/** Release of an rpm that was built as part of a module: `2.8.5-11.module_el8.5.0+71+8f3a675d`. */
const modularPattern = /\.module[+_]/;
const streamPattern = /^[A-Za-z0-9_.+-]+:[A-Za-z0-9_.+-]+$/;

/**
 * An erratum in the terms of this schema; any other record as it is.
 *
 * Its `related` CVEs are those that it fixes. One of bugs or enhancements that fixes none is about no vulnerability and
 * affects nothing. Which stream of a module its packages are of stands in its title only. Several fixed versions of one
 * package are builds of one fix: the lowest has it.
 */
export function readErratum(record: OsvRecord): OsvRecord {
  if (!erratumPattern.test(record.id)) return record;
  const upstream = [
    ...new Set([...record.upstream, ...record.related.filter((id) => id.startsWith('CVE-'))]),
  ];
  if (upstream.length === 0 && !record.id.startsWith('ALSA-')) return { ...record, upstream, affected: [] };
  const streams = streamsOf(record.summary);
  const byPackage = Map.groupBy(record.affected, ({ ecosystem, release, name, affected }) =>
    JSON.stringify([ecosystem, release, name, isModular(affected)]),
  );
  const affected = [...byPackage.values()].flatMap((statements) => lowestFix(statements));
  return {
    ...record,
    upstream,
    affected: affected.map((one) =>
      isModular(one.affected) ? { ...one, affected: { ...one.affected, modules: streams } } : one,
    ),
  };
}

/** `Moderate: virt:rhel and virt-devel:rhel security update` */
function streamsOf(title: string): readonly string[] {
  return title
    .replace(/^[A-Za-z]+: /, '')
    .split(/[\s,]+/)
    .filter((word) => streamPattern.test(word));
}

function isModular({ ranges, versions }: AffectedPackage): boolean {
  const events = ranges.flatMap((range) => range.events.flatMap((event) => Object.values(event)));
  return [...events, ...versions].some((version) => modularPattern.test(version));
}

/** All statements as they are, where one of them says more than from when on a package is fixed. */
function lowestFix(statements: readonly OsvAffected[]): readonly OsvAffected[] {
  const [first, ...others] = statements;
  if (first === undefined || others.length === 0) return statements;
  let lowest = { statement: first, fixed: fixOf(first) };
  for (const statement of others) {
    const fixed = fixOf(statement);
    if (fixed === undefined || lowest.fixed === undefined) return statements;
    const comparison = rpmOrder.compare(fixed, lowest.fixed);
    if (comparison === 'undetermined') return statements;
    if (comparison === 'less') lowest = { statement, fixed };
  }
  return [lowest.statement];
}

/** The only fixed version, of a statement that everything before it is affected. */
function fixOf({ affected: { ranges, versions } }: OsvAffected): string | undefined {
  const [range, ...others] = ranges;
  const [introduced, fixed, ...more] = range?.events ?? [];
  const isPlain = others.length === 0 && versions.length === 0 && more.length === 0;
  return isPlain && introduced?.introduced === '0' ? fixed?.fixed : undefined;
}
