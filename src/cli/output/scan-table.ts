import { styleText } from 'node:util';
import type { ScannedFinding, TargetReport } from '../../app/administration/scan-target.ts';
import { fixInWords } from '../../report/fix-source.ts';
import { formatTable } from './format-table.ts';
import { printable } from './printable.ts';

type Style = Parameters<typeof styleText>[0];

const styles: Readonly<Record<ScannedFinding['severity'], Style>> = {
  critical: ['bold', 'red'],
  high: 'red',
  medium: 'yellow',
  low: 'blue',
  negligible: 'dim',
  unknown: 'magenta',
};

const severities = ['critical', 'high', 'medium', 'low', 'negligible', 'unknown'] as const;
const secretHeadings = ['SEVERITY', 'RULE', 'VALUE', 'WHERE', 'LAYER'];
const malwareHeadings = ['SEVERITY', 'SIGNATURE', 'TYPE', 'ENGINE', 'WHERE', 'LAYER'];
const headings = ['SEVERITY', 'ID', 'PACKAGE', 'INSTALLED', 'FIXED IN', 'WHERE'];

/** A scan for people: what it is, whether it could be told, the findings, the counts. */
export function scanTable(report: TargetReport, options: { readonly colour: boolean }): string {
  const paint = (style: Style, text: string) => (options.colour ? styleText(style, text) : text);
  const { image, facts, counts, packages } = report;
  const { state, problem } = facts.states.vulnerabilities;
  const system = image.distribution?.prettyName ?? 'no known distribution';
  const lines = [
    printable(
      `${image.platform.os}/${image.platform.architecture}, ${system}, ${packages.length} packages: ${state}`,
    ),
  ];
  if (problem !== undefined) lines.push(paint('magenta', printable(`${problem.reason}. ${problem.remedy}`)));
  for (const { message } of facts.doubts)
    lines.push(paint('magenta', printable(`Could not tell: ${message}`)));
  if (report.malware.length > 0) lines.push('', ...malwareLines(report.malware, paint), '');
  if (report.base !== undefined) lines.push(baseLine(report.base, report.findings));
  if (report.findings.length > 0) lines.push('', ...findingLines(report, paint), '');
  if (report.secrets.length > 0) lines.push('', ...secretLines(report.secrets, paint), '');
  const { secrets, malware } = facts.states;
  if (secrets.problem !== undefined && secrets.problem.reason !== problem?.reason)
    lines.push(paint('magenta', printable(`Secrets: ${secrets.problem.reason}. ${secrets.problem.remedy}`)));
  if (
    malware.state !== 'not-scanned' &&
    malware.problem !== undefined &&
    malware.problem.reason !== problem?.reason
  )
    lines.push(paint('magenta', printable(`Malware: ${malware.problem.reason}. ${malware.problem.remedy}`)));
  const advice = new Map(report.malware.map(({ type, advice: text }) => [type, text]));
  for (const [type, text] of advice) lines.push(`${type}: ${text}`);
  if (malware.state === 'not-scanned') lines.push('Not searched for malware: no engine is configured');
  else lines.push(...signatureLines(facts.malware.signatures));
  const secretsSummary = countsLine(report.secretCounts, 'secret', 'secrets');
  const malwareSummary = countsLine(report.malwareCounts, 'finding of malware', 'findings of malware');
  if ((secretsSummary ?? malwareSummary) === undefined || severities.some((severity) => counts[severity] > 0))
    lines.push(summaryLine(counts, state));
  if (secretsSummary !== undefined) lines.push(secretsSummary);
  if (malwareSummary !== undefined) lines.push(malwareSummary);
  return lines.join('\n');
}

/** `Built on own/alpine:3.6, its first 2 layers: 3 of 4 findings came with it`. */
function baseLine(base: NonNullable<TargetReport['base']>, findings: readonly ScannedFinding[]): string {
  const { namespace, repository, tags, digest, layerCount } = base;
  const [tag] = tags;
  const name = `${namespace}/${repository}${tag === undefined ? `@${digest}` : `:${tag}`}`;
  const inherited = findings.filter(({ place }) => place.layerIndex < layerCount).length;
  const layers = layerCount === 1 ? 'its first layer' : `its first ${layerCount} layers`;
  return `Built on ${name}, ${layers}: ${inherited} of ${findings.length} findings came with it`;
}

