import { writeFile } from 'node:fs/promises';
import { type Command, Option } from 'commander';
import { type SbomFormatName, sbomFormatNames } from '../app/administration/sbom-format.ts';
import { type CommandContext, exitCodes } from './command-context.ts';
import { print } from './output/print.ts';
import { ProgressLine } from './output/progress-line.ts';
import { withInspections } from './with-inspections.ts';
import { withInstallation } from './with-installation.ts';

interface SbomCommandOptions {
  readonly format: SbomFormatName;
  readonly output?: string;
  readonly attach?: true;
  readonly platform?: string;
  readonly allowIncomplete?: true;
}

/** `pratique sbom <target>`: what an image is made of, as a document; exit code 2 when packages may be missing from it. */
export function addSbomCommand(program: Command, context: () => CommandContext): void {
  program
    .command('sbom <target>')
    .description(
      'bill of materials of an image: namespace/repository:tag as it is stored here, or a target as scan takes it',
    )
    .addOption(
      new Option('--format <format>', 'CycloneDX 1.6, SPDX 2.3 (both JSON) or SPDX 3.0.1 (JSON-LD)')
        .choices(sbomFormatNames)
        .default('cyclonedx'),
    )
    .option('--output <file>', 'write the document there instead of printing it')
    .addOption(
      new Option(
        '--attach',
        'push it as a referrer of the image that is stored here instead of printing it',
      ).conflicts('output'),
    )
    .option('--platform <os/architecture>', 'which image of a multi-platform target')
    .option('--allow-incomplete', 'exit code 0 instead of 2 when packages may be missing')
    .action((target: string, options: SbomCommandOptions) =>
      options.attach ? attach(context(), target, options) : writeSbom(context(), target, options),
    );
}

async function writeSbom(
  context: CommandContext,
  target: string,
  { format, output, platform, allowIncomplete }: SbomCommandOptions,
): Promise<void> {
  await withInspections(context, async (installation, inspections) => {
    const { sbomOfTarget } = await import('../app/administration/sbom-of-target.ts');
    const progress = new ProgressLine(process.stderr);
    const { document, warning } = await sbomOfTarget({
      installation,
      inspections,
      target,
      format,
      ...(platform === undefined ? {} : { platform }),
      onProgress: ({ layersDone, layersTotal }) =>
        progress.show(`Reading layers: ${layersDone} of ${layersTotal}`),
    }).finally(() => progress.clear());
    if (output === undefined) print(document);
    else await writeFile(output, `${document}\n`);
    tellWarning(context, warning, allowIncomplete);
  });
}

async function attach(
  context: CommandContext,
  target: string,
  { format, platform, allowIncomplete }: SbomCommandOptions,
): Promise<void> {
  await withInstallation(context, async (installation) => {
    const { attachStoredSbom } = await import('../app/administration/attach-stored-sbom.ts');
    const asked = { installation, target, format, ...(platform === undefined ? {} : { platform }) };
    const { image, digest, artifactType, isNew, warning } = await attachStoredSbom(asked);
    print(
      isNew
        ? `Attached ${digest} (${artifactType}) to ${image}`
        : `Nothing to do: ${digest} (${artifactType}) is attached to ${image} already`,
    );
    tellWarning(context, warning, allowIncomplete);
  });
}

function tellWarning(
  context: CommandContext,
  warning: string | undefined,
  isAllowed: true | undefined,
): void {
  if (warning === undefined) return;
  process.stderr.write(`${warning}\n`);
  if (isAllowed !== true) context.setExitCode(exitCodes.undetermined);
}
