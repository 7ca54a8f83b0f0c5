/** The source package whose versions the fixes of an installed package are. */
export interface FixSource {
  readonly name: string;
  /** Of which the installed package was built. */
  readonly version: string;
}

/** `3.0.15`, or `util-linux 2.36.1-8+deb11u1` where the installed package is numbered otherwise than its source. */
export function fixInWords(fixedVersion: string, sourceName: string | undefined): string {
  return sourceName === undefined ? fixedVersion : `${sourceName} ${fixedVersion}`;
}