function fixOf({ fixedVersion, fixState, package: installed }: ScannedFinding): string {
  if (fixedVersion !== undefined) return fixInWords(fixedVersion, installed.source?.name);
  return fixState === 'not-fixed' ? 'no fix' : fixState;
}

function findingLines(
  { findings, base }: Pick<TargetReport, 'findings' | 'base'>,
  paint: (style: Style, text: string) => string,
): string[] {
  const rows = findings.map((finding) =>
    [
      finding.undetermined ? `${finding.severity}?` : finding.severity,
      finding.knownExploited ? `${finding.id} (exploited)` : finding.id,
      finding.package.name,
      finding.package.version,
      fixOf(finding),
      `layer ${finding.place.layerIndex}${finding.place.layerIndex < (base?.layerCount ?? 0) ? ' (base)' : ''} ${finding.place.path}`,
    ].map(printable),
  );
  const [head = '', ...body] = formatTable(headings, rows).split('\n');
  return [
    paint('bold', head),
    ...body.map((line, index) => paint(styles[findings[index]?.severity ?? 'unknown'], line)),
  ];
}

function secretLines(
  secrets: TargetReport['secrets'],
  paint: (style: Style, text: string) => string,
): string[] {
  const rows = secrets.map(({ severity, rule, masked, path, line, layer, fate }) =>
    [
      severity,
      rule,
      masked,
      `${path}:${line}`,
      layer === undefined ? 'config' : layerOf(layer.index, fate),
    ].map(printable),
  );
  const [head = '', ...body] = formatTable(secretHeadings, rows).split('\n');
  return [
    paint('bold', head),
    ...body.map((line, index) => paint(styles[secrets[index]?.severity ?? 'unknown'], line)),
  ];
}

function malwareLines(
  malware: TargetReport['malware'],
  paint: (style: Style, text: string) => string,
): string[] {
  const rows = malware.map(({ severity, signature, type, engine, path, layer, fate }) =>
    [severity, signature, type, engine, path, layerOf(layer.index, fate)].map(printable),
  );
  const [head = '', ...body] = formatTable(malwareHeadings, rows).split('\n');
  return [
    paint('bold', head),
    ...body.map((line, index) => paint(styles[malware[index]?.severity ?? 'unknown'], line)),
  ];
}

/** Whether nothing was found is worth as much as the signatures are new. */
function signatureLines(signatures: TargetReport['facts']['malware']['signatures']): readonly string[] {
  if (signatures.length === 0) return [];
  const used = signatures.map(
    ({ engine, version, builtAt }) =>
      `${engine} ${version.slice(0, 24)}${builtAt === undefined ? '' : ` of ${builtAt.slice(0, 10)}`}`,
  );
  return [printable(`Searched for malware with ${used.join(' and ')}`)];
}

function layerOf(index: number, fate: TargetReport['malware'][number]['fate']): string {
  return `layer ${index}${fate === undefined ? '' : `, ${fate.kind} by layer ${fate.byLayer}`}`;
}

/** `2 secrets: 1 critical, 1 high`; undefined when there is none. */
function countsLine(
  counts: TargetReport['secretCounts'],
  singular: string,
  plural: string,
): string | undefined {
  const shown = severities.filter((name) => counts[name] > 0).map((name) => `${counts[name]} ${name}`);
  if (shown.length === 0) return undefined;
  const total = severities.reduce((sum, name) => sum + counts[name], 0);
  return `${total === 1 ? `1 ${singular}` : `${total} ${plural}`}: ${shown.join(', ')}`;
}

function summaryLine(counts: TargetReport['counts'], state: string): string {
  const shown = severities.filter((name) => counts[name] > 0).map((name) => `${counts[name]} ${name}`);
  if (shown.length > 0)
    return `${shown.join(', ')}; ${counts.fixable} with a fix, ${counts.knownExploited} known to be exploited`;
  return state === 'scanned' ? 'Nothing found' : 'Nothing found in what could be judged';
}
