export interface RpmSource {
  readonly name: string;
  readonly version: string;
}

/**
 * The source package by its file's name, `util-linux-2.32.1-42.el8_8.src.rpm`: version and release never hold a `-`.
 * Undefined when it is none (`(none)` where a package was made without).
 */
export function rpmSourceOf(fileName: string | undefined): RpmSource | undefined {
  const plain = fileName?.replace(/\.(?:no)?src\.rpm$/, '') ?? '';
  const releaseAt = plain.lastIndexOf('-');
  const versionAt = plain.lastIndexOf('-', releaseAt - 1);
  if (plain === fileName || versionAt <= 0 || releaseAt === versionAt + 1 || releaseAt === plain.length - 1) {
    return undefined;
  }
  return { name: plain.slice(0, versionAt), version: plain.slice(versionAt + 1) };
}
