// Runs after `npm ci`: builds the web console, so that `npm start` serves it. Does nothing in an install without
// development dependencies, which brings no bundler: a published package has the console built already.
import { spawnSync } from 'node:child_process';
import { existsSync } from 'node:fs';
import { createRequire } from 'node:module';
import path from 'node:path';
import { fileURLToPath } from 'node:url';

const consoleFolder = fileURLToPath(new URL('../console/', import.meta.url));

/** Vite's command, or undefined when it or one of its plugins is not installed. */
function findVite() {
  const require = createRequire(path.join(consoleFolder, 'package.json'));
  try {
    require.resolve('@vitejs/plugin-react');
    return path.join(path.dirname(require.resolve('vite/package.json')), 'bin/vite.js');
  } catch {
    return undefined;
  }
}

const vite = existsSync(path.join(consoleFolder, 'vite.config.ts')) ? findVite() : undefined;
if (vite !== undefined) {
  const built = spawnSync(process.execPath, [vite, 'build', '--logLevel', 'error'], {
    cwd: consoleFolder,
    encoding: 'utf8',
  });
  if (built.status !== 0) {
    console.error(`${built.stdout ?? ''}${built.stderr ?? ''}`.trim() || String(built.error));
    console.error('Cannot build the web console: "npm run build:console" must succeed, see the lines above');
    process.exitCode = 1;
  }
}
