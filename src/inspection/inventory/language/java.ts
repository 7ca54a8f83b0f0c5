import { createHash } from 'node:crypto';
import { ArchiveError } from '../../../bytes/archive-error.ts';
import { ZipArchive, type ZipEntry } from '../../../bytes/zip-archive.ts';
import { capText } from '../cap-text.ts';
import type { Extractor } from '../extractor.ts';
import type { Found } from '../found.ts';
import { fileNameOf, languagePackage, unreadable } from '../listed-packages.ts';
import { artifactOf, type JavaArtifact, parseManifest, parsePomProperties } from './_java-manifest.ts';

const archiveName = /\.(?:jar|war|ear|sar|par|nar|kar|hpi|jpi)$/i;
const manifestName = 'META-INF/MANIFEST.MF';
const pomName = /^META-INF\/maven\/[^/]+\/[^/]+\/pom\.properties$/;
/** threats.md §1.9: archives within archives. */
const depthMax = 3;
const describingBytesMax = 1024 * 1024;
/** Of all archives within one, together. */
const nestedBytesMax = 512 * 1024 * 1024;
const foundMax = 50_000;

/**
 * Java archives, and those within them: by Maven's `pom.properties` (several in a shaded one), else by the manifest and the
 * file's name. The SHA-1 of each is kept, because tables of published archives know it.
 */
export const javaExtractor: Extractor = {
  knownPaths: [],
  fileSizeBytesMax: 256 * 1024 * 1024,
  wants: (path) => archiveName.test(path),
  extract: (path, bytes) => {
    const reading: Reading = { found: [], nestedBytes: 0 };
    readArchive(reading, { fileName: fileNameOf(path), bytes, innerPath: '', depth: 0 });
    return reading.found;
  },
};

interface Reading {
  readonly found: Found[];
  nestedBytes: number;
}

interface OpenArchive {
  readonly fileName: string;
  readonly bytes: Buffer;
  /** Empty for the file itself. */
  readonly innerPath: string;
  readonly depth: number;
}

function readArchive(reading: Reading, open: OpenArchive): void {
  try {
    const archive = ZipArchive.open(open.bytes);
    const wanted = onlyOnce(archive.entries.filter(({ name }) => isWanted(name)));
    for (const artifact of describe(archive, wanted, open.fileName)) add(reading, open, artifact);
    for (const entry of wanted) if (archiveName.test(entry.name)) readNested(reading, open, archive, entry);
  } catch (error) {
    if (!(error instanceof ArchiveError)) throw error;
    reading.found.push(unreadable('A Java archive could not be read'));
  }
}

function isWanted(name: string): boolean {
  return name === manifestName || pomName.test(name) || archiveName.test(name);
}

/** Which of two entries of one name counts depends on the reader. */
function onlyOnce(entries: readonly ZipEntry[]): readonly ZipEntry[] {
  if (new Set(entries.map(({ name }) => name)).size < entries.length) {
    throw new ArchiveError('ambiguous', 'Cannot read the zip: two entries have one name');
  }
  return entries;
}

interface DescribedArtifact extends JavaArtifact {
  readonly isSelf: boolean;
  /** Put together from names: advisories may know the archive under another. */
  readonly isGuessed?: true;
}

/** Everything that Maven describes, and the archive itself when it is none of that. */
function describe(
  archive: ZipArchive,
  wanted: readonly ZipEntry[],
  fileName: string,
): readonly DescribedArtifact[] {
  const read = (entry: ZipEntry): Buffer => {
    if (entry.sizeBytes > describingBytesMax) {
      throw new ArchiveError('limit:inflated', `Cannot read "${entry.name}" of the zip: it is too large`);
    }
    return archive.read(entry);
  };
  const poms = wanted
    .filter(({ name }) => pomName.test(name))
    .flatMap((entry) => parsePomProperties(read(entry)) ?? []);
  const manifestEntry = wanted.find(({ name }) => name === manifestName);
  const manifest =
    manifestEntry === undefined ? new Map<string, string>() : parseManifest(read(manifestEntry));
  const self = artifactOf(fileName, manifest);
  const own = poms.find(({ artifact }) => artifact === self.artifact || fileName.startsWith(`${artifact}-`));
  const [only] = poms;
  const isRenamed = only !== undefined && poms.length === 1 && ['', only.version].includes(self.version);
  if (own === undefined && isRenamed) return [{ ...only, isSelf: true }];
  const described = poms.map((pom) => ({ ...pom, isSelf: pom === own }));
  return own === undefined ? [{ ...self, isSelf: true, isGuessed: true }, ...described] : described;
}

function add(
  reading: Reading,
  { innerPath, bytes }: OpenArchive,
  { group, artifact, version, isSelf, isGuessed }: DescribedArtifact,
): void {
  if (reading.found.length > foundMax) {
    throw new ArchiveError('limit:entries', `Cannot read the zip: at most ${foundMax} packages`);
  }
  const name = group === '' ? artifact : `${group}:${artifact}`;
  reading.found.push({
    ...languagePackage('java', { name, version }),
    ...(innerPath !== '' && { innerPath: capText(innerPath) }),
    ...(isSelf && { sha1: createHash('sha1').update(bytes).digest('hex') }),
    ...(isGuessed && { isGuessed }),
  });
}

function readNested(reading: Reading, open: OpenArchive, archive: ZipArchive, entry: ZipEntry): void {
  reading.nestedBytes += entry.sizeBytes;
  if (open.depth === depthMax || reading.nestedBytes > nestedBytesMax) {
    throw new ArchiveError(
      'limit:inflated',
      'Cannot read the zip: archives within it go too deep or are too large',
    );
  }
  const innerPath = open.innerPath === '' ? entry.name : `${open.innerPath} > ${entry.name}`;
  readArchive(reading, {
    fileName: fileNameOf(entry.name),
    bytes: archive.read(entry),
    innerPath,
    depth: open.depth + 1,
  });
}
