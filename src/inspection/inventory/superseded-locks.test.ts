import { describe, expect, it } from 'vitest';
import { lockKey, supersededLocks } from './_superseded-locks.ts';
import type { PackageManager } from './package-managers.ts';

const item = (manager: PackageManager, name: string, path: string, evidence?: 'locked') => ({
  found: {
    kind: 'package' as const,
    manager,
    name,
    version: '1',
    sourceName: name,
    sourceVersion: '1',
    ...(evidence && { evidence }),
  },
  path,
});

describe('supersededLocks()', () => {
  it.each([
    ['packages installed beside it', [item('npm', 'a', 'app/node_modules/a/package.json')], true],
    [
      'packages installed for another project',
      [item('npm', 'a', 'usr/lib/node_modules/a/package.json')],
      false,
    ],
    ['packages of another manager below it', [item('python', 'a', 'app/venv/a.dist-info/METADATA')], false],
    ['a folder whose name only begins alike', [item('npm', 'a', 'app2/node_modules/a/package.json')], false],
    ['nothing installed', [], false],
  ])('a lock file of npm with %s: %s', (_condition, installed, expected) => {
    const locked = item('npm', 'b', 'app/package-lock.json', 'locked');
    expect(supersededLocks([...installed, locked]).has(lockKey(locked))).toBe(expected);
  });

  it('knows managers that install for the whole system by the names of their packages', () => {
    const lock = ['flask', 'pytest'].map((name) => item('python', name, 'app/poetry.lock', 'locked'));
    const site = 'usr/lib/python3/site-packages';
    expect(supersededLocks([...lock, item('python', 'flask', `${site}/flask.dist-info/METADATA`)]).size).toBe(
      1,
    );
    expect(supersededLocks([...lock, item('python', 'pip', `${site}/pip.dist-info/METADATA`)]).size).toBe(0);
  });
});
