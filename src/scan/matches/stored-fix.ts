import { numberedBySource } from '../../matching/installed-as.ts';

/** A package and a fix as rows have them. */
export interface StoredFix {
  readonly ecosystem: string;
  readonly version: string;
  readonly source_name: string;
  readonly source_version: string;
  readonly fixed_version: string | null;
}

/** The fix, and of what it is a version where the package is numbered otherwise than its source. */
export function fixOf(row: StoredFix): { readonly fixedVersion?: string; readonly fixedSource?: string } {
  if (row.fixed_version === null) return {};
  const { ecosystem, version, source_name: sourceName, source_version: sourceVersion } = row;
  const source = numberedBySource({ ecosystem, version, sourceName, sourceVersion });
  return { fixedVersion: row.fixed_version, ...(source === undefined ? {} : { fixedSource: source.name }) };
}
