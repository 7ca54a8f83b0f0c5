import type { AffectedPackage } from '../../matching/advisory.ts';
import { rpmOrder } from '../../versions/rpm.ts';
import type { OsvAffected, OsvRecord } from './osv-record.ts';

/** Update notices of rpm distributions: of security, bugs or enhancements. Their `related` CVEs are those that they fix. */
const erratumPattern = /^(?:AL[SBE]A|R[LX][SBE]A|RH[SBE]A|(?:open)?SUSE-[A-Z]{2}|OESA|MGASA|PHSA)-/;
/** Errata that are of security by what they are called. */
const securityPattern = /^(?:ALSA|R[LX]SA|RHSA|(?:open)?SUSE-SU|OESA|MGASA|PHSA)-/;
/** Those whose packages may be of modules (https://github.com/AlmaLinux/osv-database, Rocky Linux, Red Hat). */
const modularErratumPattern = /^(?:AL|R)/;
const almaPattern = /^AL[SBE]A-/;
/** Release of an rpm that was built as part of a module: `2.8.5-11.module_el8.5.0+71+8f3a675d`. */
const modularPattern = /\.module[+_]/;
const streamPattern = /^[A-Za-z0-9_.+-]+:[A-Za-z0-9_.+-]+$/;

/**
 * An erratum in the terms of this schema; any other record as it is.
 *
 * Which stream of a module its packages are of stands in its title only. One of bugs or enhancements that fixes no CVE is
 * about no vulnerability and affects nothing. Several fixed versions of one package are builds of one fix in AlmaLinux: the
 * lowest has it.
 */
export function readErratum(record: OsvRecord): OsvRecord {
  if (!erratumPattern.test(record.id)) return record;
  const upstream = [
    ...new Set([...record.upstream, ...record.related.filter((id) => id.startsWith('CVE-'))]),
  ];
  if (upstream.length === 0 && !securityPattern.test(record.id)) return { ...record, upstream, affected: [] };
  const affected = almaPattern.test(record.id) ? lowestFixes(record.affected) : record.affected;
  const streams = modularErratumPattern.test(record.id) ? streamsOf(record.summary) : [];
  return {
    ...record,
    upstream,
    affected: affected.map((one) =>
      isModular(one.affected) ? { ...one, affected: { ...one.affected, modules: streams } } : one,
    ),
  };
}

function lowestFixes(affected: readonly OsvAffected[]): readonly OsvAffected[] {
  const byPackage = Map.groupBy(affected, ({ ecosystem, release, name, affected: said }) =>
    JSON.stringify([ecosystem, release, name, isModular(said)]),
  );
  return [...byPackage.values()].flatMap((statements) => lowestFix(statements));
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
