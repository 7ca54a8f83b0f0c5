#!/usr/bin/env node
import { enableCompileCache } from 'node:module';
import { fileURLToPath } from 'node:url';

const nodeMajorMin = 24;
const major = Number.parseInt(process.versions.node, 10);
if (major < nodeMajorMin) {
  process.stderr.write(
    `Cannot run pratique: it must be run by Node.js ${nodeMajorMin} or newer, got ${process.version}; use "npx pratique" or "npm start"\n`,
  );
  process.exitCode = 3;
} else {
  // Start takes half the time when the compiled modules are kept; where that folder cannot be written, nothing is.
  enableCompileCache(fileURLToPath(new URL('../../node_modules/.cache/pratique', import.meta.url)));
  const { runCommandLine } = await import('./command-line.ts');
  process.exitCode = await runCommandLine(process.argv.slice(2));
}
