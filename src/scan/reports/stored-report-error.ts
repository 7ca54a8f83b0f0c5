/** What is stored of an image is in no form that this version knows: a newer one wrote it, or it is damaged. */
export class StoredReportError extends Error {
  readonly code = 'stored_report_unreadable';
  constructor(what: 'packages' | 'places', found: string, cause?: unknown) {
    super(
      `Cannot read the ${what} of a stored report: ${found}`,
      cause === undefined ? undefined : { cause },
    );
    this.name = 'StoredReportError';
  }
}
