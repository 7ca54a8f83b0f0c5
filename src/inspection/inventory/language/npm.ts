import { capText } from '../cap-text.ts';
import { declaredLicense } from '../declared-license.ts';
import type { Extractor } from '../extractor.ts';
import type { FoundPackage } from '../found.ts';
import { fileNameOf } from '../listed-packages.ts';
import { isInPackage } from './npm-lock.ts';

const folder = 'node_modules';

/**
 * npm packages as installed: `node_modules/<name>/package.json` and `node_modules/@<scope>/<name>/package.json`, nested at
 * any depth. Other `package.json` files below a package (`dist/package.json`, test fixtures) name no package. Outside of
 * `node_modules` lie applications and what was unpacked by hand (Yarn in the images of Node.js): those that state both name and
 * version, and are not private. A private one is of no registry, and an advisory on its name speaks of something else.
 */
export const npmExtractor: Extractor = {
  knownPaths: [],
  wants: (path) =>
    path.endsWith('package.json') &&
    fileNameOf(path) === 'package.json' &&
    (!isInPackage(path) || packageNameOfPath(path) !== undefined),
  belowLink: (link) => {
    const kind = folderKind(link);
    return kind === undefined
      ? undefined
      : {
          paths: kind === 'package' ? [`${link}/package.json`] : 'unknown',
          isWantedAt: (place) => !isInPackage(`${place}/`) || folderKind(place) === kind,
        };
  },
  extract: (path, bytes) => {
    const description = parseObject(bytes.toString('utf8'));
    const found = packageOf(path, description);
    return isInPackage(path) || (description.private !== true && isReleased(found)) ? [found] : [];
  },
};

/** What a folder at this path would be to Node. */
function folderKind(path: string): 'node_modules' | 'scope' | 'package' | undefined {
  if (!path.includes(folder)) return undefined;
  const segments = path.split('/');
  const [first, second, ...rest] = segments.slice(segments.lastIndexOf(folder) + 1);
  if (!segments.includes(folder) || first?.startsWith('.') === true || rest.length > 0) return undefined;
  if (first === undefined) return 'node_modules';
  if (first.startsWith('@')) return second === undefined ? 'scope' : 'package';
  return second === undefined ? 'package' : undefined;
}

/** Templates and parts of a package have no name or version of their own. */
function isReleased({ name, version }: FoundPackage): boolean {
  return /^(?:@[\w.~-]+\/)?[\w.~-]+$/.test(name) && /^\d+\.\d/.test(version);
}

/** The name by which Node finds the package of this `package.json`; undefined when it is not the root of a package. */
export function packageNameOfPath(path: string): string | undefined {
  const segments = path.split('/');
  const [first, second, third, ...rest] = segments.slice(segments.lastIndexOf(folder) + 1);
  if (!segments.includes(folder) || first === undefined || first.startsWith('.') || rest.length > 0) {
    return undefined;
  }
  if (first.startsWith('@')) return third === 'package.json' && second ? `${first}/${second}` : undefined;
  return second === 'package.json' && third === undefined ? first : undefined;
}

/** A file that is no JSON or names no package still stands for one: the folder gives the name, the version stays empty. */
function packageOf(path: string, description: Description): FoundPackage {
  const { name, version, license, licenses } = description;
  const isName = typeof name === 'string' && /^(?:@[^/@\s]+\/)?[^/@\s]+$/.test(name);
  const found = capText(isName ? name : (packageNameOfPath(path) ?? path));
  const stated = typeof version === 'string' ? capText(version.trim()) : '';
  return {
    kind: 'package',
    manager: 'npm',
    name: found,
    version: stated,
    sourceName: found,
    sourceVersion: stated,
    ...declaredLicense([license ?? licenses].flat().flatMap(licenseName), ' OR '),
  };
}

/** A name, or as packages of before 2014 have it `{"type": <name>}`, alone or as a list to choose from. */
function licenseName(license: unknown): readonly string[] {
  const name = typeof license === 'object' && license !== null && 'type' in license ? license.type : license;
  return typeof name === 'string' ? [name] : [];
}

interface Description {
  readonly name?: unknown;
  readonly version?: unknown;
  /** `true`: npm refuses to publish it. */
  readonly private?: unknown;
  readonly license?: unknown;
  readonly licenses?: unknown;
}

function parseObject(text: string): Description {
  try {
    const value: unknown = JSON.parse(text.replace(/^\u{feff}/u, ''));
    return typeof value === 'object' && value !== null ? value : {};
  } catch {
    return {}; // the answer is "a package without a stated name and version"
  }
}
