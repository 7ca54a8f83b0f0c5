import type { Command } from 'commander';
import type { StoredComparison } from '../app/administration/compare-stored.ts';
import { fixInWords } from '../report/fix-source.ts';
import { type CommandContext, exitCodes } from './command-context.ts';
import { type FailThreshold, failThresholds, isAsBadAs, parseFailThreshold } from './fail-threshold.ts';
import { formatTable } from './output/format-table.ts';
import { print } from './output/print.ts';
import { printable } from './output/printable.ts';
import { withInstallation } from './with-installation.ts';

interface CompareOptions {
  readonly json?: true;
  readonly failOnAdded?: FailThreshold;
  readonly allowIncomplete?: true;
}

/** `pratique compare <before> <after>`: what a later image adds and fixes. */
export function addCompareCommand(program: Command, context: () => CommandContext): void {
  program
    .command('compare <before> <after>')
    .description(
      'findings added, fixed and unchanged between two images of this registry, and their packages',
    )
    .option('--json', 'print one JSON document')
    .option(
      '--fail-on-added <severity>',
      `exit code 1 when a finding as bad or worse was added: ${failThresholds.join(', ')}; unknown counts as high`,
      parseFailThreshold,
    )
    .option('--allow-incomplete', 'exit code 0 instead of 2 when it could not tell')
    .action((before: string, after: string, options: CompareOptions) =>
      withInstallation(context(), async (installation) => {
        const { compareStored } = await import('../app/administration/compare-stored.ts');
        const comparison = await compareStored(installation, { before, after });
        print(options.json ? JSON.stringify(comparisonJson(comparison), undefined, 2) : table(comparison));
        context().setExitCode(exitCodeOf(comparison, options));
      }),
    );
}

/** 1 something was added that is as bad as asked, else 2 could not tell, else 0. */
function exitCodeOf(
  { findings, doubtsBefore, doubtsAfter }: StoredComparison,
  { failOnAdded, allowIncomplete }: CompareOptions,
): number {
  const isBad = findings.some(
    ({ change, vulnerability }) =>
      change === 'added' && failOnAdded !== undefined && isAsBadAs(vulnerability.severity, failOnAdded),
  );
  if (isBad) return exitCodes.failed;
  const couldTell =
    doubtsBefore.length + doubtsAfter.length === 0 && findings.every(({ change }) => change !== 'undecided');
  return couldTell || allowIncomplete === true ? exitCodes.ok : exitCodes.undetermined;
}

const headings = { added: 'Added', fixed: 'Fixed', undecided: 'Could not tell whether it changed' } as const;

function table(comparison: StoredComparison): string {
  const { findings, packages, doubtsBefore, doubtsAfter, layers, before, after } = comparison;
  const of = (change: string) => findings.filter((one) => one.change === change);
  const lines = [
    `${of('added').length} added, ${of('fixed').length} fixed, ${of('unchanged').length} unchanged, ${of('undecided').length} could not be told`,
    ...doubtsBefore.map((doubt) => `Could not tell of ${before.name}: ${printable(doubt)}`),
    ...doubtsAfter.map((doubt) => `Could not tell of ${after.name}: ${printable(doubt)}`),
  ];
  for (const change of ['added', 'fixed', 'undecided'] as const) {
    const rows = of(change).map(({ vulnerability, name, version, source }) => [
      vulnerability.severity,
      vulnerability.id,
      printable(name),
      printable(version),
      vulnerability.fixedVersion === undefined
        ? '-'
        : printable(fixInWords(vulnerability.fixedVersion, source?.name)),
    ]);
    if (rows.length > 0)
      lines.push(
        '',
        `${headings[change]}:`,
        formatTable(['SEVERITY', 'ID', 'PACKAGE', 'VERSION', 'FIXED IN'], rows),
      );
  }
  if (packages.length > 0) {
    const rows = packages.map((one) => [
      one.change,
      one.ecosystem,
      printable(one.name),
      printable(one.before.join(', ')) || '-',
      printable(one.after.join(', ')) || '-',
    ]);
    lines.push('', formatTable(['CHANGE', 'ECOSYSTEM', 'PACKAGE', 'BEFORE', 'AFTER'], rows));
  }
  if (layers !== null) lines.push('', `${layers.sharedCount} of ${layers.afterCount} layers are shared`);
  return lines.join('\n');
}

/** The fields keep their meaning; more may come. */
function comparisonJson(comparison: StoredComparison) {
  const { before, after, findings, doubtsBefore, doubtsAfter, ...rest } = comparison;
  return {
    before: { ...before, doubts: doubtsBefore },
    after: { ...after, doubts: doubtsAfter },
    findings: findings.map(({ vulnerability, name, ...one }) => {
      const { id, aliases, severity, fixedVersion, knownExploited, undetermined } = vulnerability;
      return { ...one, package: name, id, aliases, severity, fixedVersion, knownExploited, undetermined };
    }),
    ...rest,
  };
}
