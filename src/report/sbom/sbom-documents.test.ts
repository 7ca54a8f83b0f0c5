import { createHash } from 'node:crypto';
import { Spec, Validation } from '@cyclonedx/cyclonedx-library';
import { describe, expect, it } from 'vitest';
import type { Digest } from '../../oci/digest.ts';
import { cyclonedxDocument } from './cyclonedx.ts';
import type { DescribedImage, DocumentMaker, ListedPackage } from './described-image.ts';
import { sbomFormatNames } from './sbom-format-names.ts';
import { sbomFormats } from './sbom-formats.ts';
import { spdxDocument } from './spdx.ts';
import { spdx3Document } from './spdx-3.ts';

const maker: DocumentMaker = {
  version: '1.2.3',
  hashText: (text) => createHash('sha256').update(text).digest('hex'),
};
const digest = `sha256:${'a'.repeat(64)}` as Digest; // in the registered form
const layerDigest = `sha256:${'b'.repeat(64)}`;

function listed(name: string, more: Partial<ListedPackage['package']> = {}, path = 'a/b'): ListedPackage {
  const installed = { ecosystem: 'npm', release: '', name, version: '1.0', module: '', ...more };
  return {
    package: { sourceName: installed.name, sourceVersion: installed.version, ...installed },
    place: { layerDigest, layerIndex: 1, path, createdBy: 'RUN TOKEN=hunter2 make' },
    ownedByDistribution: false,
    purl: `pkg:npm/${encodeURIComponent(name)}@${encodeURIComponent(installed.version)}`,
  };
}

const image: DescribedImage = {
  name: 'demo/app',
  digest,
  configDigest: `sha256:${'c'.repeat(64)}`,
  platform: { os: 'linux', architecture: 'arm64', variant: 'v8' },
  repository: { name: 'demo/app', registry: 'registry.test:5000' },
  tags: ['2.0', '1.0'],
  distribution: { id: 'alpine', versionId: '3.4.0', prettyName: 'Alpine Linux v3.4' },
  inspectedAt: new Date('2026-01-02T03:04:05.678Z'),
  doubts: [],
  packages: [
    listed('zlib'),
    listed('musl-utils', { ecosystem: 'Alpine', sourceName: 'musl', sourceVersion: '1.0' }),
    listed('left'),
    listed('left', {}, 'c/d'),
    { ...listed('owned', { ecosystem: 'PyPI' }), ownedByDistribution: true },
    listed('nginx', { ecosystem: 'generic', version: '' }),
    listed('maven:a:b', { ecosystem: 'Maven', module: 'x:1' }),
  ],
};

async function schemaErrors(document: unknown): Promise<unknown> {
  return await new Validation.JsonStrictValidator(Spec.Version.v1dot6).validate(JSON.stringify(document));
}

const hostileTexts = ['<script>', '\u001b[2J\n', '\u202e', '"}],"', '…'.repeat(80), '__proto__', ' '];
const hostile: DescribedImage = {
  ...image,
  packages: hostileTexts.map((text) => listed(text, { version: text, sourceName: text }, text)),
};
const incomplete: DescribedImage = {
  ...image,
  problem: { phase: 'read-layer', reason: 'layer 1: cut off', remedy: 'Build it again' },
};
const doubtful: DescribedImage = {
  ...image,
  doubts: [
    { code: 'unreadable-file', message: 'A Cargo.lock is not of its format' },
    { code: 'feed-stale', message: 'The feed is old' },
  ],
};
const rootFileSystem: DescribedImage = {
  name: 'rootfs',
  tags: [],
  inspectedAt: image.inspectedAt,
  doubts: [],
  packages: [],
};

