import { execFile } from 'node:child_process';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import { describe, expect, it } from 'vitest';

const mainFile = fileURLToPath(new URL('./main.ts', import.meta.url));

/** Names every module on standard error when it is loaded. */
const tellLoaded = `
  import { registerHooks } from 'node:module';
  registerHooks({ load(url, context, next) { process.stderr.write(url + '\\n'); return next(url, context); } });`;

async function loadedBy(...args: readonly string[]): Promise<{ output: string; modules: readonly string[] }> {
  const hooks = `data:text/javascript,${encodeURIComponent(tellLoaded)}`;
  const run = promisify(execFile)(process.execPath, ['--import', hooks, mainFile, ...args]);
  const { stdout, stderr } = await run;
  return { output: stdout, modules: stderr.split('\n').filter((url) => url.startsWith('file:')) };
}

describe('the command line', () => {
  it('tells its usage without loading what commands run by', async () => {
    const { output, modules } = await loadedBy('admin', 'user', '--help');
    expect(output).toContain('sign-out <name>');
    const packages = modules.flatMap((url) => /\/node_modules\/((?:@[^/]+\/)?[^/]+)/.exec(url)?.[1] ?? []);
    expect([...new Set(packages)]).toEqual(['commander']);
    const rooms = modules.flatMap((url) => /\/src\/([^/]+)\/[^?]*\.ts$/.exec(url)?.[1] ?? []);
    expect([...new Set(rooms)].toSorted()).toEqual(['accounts', 'app', 'cli', 'report']);
    expect(modules.filter((url) => url.includes('/src/app/wiring/'))).toEqual([]);
  });
});
