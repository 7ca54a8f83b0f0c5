import { describe, expect, it } from 'vitest';
import { supersededLocks } from './_superseded-locks.ts';
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
    ['its own description beside it', [item('npm', 'app', 'app/package.json')], false],
  ])('a lock file of npm with %s: %s', (_condition, installed, expected) => {
    const locked = item('npm', 'b', 'app/package-lock.json', 'locked');
    expect(supersededLocks([...installed, locked])(locked)).toBe(expected);
  });

  it('a lock file of npm in the root, with packages installed for the whole system: false', () => {
    const locked = item('npm', 'b', 'package-lock.json', 'locked');
    const global = item('npm', 'npm', 'usr/lib/node_modules/npm/package.json');
    expect(supersededLocks([locked, global])(locked)).toBe(false);
  });

  it.each([
    // What comes with the language says nothing of the rest (threats.md D6).
    ['setuptools', ['setuptools', 'Django'], ['setuptools'], ['Django']],
    ['pip alone', ['setuptools', 'Django'], ['pip'], ['setuptools', 'Django']],
    ['most of its names', ['flask', 'jinja2', 'pytest'], ['flask', 'Jinja2'], []],
    ['most of its names, written otherwise', ['zope.interface'], ['Zope_Interface'], []],
    ['half of its names', ['flask', 'pytest'], ['flask'], ['pytest']],
  ])('a lock file of Python with %s installed for the whole system', (_condition, listed, present, left) => {
    const lock = listed.map((name) => item('python', name, 'app/poetry.lock', 'locked'));
    const site = present.map((name) => item('python', name, `usr/lib/python3/${name}.dist-info/METADATA`));
    const isSuperseded = supersededLocks([...lock, ...site]);
    const kept = lock.filter((locked) => !isSuperseded(locked)).map(({ found }) => found.name);
    expect(kept).toEqual(left);
    expect(site.filter(isSuperseded)).toEqual([]);
  });

  it('does not take what lies in a virtual environment beside it for all of it', () => {
    const locked = item('python', 'Django', 'app/requirements.txt', 'locked');
    const pip = item('python', 'pip', 'app/.venv/lib/python3.11/site-packages/pip.dist-info/METADATA');
    expect(supersededLocks([locked, pip])(locked)).toBe(false);
  });
});