describe('cyclonedxDocument()', () => {
  it.each([
    ['an image', image],
    ['hostile texts', hostile],
    ['an incomplete image', incomplete],
    ['a doubtful one', doubtful],
    ['a root file system without packages', rootFileSystem],
  ])('is valid by the official schema: %s', async (_, described) => {
    expect(await schemaErrors(cyclonedxDocument(described, maker))).toBeNull();
  });

  it('is not found valid when a field is wrong, so the test can fail', async () => {
    expect(await schemaErrors({ ...cyclonedxDocument(image, maker), version: 0 })).not.toBeNull();
  });

  it('has a component for every package, at its place, and one for the system', () => {
    const document = cyclonedxDocument(image, maker);
    expect(document['components']).toHaveLength(image.packages.length + 1);
    expect(document['components']).toContainEqual(
      expect.objectContaining({
        type: 'library',
        name: 'musl-utils',
        purl: 'pkg:npm/musl-utils@1.0',
        evidence: { occurrences: [{ location: 'a/b' }] },
        properties: [
          { name: 'pratique:package:ecosystem', value: 'Alpine' },
          { name: 'pratique:package:source', value: 'musl' },
          { name: 'pratique:package:source-version', value: '1.0' },
          { name: 'pratique:layer:index', value: '1' },
          { name: 'pratique:layer:digest', value: layerDigest },
        ],
      }),
    );
    expect(document['components']).toContainEqual(
      expect.objectContaining({ type: 'operating-system', name: 'alpine', version: '3.4.0' }),
    );
    expect(document['components']).toContainEqual(expect.objectContaining({ group: 'maven:a', name: 'b' }));
    expect(document).toMatchObject({
      metadata: {
        timestamp: '2026-01-02T03:04:05Z',
        component: {
          name: 'demo/app',
          version: digest,
          purl: `pkg:oci/app@${digest}?arch=arm64&repository_url=registry.test%3A5000%2Fdemo%2Fapp`,
        },
      },
    });
  });

  it('refers only to components that are there, each under a reference of its own', () => {
    const { components, dependencies } = cyclonedxDocument(image, maker) as unknown as {
      components: readonly { readonly 'bom-ref': string }[]; // as the schema has it
      dependencies: readonly { readonly dependsOn: readonly string[] }[];
    };
    const references = components.map((component) => component['bom-ref']);
    expect(new Set(references).size).toBe(references.length);
    expect(dependencies[0]?.dependsOn).toEqual(references);
  });

  it('says in a composition that the list is or may be incomplete, and never that it is complete', () => {
    expect(cyclonedxDocument(image, maker)).not.toHaveProperty('compositions');
    expect(cyclonedxDocument(incomplete, maker)['compositions']).toEqual([
      { aggregate: 'incomplete', assemblies: ['image'] },
    ]);
    const document = cyclonedxDocument(doubtful, maker);
    expect(document['compositions']).toEqual([{ aggregate: 'unknown', assemblies: ['image'] }]);
    expect(document).toMatchObject({
      metadata: {
        properties: [
          { name: 'pratique:inventory', value: 'unknown' },
          { name: 'pratique:inventory:reason', value: 'A Cargo.lock is not of its format' },
        ],
      },
    });
  });
});

describe('spdxDocument()', () => {
  it('has a package for every package of the inventory, one for the image and one for the system', () => {
    const document = spdxDocument(image, maker);
    expect(document['packages']).toHaveLength(image.packages.length + 2);
    expect(document['relationships']).toHaveLength(image.packages.length + 2);
    expect(document['packages']).toContainEqual(
      expect.objectContaining({
        name: 'musl-utils',
        versionInfo: '1.0',
        primaryPackagePurpose: 'LIBRARY',
        sourceInfo: `found in a/b of layer 1 (${layerDigest}); built from the source package musl 1.0`,
        externalRefs: [
          {
            referenceCategory: 'PACKAGE-MANAGER',
            referenceType: 'purl',
            referenceLocator: 'pkg:npm/musl-utils@1.0',
          },
        ],
      }),
    );
    expect(document['packages']).toContainEqual(
      expect.objectContaining({
        name: 'owned',
        sourceInfo: `found in a/b of layer 1 (${layerDigest}); installed by a package of the distribution`,
      }),
    );
    // schemas/spdx-schema.json of SPDX 2.3 knows no other spelling.
    expect(document['packages']).toContainEqual(
      expect.objectContaining({ name: 'alpine', primaryPackagePurpose: 'OPERATING_SYSTEM' }),
    );
    expect(document).not.toHaveProperty('comment');
  });

  it('gives every element an identifier of its own, in the letters that SPDX allows', () => {
    for (const described of [image, hostile]) {
      const { packages } = spdxDocument(described, maker) as unknown as {
        packages: readonly { readonly SPDXID: string }[]; // as the schema has it
      };
      const ids = packages.map(({ SPDXID }) => SPDXID);
      expect(new Set(ids).size).toBe(ids.length);
      for (const id of ids) expect(id).toMatch(/^SPDXRef-[A-Za-z0-9.-]+$/);
    }
  });

  it('says in comments that the list is or may be incomplete', () => {
    const document = spdxDocument(incomplete, maker);
    const comment =
      'The list of packages is incomplete. A part of the image could not be read: layer 1: cut off.';
    expect(document).toMatchObject({
      comment,
      packages: [{ comment: `Tags: 1.0, 2.0. ${comment}` }, {}, {}, {}, {}, {}, {}, {}, {}],
    });
    expect(document['relationships']).toContainEqual({
      spdxElementId: 'SPDXRef-Image',
      relationshipType: 'CONTAINS',
      relatedSpdxElement: 'NOASSERTION',
    });
    expect(spdxDocument(doubtful, maker)).toMatchObject({
      comment: 'The list of packages may be incomplete. A Cargo.lock is not of its format.',
    });
  });
});

