import type { HeldBytes } from '../../../bytes/held-bytes.ts';
import type { Found } from '../found.ts';
import { fileNameOf, languagePackage } from '../listed-packages.ts';
import type { ProgramExtractor } from '../program-extractor.ts';

interface KnownProgram {
  readonly name: string;
  /** Of the file's name. */
  readonly file: RegExp;
  /** Text that stands near the version; made from what `file` captured where it depends on it. */
  readonly marker: string | ((captured: string) => string);
  /** Bytes before the marker that `version` is matched with too. */
  readonly bytesBefore?: number;
  /** The first group is the version. */
  readonly version: RegExp;
}

/** Programs that are often copied into images without a package, by what they say when asked for their version. */
const knownPrograms: readonly KnownProgram[] = [
  {
    name: 'node',
    file: /^node$/,
    marker: 'node.js/v',
    version: /^node\.js\/v(\d+\.\d+\.\d+)/,
  },
  {
    name: 'openssl',
    file: /^(?:openssl|libcrypto\.so[.\d]*|libssl\.so[.\d]*)$/,
    marker: 'OpenSSL ',
    version: /^OpenSSL (\d+\.\d+\.\d+[a-z]{0,2})[ \0]/,
  },
  {
    name: 'nginx',
    file: /^nginx(?:-debug)?$/,
    marker: 'nginx version: nginx/',
    version: /^nginx version: nginx\/(\d+\.\d+\.\d+)/,
  },
  {
    name: 'busybox',
    file: /^busybox(?:[.-].*)?$/,
    marker: 'BusyBox v',
    version: /^BusyBox v(\d+\.\d+\.\d+)/,
  },
  {
    // PY_VERSION, a text of its own.
    name: 'python',
    file: /^(?:lib)?python(\d\.\d+)[a-z]*(?:\.so[.\d]*)?$/,
    marker: (minor) => `${minor}.`,
    bytesBefore: 1,
    version: /^\0([23]\.\d{1,2}\.\d{1,2}(?:(?:a|b|rc)\d+)?\+?)\0/,
  },
  {
    // REDIS_BUILD_ID_RAW (redis: src/release.c): version, host and time of the build, whether the checkout was changed,
    // and its commit, which is zeros in what is built from a release.
    name: 'redis',
    file: /^redis-(?:server|check-\w+)$/,
    marker: '00000000\0',
    bytesBefore: 120,
    version: /\0(\d+\.\d+\.\d+)[^\0]*-\d{10,}00000000\0/,
  },
];

export const knownProgramExtractor: ProgramExtractor = {
  extract: (path, program) => {
    const fileName = fileNameOf(path);
    return knownPrograms.flatMap((known) => {
      const match = known.file.exec(fileName);
      return match === null ? [] : versionIn(known, match[1] ?? '', program);
    });
  },
};

/** The marker may also stand where no version is. */
function versionIn(known: KnownProgram, captured: string, program: HeldBytes): readonly Found[] {
  const { marker, bytesBefore = 0 } = known;
  const text = Buffer.from(typeof marker === 'string' ? marker : marker(captured), 'latin1');
  for (let at = program.indexOf(text); at !== undefined; at = program.indexOf(text, at + 1)) {
    const start = Math.max(0, at - bytesBefore);
    const near = program.read(start, at - start + text.length + 32).toString('latin1');
    const version = known.version.exec(near)?.[1];
    if (version !== undefined) return [languagePackage('program', { name: known.name, version })];
  }
  return [];
}
