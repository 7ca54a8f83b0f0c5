import type { Finding } from '../api/answers.ts';

const separator = '~';

/** What the address says of an open finding: `CVE-2016-6304~libssl1.0`; its places stand in the drawer. */
export function findingKey(finding: {
  readonly id: string;
  readonly package: { readonly name: string };
}): string {
  return `${finding.id}${separator}${finding.package.name}`;
}

/** Without a package, as somebody may write it into an address, any that has the vulnerability is meant. */
export function parseFindingKey(key: string): { id: string; packageName: string | undefined } {
  const [id = '', ...name] = key.split(separator);
  return { id, packageName: name.length === 0 ? undefined : name.join(separator) };
}

/** Unique among the rows of one image: a vulnerability of a package at a place. */
export function findingRowKey(finding: Finding): string {
  const { layerIndex, path } = finding.place;
  return [findingKey(finding), finding.package.version, layerIndex, path].join(separator);
}
