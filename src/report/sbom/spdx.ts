import { documentId, wholeSeconds } from './_document-id.ts';
import { type NamedPackage, namedPackages } from './_named-packages.ts';
import { completenessInWords, completenessOf } from './completeness.ts';
import type { DescribedImage, DocumentMaker, JsonObject } from './described-image.ts';
import { imageUrl } from './image-url.ts';

// https://spdx.github.io/spdx-spec/v2.3/

const documentReference = 'SPDXRef-DOCUMENT';
const imageReference = 'SPDXRef-Image';
const systemReference = 'SPDXRef-OperatingSystem';

/** What is not looked for: no statement, rather than "none". */
const notAsserted = {
  supplier: 'NOASSERTION',
  downloadLocation: 'NOASSERTION',
  filesAnalyzed: false,
  licenseConcluded: 'NOASSERTION',
  licenseDeclared: 'NOASSERTION',
  copyrightText: 'NOASSERTION',
} as const;

/**
 * An SPDX 2.3 document: the image contains the operating system and each package of the inventory; where a package lies is
 * in its `sourceInfo`. A list that is or may be incomplete says so in `comment`, and the image contains `NOASSERTION` too.
 */
export function spdxDocument(image: DescribedImage, maker: DocumentMaker): JsonObject {
  const packages = namedPackages(image, maker);
  const comment = completenessInWords(completenessOf(image));
  const contained = [
    ...(image.distribution === undefined ? [] : [systemReference]),
    ...packages.map(packageReference),
    ...(comment === undefined ? [] : ['NOASSERTION']),
  ];
  const creators = [`Tool: pratique-${maker.version}`];
  const body = {
    ...(comment === undefined ? {} : { comment }),
    packages: [imagePackage(image, comment), ...systemPackages(image), ...packages.map(listedPackage)],
    relationships: [
      relationship(documentReference, 'DESCRIBES', imageReference),
      ...contained.map((reference) => relationship(imageReference, 'CONTAINS', reference)),
    ],
  };
  return {
    spdxVersion: 'SPDX-2.3',
    dataLicense: 'CC0-1.0',
    SPDXID: documentReference,
    name: image.name,
    documentNamespace: `urn:uuid:${documentId({ creators, body }, maker)}`,
    creationInfo: { created: wholeSeconds(image.inspectedAt), creators },
    ...body,
  };
}

function relationship(from: string, relationshipType: string, to: string): JsonObject {
  return { spdxElementId: from, relationshipType, relatedSpdxElement: to };
}

function packageReference({ reference }: NamedPackage): string {
  return `SPDXRef-Package-${reference}`;
}

function imagePackage(image: DescribedImage, comment: string | undefined): JsonObject {
  const { name, digest, tags } = image;
  const purl = imageUrl(image);
  const notes = [
    ...(tags.length === 0 ? [] : [`Tags: ${tags.toSorted().join(', ')}.`]),
    ...(comment === undefined ? [] : [comment]),
  ];
  return {
    SPDXID: imageReference,
    name,
    ...(digest === undefined ? {} : { versionInfo: digest, checksums: [checksumOf(digest)] }),
    primaryPackagePurpose: 'CONTAINER',
    ...notAsserted,
    ...(purl === undefined ? {} : { externalRefs: [purlReference(purl)] }),
    ...(notes.length === 0 ? {} : { comment: notes.join(' ') }),
  };
}

function checksumOf(digest: string): JsonObject {
  const [algorithm, checksumValue] = digest.split(':');
  return { algorithm: algorithm === 'sha512' ? 'SHA512' : 'SHA256', checksumValue };
}

function purlReference(purl: string): JsonObject {
  return { referenceCategory: 'PACKAGE-MANAGER', referenceType: 'purl', referenceLocator: purl };
}

function systemPackages({ distribution }: DescribedImage): readonly JsonObject[] {
  if (distribution === undefined) return [];
  const { id, versionId, prettyName } = distribution;
  return [
    {
      SPDXID: systemReference,
      name: id,
      ...(versionId === '' ? {} : { versionInfo: versionId }),
      // The text of the specification has a dash; its JSON schema, and what reads JSON, an underscore.
      primaryPackagePurpose: 'OPERATING_SYSTEM',
      ...notAsserted,
      ...(prettyName === '' ? {} : { summary: prettyName }),
    },
  ];
}

function listedPackage(listed: NamedPackage): JsonObject {
  const { name, version, ecosystem } = listed.package;
  return {
    SPDXID: packageReference(listed),
    name,
    ...(version === '' ? {} : { versionInfo: version }),
    primaryPackagePurpose: ecosystem === 'generic' ? 'APPLICATION' : 'LIBRARY',
    ...notAsserted,
    ...licenseOf(listed),
    sourceInfo: sourceInfoOf(listed),
    externalRefs: [purlReference(listed.purl)],
  };
}

/** What is no expression of SPDX's is told in words: nothing is asserted of it. */
function licenseOf({ license }: NamedPackage): JsonObject {
  if (license === undefined) return {};
  return license.kind === 'expression'
    ? { licenseDeclared: license.expression }
    : { licenseComments: licenseInWords(license.text) };
}

export function licenseInWords(declared: string): string {
  return `The package declares its licence as: ${declared}`;
}

/** "Background information or origin" of a package (SPDX 2.3 §7.12): its place, and what it was built from. */
export function sourceInfoOf({ package: installed, place, ownedByDistribution }: NamedPackage): string {
  const { name, version, sourceName, sourceVersion, module } = installed;
  const layer = `layer ${place.layerIndex}${place.layerDigest === '' ? '' : ` (${place.layerDigest})`}`;
  return [
    `found in ${place.path} of ${layer}`,
    ...(sourceName === name && sourceVersion === version
      ? []
      : [`built from the source package ${`${sourceName} ${sourceVersion}`.trim()}`]),
    ...(module === '' ? [] : [`of the module ${module}`]),
    ...(ownedByDistribution ? ['installed by a package of the distribution'] : []),
  ].join('; ');
}
