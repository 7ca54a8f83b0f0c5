/** The operating system of an image, from its own release files. */
export interface Distribution {
  /** `ID` of os-release: `alpine`, `debian`, … */
  readonly id: string;
  /** `VERSION_ID` or what the older release file says; empty when the image does not say. */
  readonly versionId: string;
  readonly prettyName: string;
  /** OSV ecosystem and release that advisories use for it; absent when no feed covers the distribution. */
  readonly ecosystem?: string;
  readonly release?: string;
  /** Last day of support as `YYYY-MM-DD`; absent when not known. */
  readonly endOfLifeOn?: string;
}
