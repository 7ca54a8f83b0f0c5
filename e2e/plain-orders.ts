import type { VersionRanker } from './version-ranks.ts';

/*
 * Orders whose tools cannot be had here, written anew and as plainly as their rules: slow, and with nothing of src/versions.
 */

/** A version in comparable parts; undefined where the text is none. */
type Read = (text: string) => readonly (bigint | string)[][] | undefined;

function plainRanker(
  name: string,
  read: Read,
  more: Pick<VersionRanker, 'readsOnlySome'> = {},
): VersionRanker {
  return {
    name,
    isInstalled: true,
    ...more,
    rank: async (versions) => {
      const found = versions.flatMap((text) => {
        const parts = read(text);
        return parts === undefined ? [] : [{ text, parts }];
      });
      found.sort((a, b) => compareGroups(a.parts, b.parts));
      const ranks = new Map<string, number>();
      let place = 0;
      for (const [index, { text, parts }] of found.entries()) {
        const before = found[index - 1];
        if (before !== undefined && compareGroups(parts, before.parts) > 0) place += 1;
        ranks.set(text, place);
      }
      return ranks;
    },
  };
}

/** The first group that differs decides; of a group the first part that differs, then the length; numbers come before words. */
function compareGroups(a: ReturnType<Read> & {}, b: ReturnType<Read> & {}): number {
  for (let group = 0; group < Math.max(a.length, b.length); group += 1) {
    const [left, right] = [a[group] ?? [], b[group] ?? []];
    for (let index = 0; index < Math.max(left.length, right.length); index += 1) {
      const [one, other] = [left[index], right[index]];
      if (one === undefined) return -1;
      if (other === undefined) return 1;
      if (typeof one !== typeof other) return typeof one === 'bigint' ? -1 : 1;
      if (one !== other) return one < other ? -1 : 1;
    }
  }
  return 0;
}

/** Labels after the hyphen; a version without any comes after all that have some. */
function labelGroups(labels: string | undefined): (bigint | string)[][] {
  if (labels === undefined) return [[1n], []];
  return [[0n], labels.split('.').map((label) => (/^\d+$/.test(label) ? BigInt(label) : label))];
}

/** Semantic Versioning 2.0.0, item 11. */
export const plainSemver = plainRanker('SemVer item 11', readSemver);

/**
 * Bitnami: all but its own builds beyond the first (`1.2.3-4`), of which its tool and the schema of the records say different things.
 * Days may be written with zeros (`2022.11.08`).
 */
export const plainBitnami = plainRanker(
  'SemVer item 11, without builds',
  (text) =>
    /^[\d.]+-[1-9]\d*(?:[.+]|$)/.test(text)
      ? undefined
      : readSemver(text.replace(/(?<=^|^\d+\.|^\d+\.\d+\.)0+(?=\d)/g, '')),
  { readsOnlySome: true },
);

function readSemver(text: string): ReturnType<Read> {
  const [, numbers, labels] =
    /^v?((?:0|[1-9]\d*)(?:\.(?:0|[1-9]\d*)){2})(?:-([0-9A-Za-z.-]+))?(?:\+[0-9A-Za-z.-]+)?$/.exec(text) ?? [];
  if (numbers === undefined) return undefined;
  return [numbers.split('.').map(BigInt), ...labelGroups(labels)];
}

/** NuGet: up to four numbers, labels without regard to case. */
export const plainNuget = plainRanker('NuGet version rules', (text) => {
  const [, numbers, labels] =
    /^(\d+(?:\.\d+){0,3})(?:-([0-9a-z.-]+))?(?:\+[0-9a-z.-]+)?$/.exec(text.toLowerCase()) ?? [];
  if (numbers === undefined) return undefined;
  return [[...numbers.split('.').map(BigInt), 0n, 0n, 0n].slice(0, 4), ...labelGroups(labels)];
});

/** Dart: semantic versions whose build counts. */
export const plainPub = plainRanker('pub_semver rules', (text) => {
  const [, numbers, labels, build] =
    /^(\d+\.\d+\.\d+)(?:-([0-9A-Za-z.-]+))?(?:\+([0-9A-Za-z.-]+))?$/.exec(text) ?? [];
  if (numbers === undefined) return undefined;
  const [, builds = []] = build === undefined ? [] : labelGroups(build);
  return [numbers.split('.').map(BigInt), ...labelGroups(labels), builds];
});

const apkSuffixes = ['alpha', 'beta', 'pre', 'rc', '', 'cvs', 'svn', 'git', 'hg', 'p'];

/** apk-tools: `<number>{.<number>}{<letter>}{_<suffix><number>}{-r<number>}`; but for leading zeros and what lies beyond. */
export const plainApk = plainRanker('apk version rules', readApk, { readsOnlySome: true });

function readApk(text: string): ReturnType<Read> {
  const [, numbers, letter = '', suffixes = '', revision = '0'] =
    /^(\d+(?:\.(?:0|[1-9]\d*))*)([a-z]?)((?:_[a-z]+\d*)*)(?:-r(\d+))?$/.exec(text) ?? [];
  if (numbers === undefined) return undefined;
  const ranked = [...suffixes.matchAll(/_([a-z]+)(\d*)/g)].flatMap(([, word = '', count]) => [
    BigInt(apkSuffixes.indexOf(word)),
    BigInt(count || 0),
  ]);
  // No suffix stands between `rc` and `cvs`.
  const none = BigInt(apkSuffixes.indexOf(''));
  return [numbers.split('.').map(BigInt), [letter], [...ranked, none], [BigInt(revision)]];
}