describe('spdx3Document()', () => {
  const elementsOf = (described: DescribedImage) =>
    spdx3Document(described, maker)['@graph'] as readonly Readonly<Record<string, unknown>>[]; // as JSON-LD has it

  it('has an element for every package of the inventory, one for the image and one for the system', () => {
    const elements = elementsOf(image);
    expect(elements.filter(({ type }) => type === 'software_Package')).toHaveLength(
      image.packages.length + 2,
    );
    expect(elements).toContainEqual(
      expect.objectContaining({
        type: 'software_Package',
        name: 'musl-utils',
        software_packageVersion: '1.0',
        software_packageUrl: 'pkg:npm/musl-utils@1.0',
        software_sourceInfo: `found in a/b of layer 1 (${layerDigest}); built from the source package musl 1.0`,
      }),
    );
  });

  it('refers only to elements that are there, each under an IRI of its own', () => {
    for (const described of [image, hostile, rootFileSystem]) {
      const elements = elementsOf(described).slice(1);
      const ids = elements.map(({ spdxId }) => spdxId);
      expect(new Set(ids).size).toBe(ids.length);
      for (const id of ids) expect(id).toMatch(/^urn:uuid:[0-9a-f-]{36}#[A-Za-z0-9.-]+$/);
      for (const { to, element: listed, rootElement } of elements) {
        for (const reference of [to ?? [], listed ?? [], rootElement ?? []].flat())
          expect(ids).toContain(reference);
      }
    }
  });

  it('says of what the image contains that it is incomplete, or nothing about it', () => {
    const completenessIn = (described: DescribedImage) =>
      elementsOf(described).find(({ type }) => type === 'Relationship')?.['completeness'];
    expect([image, doubtful, incomplete].map(completenessIn)).toEqual([
      'noAssertion',
      'noAssertion',
      'incomplete',
    ]);
    expect(elementsOf(doubtful)).toContainEqual(
      expect.objectContaining({
        type: 'SpdxDocument',
        comment: 'The list of packages may be incomplete. A Cargo.lock is not of its format.',
      }),
    );
  });
});

describe.each(sbomFormatNames)('a document of the format %s', (format) => {
  const write = (described: DescribedImage) => JSON.stringify(sbomFormats[format].write(described, maker));

  it('is the same for the same inventory, in whatever order it comes', () => {
    const reversed = { ...image, packages: image.packages.toReversed(), tags: image.tags.toReversed() };
    expect(write(reversed)).toBe(write(image));
  });

  it('keeps its identity in another scan that finds the same, and only then', () => {
    const ids = (text: string) => /urn:uuid:[0-9a-f-]{36}/.exec(text)?.[0];
    const later = { ...image, inspectedAt: new Date('2026-03-04T05:06:07Z') };
    const smaller = { ...image, packages: image.packages.slice(1) };
    expect(ids(write(image))).toMatch(
      /^urn:uuid:[0-9a-f]{8}-[0-9a-f]{4}-8[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}$/,
    );
    expect(ids(write(later))).toBe(ids(write(image)));
    expect(ids(write(smaller))).not.toBe(ids(write(image)));
  });

  it('E4: holds no command of the build, masked or not', () => {
    expect(write(image)).not.toContain('hunter2');
    expect(write(image)).not.toContain('make');
  });
});
