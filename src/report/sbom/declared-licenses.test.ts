import { createHash } from 'node:crypto';
import { Spec, Validation } from '@cyclonedx/cyclonedx-library';
import { describe, expect, it } from 'vitest';
import { cyclonedxDocument } from './cyclonedx.ts';
import type { DescribedImage, DocumentMaker } from './described-image.ts';
import { spdxDocument } from './spdx.ts';
import { spdx3Document } from './spdx-3.ts';

const maker: DocumentMaker = {
  version: '1.2.3',
  hashText: (text) => createHash('sha256').update(text).digest('hex'),
};

/** An image with one package for each licence. */
function imageOf(...licenses: readonly (string | undefined)[]): DescribedImage {
  return {
    name: 'demo/app',
    tags: [],
    inspectedAt: new Date('2026-01-02T03:04:05Z'),
    doubts: [],
    packages: licenses.map((license, index) => {
      const name = `p${index}`;
      const versions = { version: '1', sourceName: name, sourceVersion: '1', module: '' };
      return {
        package: { ecosystem: 'npm', release: '', name, ...versions },
        place: { layerDigest: '', layerIndex: 0, path: `${name}/package.json` },
        ownedByDistribution: false,
        purl: `pkg:npm/${name}@1`,
        ...(license === undefined ? {} : { license }),
      };
    }),
  };
}

describe('a licence that SPDX knows', () => {
  it.each([
    ['MIT', 'MIT'],
    ['GPL-2.0+', 'GPL-2.0+'],
    ['GPL-2.0-only WITH Classpath-exception-2.0', 'GPL-2.0-only WITH Classpath-exception-2.0'],
    ['(MIT OR Apache-2.0) AND ISC', '(MIT OR Apache-2.0) AND ISC'],
    ['MIT OR Apache-2.0 AND ISC', 'MIT OR (Apache-2.0 AND ISC)'],
    ['mit and x', undefined],
    ['MIT and ISC', 'MIT AND ISC'],
    ['MIT ANDISC', 'MIT AND ISC'],
  ])('%s is declared as %s', (declared, expression) => {
    const { packages } = spdxDocument(imageOf(declared), maker) as { packages?: readonly unknown[] };
    expect(packages?.[1]).toMatchObject({
      licenseDeclared: expression ?? 'NOASSERTION',
      licenseConcluded: 'NOASSERTION',
    });
  });

  it('stands in all formats', async () => {
    const image = imageOf('MIT', undefined, 'MIT', 'ISC OR MIT');
    const cyclonedx = cyclonedxDocument(image, maker);
    expect(cyclonedx['components']).toMatchObject([
      { licenses: [{ expression: 'MIT', acknowledgement: 'declared' }] },
      { name: 'p1' },
      { licenses: [{ expression: 'MIT' }] },
      { licenses: [{ expression: 'ISC OR MIT' }] },
    ]);
    const validator = new Validation.JsonStrictValidator(Spec.Version.v1dot6);
    expect(await validator.validate(JSON.stringify(cyclonedx))).toBeNull();
    const elements = spdx3Document(image, maker)['@graph'] as readonly Readonly<Record<string, unknown>>[]; // as JSON-LD has it
    const expressions = elements.filter(({ type }) => type === 'simplelicensing_LicenseExpression');
    expect(expressions.map((one) => one['simplelicensing_licenseExpression'])).toEqual(['MIT', 'ISC OR MIT']);
    const [mit, either] = expressions.map(({ spdxId }) => spdxId);
    const declared = elements.filter((one) => one['relationshipType'] === 'hasDeclaredLicense');
    expect(declared.map(({ to }) => to)).toEqual([[mit], [mit], [either]]);
    const ids = new Set(elements.map(({ spdxId }) => spdxId));
    for (const { from } of declared) expect(ids).toContain(from);
    expect(elements.find(({ type }) => type === 'software_Sbom')).toMatchObject({
      profileConformance: ['core', 'software', 'simpleLicensing'],
    });
  });
});

describe('a licence that SPDX does not know', () => {
  const hostile = ['<script>', '((('.repeat(300), 'MIT AND', 'LicenseRef-x OR MIT', '\u202e', '__proto__'];

  it.each(['GPL2', 'SEE LICENSE IN LICENSE.txt', ...hostile])('%s is told in words', async (text) => {
    const cyclonedx = cyclonedxDocument(imageOf(text), maker);
    expect(cyclonedx['components']).toMatchObject([
      { licenses: [{ license: { name: text, acknowledgement: 'declared' } }] },
    ]);
    const validator = new Validation.JsonStrictValidator(Spec.Version.v1dot6);
    expect(await validator.validate(JSON.stringify(cyclonedx))).toBeNull();
    const words = `The package declares its licence as: ${text}`;
    expect(spdxDocument(imageOf(text), maker)).toMatchObject({
      packages: [{}, { licenseDeclared: 'NOASSERTION', licenseComments: words }],
    });
    const elements = spdx3Document(imageOf(text), maker)['@graph'];
    expect(elements).toContainEqual(expect.objectContaining({ name: 'p0', comment: words }));
    expect(JSON.stringify(elements)).not.toContain('simplelicensing');
  });

  it('is any beyond the 2,000th of a document, so that a hostile image does not keep the parser busy', () => {
    const distinct = Array.from({ length: 2_100 }, (_, index) =>
      Array.from(index.toString(2), (bit) => (bit === '0' ? 'MIT' : 'ISC')).join(' AND '),
    );
    const written = JSON.stringify(spdxDocument(imageOf(...distinct), maker));
    expect(written.split('"licenseComments"')).toHaveLength(101);
  });
});
