import type { Package } from '../../report/package.ts';

/** What stands in a template for a part of the package that lies there. */
const marks = { name: '\u0001', version: '\u0002', lastName: '\u0003', underscored: '\u0004' } as const;
/** Begins a path that is written as it is. */
const literally = '\u0000';
const anyMark = /[\u0001-\u0004]/g;
/** Shorter versions stand by chance in too many paths. */
const versionCharactersMin = 3;

/**
 * The path with marks in the place of the package's name and version, so that packages which one manager installed into
 * one folder have one template. `pathOfTemplate()` gives back every path, whatever characters it has.
 */
export function templateOfPath(path: string, installed: Package): string {
  const template = withVersion(withName(path, installed), installed);
  return pathOfTemplate(template, installed) === path ? template : `${literally}${path}`;
}

export function pathOfTemplate(template: string, installed: Package): string {
  if (template.startsWith(literally)) return template.slice(literally.length);
  return template.replace(anyMark, (mark) => {
    switch (mark) {
      case marks.name:
        return installed.name;
      case marks.version:
        return installed.version;
      case marks.lastName:
        return lastName(installed);
      default:
        return underscored(installed);
    }
  });
}

function withName(path: string, installed: Package): string {
  const spellings = [
    [marks.name, installed.name],
    [marks.lastName, lastName(installed)],
    [marks.underscored, underscored(installed)],
  ] as const;
  for (const [mark, spelling] of spellings) {
    const at = lastWhole(path, spelling);
    if (at >= 0) return `${path.slice(0, at)}${mark}${path.slice(at + spelling.length)}`;
  }
  return path;
}

function withVersion(path: string, { version }: Package): string {
  const at = version.length < versionCharactersMin ? -1 : path.lastIndexOf(version);
  return at < 0 ? path : `${path.slice(0, at)}${marks.version}${path.slice(at + version.length)}`;
}

/** Where the word stands last, at the begin of a folder's or file's name and up to a sign that ends a word. */
function lastWhole(path: string, word: string): number {
  if (word === '') return -1;
  for (let at = path.lastIndexOf(word); at >= 0; at = at === 0 ? -1 : path.lastIndexOf(word, at - 1)) {
    const end = at + word.length;
    if (
      (at === 0 || '/ '.includes(path.charAt(at - 1))) &&
      (end === path.length || '/-.@ '.includes(path.charAt(end)))
    )
      return at;
  }
  return -1;
}

/** `spring-core` of `org.springframework:spring-core`. */
function lastName({ name }: Package): string {
  return name.slice(Math.max(name.lastIndexOf(':'), name.lastIndexOf('/')) + 1);
}

/** As Python's packages name their folders. */
function underscored({ name }: Package): string {
  return name.replaceAll('-', '_');
}
