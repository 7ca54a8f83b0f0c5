import { mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect, it } from 'vitest';
import { escapingArchives } from '../src/testing/samples/escaping-archives.ts';
import { hasProgram, mustRun } from './clients.ts';

/** Every call that makes, changes or opens something in a file system. */
const watched =
  'open,openat,creat,mkdir,mkdirat,mknod,mknodat,link,linkat,symlink,symlinkat,rename,renameat,renameat2,unlink,unlinkat,rmdir,chmod,fchmodat,chown,fchownat,truncate';

it.skipIf(!hasProgram('strace'))(
  'archives that try to escape are read without a file opened or written (threats.md D1; needs strace)',
  async () => {
    const folder = mkdtempSync(join(tmpdir(), 'pratique-escapes-'));
    try {
      const work = join(folder, 'a/b/c');
      await mustRun('mkdir', ['-p', work]);
      writeFileSync(join(folder, 'canary'), 'untouched');
      const log = join(folder, 'strace.log');
      const child = join(import.meta.dirname, 'inventory-escapes-child.ts');
      const args = ['-f', '-qq', '-e', `trace=${watched},write`, '-o', log, process.execPath, child];
      const stdout = await mustRun('strace', args, {}, work);
      expect(stdout).toBe(`begin\nread ${escapingArchives.length}\n`);
      const lines = readFileSync(log, 'utf8').split('\n');
      const begin = lines.findIndex((line) => line.includes('"begin\\n"'));
      const calls = lines
        .slice(begin + 1)
        .flatMap((line) => /^\d+ +([a-z\d]+)\((.*)/.exec(line)?.slice(1, 3).join(' ') ?? []);
      expect(begin).toBeGreaterThan(0);
      // What is printed, and wake-ups of other threads, which are writes of eight bytes.
      expect(calls.filter((call) => !/^write (?:1, "read|\d+, "\\1\\0)/.test(call))).toEqual([]);
      expect(readFileSync(join(folder, 'canary'), 'utf8')).toBe('untouched');
      expect(readdirSync(folder, { recursive: true }).sort()).toEqual([
        'a',
        'a/b',
        'a/b/c',
        'canary',
        'strace.log',
      ]);
    } finally {
      rmSync(folder, { recursive: true });
    }
  },
);
