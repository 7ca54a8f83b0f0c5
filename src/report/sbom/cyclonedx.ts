import { documentId, wholeSeconds } from './_document-id.ts';
import { type NamedPackage, namedPackages } from './_named-packages.ts';
import { type Completeness, completenessOf } from './completeness.ts';
import type { DescribedImage, DocumentMaker, JsonObject } from './described-image.ts';
import { imageUrl } from './image-url.ts';

// https://cyclonedx.org/docs/1.6/json/

const imageReference = 'image';
const systemReference = 'operating-system';

/**
 * A CycloneDX 1.6 document. Each package of the inventory is one component, and the operating system is one more; where
 * a package lies is in `evidence.occurrences` and in properties named `pratique:…`. A list that is or may be incomplete
 * says so in `compositions`; no composition claims that one is complete.
 */
export function cyclonedxDocument(image: DescribedImage, maker: DocumentMaker): JsonObject {
  const packages = namedPackages(image, maker);
  const completeness = completenessOf(image);
  const head = { $schema: 'http://cyclonedx.org/schema/bom-1.6.schema.json', bomFormat: 'CycloneDX' };
  const metadata = {
    lifecycles: [{ phase: 'post-build' }],
    tools: { components: [{ type: 'application', name: 'pratique', version: maker.version }] },
    component: imageComponent(image),
    properties: completenessProperties(completeness),
  };
  const body = {
    components: [...systemComponents(image), ...packages.map(packageComponent)],
    dependencies: [
      {
        ref: imageReference,
        dependsOn: [
          ...(image.distribution === undefined ? [] : [systemReference]),
          ...packages.map(({ reference }) => reference),
        ],
      },
    ],
    ...(completeness.kind === 'read'
      ? {}
      : { compositions: [{ aggregate: completeness.kind, assemblies: [imageReference] }] }),
  };
  return {
    ...head,
    specVersion: '1.6',
    serialNumber: `urn:uuid:${documentId({ metadata, body }, maker)}`,
    version: 1,
    metadata: { timestamp: wholeSeconds(image.inspectedAt), ...metadata },
    ...body,
  };
}

interface Property {
  readonly name: string;
  readonly value: string;
}

function completenessProperties({ kind, reasons }: Completeness): readonly Property[] {
  return [
    { name: 'pratique:inventory', value: kind },
    ...reasons.map((value) => ({ name: 'pratique:inventory:reason', value })),
  ];
}

function imageComponent(image: DescribedImage): JsonObject {
  const { name, digest, configDigest, platform, tags } = image;
  const purl = imageUrl(image);
  const properties: readonly Property[] = [
    ...(configDigest === undefined ? [] : [{ name: 'pratique:image:id', value: configDigest }]),
    ...(platform === undefined
      ? []
      : [
          {
            name: 'pratique:image:platform',
            value: [platform.os, platform.architecture, platform.variant ?? []].flat().join('/'),
          },
        ]),
    ...tags.toSorted().map((value) => ({ name: 'pratique:image:tag', value })),
  ];
  return {
    type: 'container',
    'bom-ref': imageReference,
    name,
    ...(digest === undefined ? {} : { version: digest, hashes: [hashOf(digest)] }),
    ...(purl === undefined ? {} : { purl }),
    properties,
  };
}

function hashOf(digest: string): JsonObject {
  const [algorithm, content] = digest.split(':');
  return { alg: algorithm === 'sha512' ? 'SHA-512' : 'SHA-256', content };
}

function systemComponents({ distribution }: DescribedImage): readonly JsonObject[] {
  if (distribution === undefined) return [];
  const { id, versionId, prettyName } = distribution;
  return [
    {
      type: 'operating-system',
      'bom-ref': systemReference,
      name: id,
      ...(versionId === '' ? {} : { version: versionId }),
      ...(prettyName === '' ? {} : { description: prettyName }),
    },
  ];
}

function packageComponent({ reference, package: installed, place, ...rest }: NamedPackage): JsonObject {
  const { ecosystem, version, sourceName, sourceVersion, module } = installed;
  const isBuiltFromOther = sourceName !== installed.name || sourceVersion !== version;
  const properties: readonly Property[] = [
    { name: 'pratique:package:ecosystem', value: ecosystem },
    ...(isBuiltFromOther ? [{ name: 'pratique:package:source', value: sourceName }] : []),
    ...(isBuiltFromOther && sourceVersion !== ''
      ? [{ name: 'pratique:package:source-version', value: sourceVersion }]
      : []),
    ...(module === '' ? [] : [{ name: 'pratique:package:module', value: module }]),
    ...(rest.ownedByDistribution ? [{ name: 'pratique:package:owned-by-distribution', value: 'true' }] : []),
    { name: 'pratique:layer:index', value: String(place.layerIndex) },
    ...(place.layerDigest === '' ? [] : [{ name: 'pratique:layer:digest', value: place.layerDigest }]),
  ];
  return {
    type: ecosystem === 'generic' ? 'application' : 'library',
    'bom-ref': reference,
    ...groupAndName(installed),
    ...(version === '' ? {} : { version }),
    ...licensesOf(rest),
    purl: rest.purl,
    evidence: { occurrences: [{ location: place.path }] },
    properties,
  };
}

/** An expression even where it is one id: the schema has a list of ids of its own, older than SPDX's. */
function licensesOf({ license }: Pick<NamedPackage, 'license'>): JsonObject {
  if (license === undefined) return {};
  const acknowledgement = 'declared';
  return license.kind === 'expression'
    ? { licenses: [{ expression: license.expression, acknowledgement }] }
    : { licenses: [{ license: { name: license.text, acknowledgement } }] };
}

/** Where an ecosystem's names begin with a group, what ends that. */
const groupEnds: Readonly<Record<string, string>> = { npm: '/', Maven: ':', Packagist: '/' };

function groupAndName({ ecosystem, name }: { readonly ecosystem: string; readonly name: string }): {
  readonly group?: string;
  readonly name: string;
} {
  const separator = Object.hasOwn(groupEnds, ecosystem) ? groupEnds[ecosystem] : undefined;
  const end = separator === undefined ? -1 : name.lastIndexOf(separator);
  return end > 0 ? { group: name.slice(0, end), name: name.slice(end + 1) } : { name };
}
