import { documentId, wholeSeconds } from './_document-id.ts';
import { type NamedPackage, namedPackages } from './_named-packages.ts';
import { type Completeness, completenessInWords, completenessOf } from './completeness.ts';
import type { DescribedImage, DocumentMaker, JsonObject } from './described-image.ts';
import { imageUrl } from './image-url.ts';
import { licenseInWords, sourceInfoOf } from './spdx.ts';

// https://spdx.github.io/spdx-spec/v3.0.1/

/** Every element of a document is made by the same hands at the same time. */
const creationReference = '_:creation';

/** Gives an element of this document its IRI. */
type NameElement = (reference: string) => string;

/**
 * An SPDX 3.0.1 document as JSON-LD: an SBOM of the kind `analyzed` whose root is the image, which contains the operating
 * system and each package. That the list is or may be incomplete stands in `completeness` of that relationship.
 */
export function spdx3Document(image: DescribedImage, maker: DocumentMaker): JsonObject {
  const packages = namedPackages(image, maker);
  // Of the same content as the elements below, but for the names that it gives them.
  const id = documentId(elementsOf({ image, maker, packages, nameElement: (reference) => reference }), maker);
  const nameElement = (reference: string) => `urn:uuid:${id}#${reference}`;
  return {
    '@context': 'https://spdx.org/rdf/3.0.1/spdx-context.jsonld',
    '@graph': [
      {
        type: 'CreationInfo',
        '@id': creationReference,
        specVersion: '3.0.1',
        created: wholeSeconds(image.inspectedAt),
        createdBy: [nameElement('agent')],
        createdUsing: [nameElement('tool')],
      },
      ...elementsOf({ image, maker, packages, nameElement }),
    ],
  };
}

interface ToWrite {
  readonly image: DescribedImage;
  readonly maker: DocumentMaker;
  readonly packages: readonly NamedPackage[];
  readonly nameElement: NameElement;
}

function elementsOf({ image, maker, packages, nameElement }: ToWrite): readonly JsonObject[] {
  const completeness = completenessOf(image);
  const comment = completenessInWords(completeness);
  const commented = comment === undefined ? {} : { comment };
  const software = [
    ...systemPackages(image, nameElement),
    ...packages.map((listed) => listedPackage(listed, nameElement)),
  ];
  const relationships = containsRelationship({ software, completeness, nameElement });
  const licenses = declaredLicenses(packages, nameElement);
  const content = [imagePackage(image, nameElement), ...software, ...relationships, ...licenses];
  const conformance = {
    profileConformance: ['core', 'software', ...(licenses.length === 0 ? [] : ['simpleLicensing'])],
  };
  const sbom = element('software_Sbom', nameElement('sbom'), {
    ...conformance,
    software_sbomType: ['analyzed'],
    rootElement: [nameElement('image')],
    element: content.map((one) => one['spdxId']),
  });
  const makers = [
    element('SoftwareAgent', nameElement('agent'), { name: 'pratique' }),
    element('Tool', nameElement('tool'), { name: `pratique-${maker.version}` }),
  ];
  return [
    element('SpdxDocument', nameElement('document'), {
      name: image.name,
      ...commented,
      ...conformance,
      rootElement: [sbom['spdxId']],
      element: [...makers, sbom, ...content].map((one) => one['spdxId']),
    }),
    ...makers,
    sbom,
    ...content,
  ];
}

function element(type: string, spdxId: string, fields: JsonObject): JsonObject {
  return { type, spdxId, creationInfo: creationReference, ...fields };
}

function imagePackage(image: DescribedImage, nameElement: NameElement): JsonObject {
  const { name, digest, tags } = image;
  const purl = imageUrl(image);
  return element('software_Package', nameElement('image'), {
    name,
    software_primaryPurpose: 'container',
    ...(digest === undefined ? {} : { software_packageVersion: digest, verifiedUsing: [hashOf(digest)] }),
    ...(purl === undefined ? {} : { software_packageUrl: purl }),
    ...(tags.length === 0 ? {} : { comment: `Tags: ${tags.toSorted().join(', ')}.` }),
  });
}

function hashOf(digest: string): JsonObject {
  const [algorithm, hashValue] = digest.split(':');
  return { type: 'Hash', algorithm, hashValue };
}

function systemPackages({ distribution }: DescribedImage, nameElement: NameElement): readonly JsonObject[] {
  if (distribution === undefined) return [];
  const { id, versionId, prettyName } = distribution;
  return [
    element('software_Package', nameElement('operating-system'), {
      name: id,
      software_primaryPurpose: 'operatingSystem',
      ...(versionId === '' ? {} : { software_packageVersion: versionId }),
      ...(prettyName === '' ? {} : { summary: prettyName }),
    }),
  ];
}

function listedPackage(listed: NamedPackage, nameElement: NameElement): JsonObject {
  const { license } = listed;
  const { name, version, ecosystem } = listed.package;
  return element('software_Package', nameElement(`package-${listed.reference}`), {
    name,
    software_primaryPurpose: ecosystem === 'generic' ? 'application' : 'library',
    ...(version === '' ? {} : { software_packageVersion: version }),
    software_packageUrl: listed.purl,
    software_sourceInfo: sourceInfoOf(listed),
    ...(license?.kind === 'text' ? { comment: licenseInWords(license.text) } : {}),
  });
}

/** Each expression that packages declare as one element, and from each of those packages a relationship to it. */
function declaredLicenses(
  packages: readonly NamedPackage[],
  nameElement: NameElement,
): readonly JsonObject[] {
  const ids = new Map<string, string>();
  const relationships: JsonObject[] = [];
  for (const { reference, license } of packages) {
    if (license?.kind !== 'expression') continue;
    const { expression } = license;
    const id = ids.get(expression) ?? nameElement(`license-${ids.size + 1}`);
    ids.set(expression, id);
    relationships.push(
      element('Relationship', nameElement(`license-of-${reference}`), {
        relationshipType: 'hasDeclaredLicense',
        from: nameElement(`package-${reference}`),
        to: [id],
      }),
    );
  }
  const expressions = [...ids].map(([expression, id]) =>
    element('simplelicensing_LicenseExpression', id, {
      simplelicensing_licenseExpression: expression,
    }),
  );
  return [...expressions, ...relationships];
}

/** None for an image of nothing: a relationship has at least one element that it goes to. */
function containsRelationship(options: {
  readonly software: readonly JsonObject[];
  readonly completeness: Completeness;
  readonly nameElement: NameElement;
}): readonly JsonObject[] {
  const { software, completeness, nameElement } = options;
  if (software.length === 0) return [];
  return [
    element('Relationship', nameElement('contains'), {
      relationshipType: 'contains',
      from: nameElement('image'),
      to: software.map((one) => one['spdxId']),
      // What no package manager knows of is in no inventory, so that none is called complete.
      completeness: completeness.kind === 'incomplete' ? 'incomplete' : 'noAssertion',
    }),
  ];
}
