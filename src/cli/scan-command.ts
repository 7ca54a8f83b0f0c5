import { type Command, Option } from 'commander';
import type { ScannedFinding, TargetReport } from '../app/administration/scan-target.ts';
import { type CommandContext, exitCodes } from './command-context.ts';
import { type FailThreshold, failThresholds, isAsBadAs, parseFailThreshold } from './fail-threshold.ts';
import { print } from './output/print.ts';
import { ProgressLine } from './output/progress-line.ts';
import { scanJson } from './output/scan-json.ts';
import { scanTable } from './output/scan-table.ts';
import { type SeverityOrderValue, severityOrderOption } from './severity-order-option.ts';
import { withInspections } from './with-inspections.ts';

const severities = [...failThresholds, 'unknown'] as const;

interface ScanCommandOptions {
  readonly format: 'table' | 'json';
  readonly failOn?: FailThreshold;
  readonly allowIncomplete?: true;
  readonly platform?: string;
  readonly severityOrder?: SeverityOrderValue;
}

/** `pratique scan <target>`: the server's engine on an archive, a layout or a directory. */
export function addScanCommand(program: Command, context: () => CommandContext): void {
  program
    .command('scan <target>')
    .description('scan oci:<dir>, oci-archive:<tar>, docker-archive:<tar> or dir:<root file system>')
    .addOption(new Option('--format <format>', 'output format').choices(['table', 'json']).default('table'))
    .option(
      '--fail-on <severity>',
      `exit code 1 when something is as bad or worse: ${failThresholds.join(', ')}; unknown counts as high`,
      parseFailThreshold,
    )
    .option('--allow-incomplete', 'exit code 0 instead of 2 when it could not tell')
    .option('--platform <os/architecture>', 'which image of a multi-platform target')
    .addOption(severityOrderOption())
    .action((target: string, options: ScanCommandOptions) => scan(context(), target, options));
}

async function scan(context: CommandContext, target: string, options: ScanCommandOptions): Promise<void> {
  await withInspections(context, async (installation, inspections) => {
    const { scanTarget } = await import('../app/administration/scan-target.ts');
    const progress = new ProgressLine(process.stderr);
    const report = await scanTarget({
      installation,
      inspections,
      target,
      ...(options.platform === undefined ? {} : { platform: options.platform }),
      ...(options.severityOrder === undefined ? {} : { severityOrder: options.severityOrder }),
      onProgress: ({ layersDone, layersTotal }) =>
        progress.show(`Reading layers: ${layersDone} of ${layersTotal}`),
    }).finally(() => progress.clear());
    print(
      options.format === 'json'
        ? scanJson(report)
        : scanTable(report, { colour: process.stdout.isTTY === true }),
    );
    context.setExitCode(exitCodeOf(report, options));
  });
}

/** Exit code of a scan: 1 something as bad as `--fail-on`, else 2 could not tell, else 0 (design.md, contract). */
export function exitCodeOf(
  report: TargetReport,
  options: Pick<ScanCommandOptions, 'failOn' | 'allowIncomplete'>,
): number {
  const { failOn } = options;
  if (failOn !== undefined) {
    const counted = report.findings.filter(({ undetermined }) => !undetermined);
    const isBad = ({ severity }: Pick<ScannedFinding, 'severity'>): boolean => isAsBadAs(severity, failOn);
    const inFiles = severities.filter(
      (severity) => report.secretCounts[severity] + report.malwareCounts[severity] > 0,
    );
    if (counted.some(isBad) || inFiles.some((severity) => isBad({ severity }))) return exitCodes.failed;
  }
  const { vulnerabilities, secrets, malware } = report.facts.states;
  // No engine has to be configured: that nobody looked for malware is said, and no doubt about the image.
  const states =
    malware.state === 'not-scanned' ? [vulnerabilities, secrets] : [vulnerabilities, secrets, malware];
  const couldTell = states.every(({ state }) => state === 'scanned' || state === 'unsupported');
  return couldTell || options.allowIncomplete === true ? exitCodes.ok : exitCodes.undetermined;
}
