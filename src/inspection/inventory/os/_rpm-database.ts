/** What the file of an rpm database holds: a header per package, and why there may be more of them. */
export interface RpmDatabaseContent {
  readonly headers: readonly Buffer[];
  /** One sentence each, without a full stop; empty when everything could be read. */
  readonly complaints: readonly string[];
}

/** Thrown where the file contradicts its own format; the headers read before it still count. */
export class RpmDatabaseError extends Error {
  readonly code = 'rpm_database';
  constructor(rule: string) {
    super(`An rpm database is damaged: ${rule}`);
    this.name = 'RpmDatabaseError';
  }
}

/** The largest systems have some 10,000 packages. */
const headersMax = 100_000;

/** Collects what the generator gives until it ends, finds damage, or gives more than any real database holds. */
export function collectHeaders(headers: Iterable<Buffer>): RpmDatabaseContent {
  const collected: Buffer[] = [];
  try {
    for (const header of headers) {
      if (collected.length === headersMax)
        throw new RpmDatabaseError(`it has more than ${headersMax} packages`);
      collected.push(header);
    }
    return { headers: collected, complaints: [] };
  } catch (error) {
    // Reading beyond the end of the file is damage too.
    if (error instanceof RpmDatabaseError || error instanceof RangeError) {
      const complaint =
        error instanceof RpmDatabaseError ? error.message : 'An rpm database is damaged: it ends too early';
      return { headers: collected, complaints: [complaint] };
    }
    throw error;
  }
}
