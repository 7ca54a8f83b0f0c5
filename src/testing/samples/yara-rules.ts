import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { createRequire } from 'node:module';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

/** Whether the optional package of YARA is installed; without it tests are skipped. Throws when CI=true. */
export function hasYara(): boolean {
  try {
    createRequire(import.meta.url)('@litko/yara-x-linux-x64-gnu');
    return true;
  } catch {
    if (process.env['CI'] === 'true')
      throw new Error('Cannot run the tests with YARA: its package must be installed when CI=true, got none');
    return false;
  }
}

/** A rule that finds a text. */
export function yaraRule(name: string, text: string, type = 'Trojan'): string {
  return `rule ${name} { meta: tc_detection_type = "${type}" strings: $a = "${text}" condition: $a }\n`;
}

/** A folder of rules that a test may change. */
export class YaraRules {
  readonly folder: string;

  private constructor(folder: string) {
    this.folder = folder;
  }

  static async make(rules: Readonly<Record<string, string>>): Promise<YaraRules> {
    const made = new YaraRules(await mkdtemp(join(tmpdir(), 'yara-test-')));
    for (const [name, text] of Object.entries(rules)) await made.write(name, text);
    return made;
  }

  async write(name: string, text: string): Promise<void> {
    await writeFile(join(this.folder, name), text);
  }

  async remove(): Promise<void> {
    await rm(this.folder, { recursive: true, force: true });
  }
}
