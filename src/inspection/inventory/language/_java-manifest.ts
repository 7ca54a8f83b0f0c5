/** Main attributes of a `META-INF/MANIFEST.MF`, keys in lower case (jar specification: JAR Manifest). */
export function parseManifest(bytes: Buffer): ReadonlyMap<string, string> {
  // A line that begins with a blank goes on from the one before; the first empty line ends the main section.
  const text = bytes.toString('utf8').replace(/\r\n?/g, '\n').replace(/\n /g, '');
  const attributes = new Map<string, string>();
  for (const line of text.slice(0, mainSectionEnd(text)).split('\n')) {
    const colon = line.indexOf(':');
    if (colon > 0) attributes.set(line.slice(0, colon).toLowerCase(), line.slice(colon + 1).trim());
  }
  return attributes;
}

function mainSectionEnd(text: string): number {
  const end = text.indexOf('\n\n');
  return end < 0 ? text.length : end;
}

export interface JavaArtifact {
  /** Empty when nothing says it. */
  readonly group: string;
  readonly artifact: string;
  readonly version: string;
}

/** `groupId`, `artifactId` and `version` of a `pom.properties`, as Maven writes it. */
export function parsePomProperties(bytes: Buffer): JavaArtifact | undefined {
  const properties = new Map<string, string>();
  for (const line of bytes.toString('utf8').split(/\r?\n/)) {
    const [, key, value] = /^\s*([\w.]+)\s*[=:]\s*(.*?)\s*$/.exec(line) ?? [];
    if (key !== undefined && value !== undefined) properties.set(key, value);
  }
  const artifact = properties.get('artifactId');
  if (!artifact) return undefined;
  return { group: properties.get('groupId') ?? '', artifact, version: properties.get('version') ?? '' };
}

/** What the file's name and its manifest say of an archive that Maven did not describe. */
export function artifactOf(fileName: string, manifest: ReadonlyMap<string, string>): JavaArtifact {
  const plain = fileName.replace(/\.[a-z]+$/i, '');
  const [, named = plain, versionInName = ''] = /^(.+?)-(\d[\w.+-]*)$/.exec(plain) ?? [];
  const version = versionInName || versionOf(manifest);
  return { group: groupOf(named, manifest), artifact: named, version };
}

function versionOf(manifest: ReadonlyMap<string, string>): string {
  const keys = ['implementation-version', 'bundle-version', 'specification-version', 'plugin-version'];
  const stated = keys
    .map((key) => manifest.get(key))
    .find((value) => value !== undefined && /^v?\d/.test(value));
  return stated?.replace(/^v/, '').split(/\s/, 1)[0] ?? '';
}

/** Bundle and module names begin with the group: `org.apache.commons.lang3` of `commons-lang3`. */
function groupOf(artifact: string, manifest: ReadonlyMap<string, string>): string {
  const vendor = manifest.get('implementation-vendor-id');
  if (vendor !== undefined && /^[a-z][\w-]*(?:\.[\w-]+)+$/i.test(vendor)) return vendor;
  const name = (manifest.get('bundle-symbolicname') ?? manifest.get('automatic-module-name'))
    ?.split(';', 1)[0]
    ?.trim();
  if (name === undefined || !/^[a-z][\w-]*(?:\.[\w-]+)+$/i.test(name)) return '';
  const words = artifact.split(/[-._]/);
  const segments = name.split('.');
  // What the artifact's own name repeats is no part of the group, but at least two parts are.
  while (segments.length > 2 && repeats(words, segments.at(-1) ?? '')) segments.pop();
  return segments.join('.');
}

function repeats(words: readonly string[], segment: string): boolean {
  return segment === words.join('-') || segment === words.join('') || segment === words.at(-1);
}
