import fc from 'fast-check';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import type { Package } from '../../report/package.ts';
import { createTemporaryDatabase, type TemporaryDatabase } from '../../testing/temporary-database.ts';
import { internPackages } from '../intern-packages.ts';
import { deflateJson } from './deflated-json.ts';
import { encodePlaces, readPlaces, type StoredPlace } from './image-places.ts';
import { InternedPackages } from './interned-packages.ts';
import { packIds } from './packed-ids.ts';
import { StoredReportError } from './stored-report-error.ts';

const layerDigest = `sha256:${'0a'.repeat(32)}`;
const ids: number[] = [];
let database: TemporaryDatabase;
let reader: InternedPackages;

const packages = [
  ['Debian', '12', 'libssl3', '3.0.14-1', 'openssl', '3.0.14'],
  ['Debian', '12', 'bash', '5.2', 'bash', '5.2'],
  ['npm', '', '@scope/core', '1.10.0'],
  ['npm', '', 'a', '1'],
  ['PyPI', '', 'typing-extensions', '4.1.0'],
  ['Maven', '', 'org.springframework:spring-core', '5.3.1'],
  ['npm', '', '\u0001\u0002 $& \\ "quoted" 名前', '\u0003 \u0004…'],
].map(
  ([
    ecosystem = '',
    release = '',
    name = '',
    version = '',
    sourceName = name,
    sourceVersion = version,
  ]): Package => ({
    ecosystem,
    release,
    name,
    version,
    sourceName,
    sourceVersion,
    module: name === 'bash' ? 'shell:1' : '',
  }),
);

beforeAll(async () => {
  database = await createTemporaryDatabase();
  reader = new InternedPackages(database.db, 1_000);
  ids.push(...(await internPackages(database.db, packages)));
});
afterAll(() => database.drop());

function placeAt(path: string, which: number, more: Partial<StoredPlace> = {}): StoredPlace {
  const own = packages[which];
  const packageId = ids[which];
  if (own === undefined || packageId === undefined)
    throw new Error('Cannot place a package that is not there');
  return {
    package: own,
    place: { layerDigest, layerIndex: 0, path },
    ownedByDistribution: false,
    packageId,
    ...more,
  };
}

async function again(places: readonly StoredPlace[]): Promise<readonly StoredPlace[]> {
  const [read = []] = await readPlaces(reader, [await encodePlaces(places)]);
  return read;
}

describe('the places of an image', () => {
  const path = fc.oneof(
    fc.string({ unit: 'binary', maxLength: 30 }),
    fc
      .array(
        fc.constantFrom(
          'usr',
          '/',
          'node_modules',
          '-',
          ' > ',
          '.jar',
          '\u0000',
          '\u0001',
          '\u0002',
          '\ud800',
          '%2f',
          ...packages.flatMap(({ name, version }) => [name, version, name.replaceAll('-', '_')]),
        ),
        { maxLength: 12 },
      )
      .map((parts) => parts.join('')),
  );
  const place = fc
    .record({
      path,
      which: fc.nat(packages.length - 1),
      isOwned: fc.boolean(),
      layerIndex: fc.nat(3),
      createdBy: fc.option(fc.string({ unit: 'binary' }), { nil: undefined }),
      architectures: fc.option(fc.array(fc.constantFrom('amd64', 'all'), { minLength: 1, maxLength: 2 }), {
        nil: undefined,
      }),
      license: fc.option(fc.string(), { nil: undefined }),
    })
    .map(({ path: own, which, isOwned, layerIndex, createdBy, architectures, license }) => ({
      which,
      path: own,
      more: {
        ownedByDistribution: isOwned,
        place: { layerDigest, layerIndex, path: own, ...(createdBy === undefined ? {} : { createdBy }) },
        ...(architectures === undefined ? {} : { architectures }),
        ...(license === undefined ? {} : { license }),
      },
    }));

  test('come back whole, whatever their paths and texts are', async () => {
    await fc.assert(
      fc.asyncProperty(fc.array(place, { maxLength: 30 }), async (drawn) => {
        const places = drawn.map(({ path: own, which, more }) => {
          const { packageId, ...rest } = placeAt(own, which, more);
          return { ...rest, ...(more.ownedByDistribution || packageId === undefined ? {} : { packageId }) };
        });
        const read = await again(places);
        expect(read).toHaveLength(places.length);
        expect(sortedJson(read)).toEqual(sortedJson(places));
      }),
      { numRuns: 60 },
    );
  });

  test('are in order of name, version, layer and path', async () => {
    const upper = { layerDigest, layerIndex: 1, path: 'a' };
    const read = await again([
      placeAt('z', 1),
      placeAt('y', 0),
      placeAt('a', 1, { place: upper }),
      placeAt('b', 1),
    ]);
    expect(read.map(({ package: { name }, place: { path: own } }) => `${name} ${own}`)).toEqual([
      'bash b',
      'bash z',
      'bash a',
      'libssl3 y',
    ]);
  });

  test('of a base of ten thousand packages take less than a byte each', async () => {
    const many = Array.from({ length: 10_000 }, (_, index): Package => {
      const [name, version] = [`lib-${index}`, `1.${index % 7}.0`];
      return {
        ecosystem: 'npm',
        release: '',
        name,
        version,
        sourceName: name,
        sourceVersion: version,
        module: '',
      };
    });
    const { rows: interned } = await database.pool.query<{ id: number }>(
      `insert into package (ecosystem, release, name, version, source_name, source_version, module)
       select 'npm', '', name, version, name, version, '' from unnest($1::text[], $2::text[]) named (name, version)
       returning id`,
      [many.map(({ name }) => name), many.map(({ version }) => version)],
    );
    const places = many.map(
      (own, index): StoredPlace => ({
        ...placeAt(`srv/node_modules/${own.name}/package.json`, 0),
        package: own,
        packageId: interned[index]?.id ?? 0,
        license: index % 5 === 0 ? 'ISC' : 'MIT',
      }),
    );
    expect((await encodePlaces(places)).places.length).toBeLessThan(5_000);
    expect(sortedJson(await again(places))).toEqual(sortedJson(places));
  });

  test('of several images are read together, those of old reports too', async () => {
    const places = [placeAt('var/lib/dpkg/status', 0), placeAt('b/package.json', 2)];
    const old = { packageSet: packIds([]), places: await deflateJson(places) };
    const read = await readPlaces(reader, [
      old,
      await encodePlaces([]),
      await encodePlaces(places.slice(0, 1)),
    ]);
    expect(read.map(sortedJson)).toEqual([sortedJson(places), [], sortedJson(places.slice(0, 1))]);
  });
});

describe('places that cannot be read are an error, never an empty list:', () => {
  test.each([
    ['nothing', Buffer.alloc(0), /nothing is there/],
    ['a format of a later version', Buffer.of(0x16, 0, 0, 0, 0), /format 22/],
    ['bytes that are none of ours', Buffer.from('[]'), /do not inflate/],
    ['a cut header', Buffer.of(0x0e, 0), /other packages/],
  ])('%s', async (_, places, message) => {
    const read = readPlaces(reader, [{ packageSet: packIds([]), places }]);
    await expect(read).rejects.toThrow(StoredReportError);
    await expect(read).rejects.toThrow(message);
  });

  test('what is no list', async () => {
    const read = readPlaces(reader, [{ packageSet: packIds([]), places: await deflateJson({}) }]);
    await expect(read).rejects.toThrow(/no list/);
  });

  test('a cut text', async () => {
    const { packageSet, places } = await encodePlaces([placeAt('a', 0)]);
    await expect(readPlaces(reader, [{ packageSet, places: places.subarray(0, -4) }])).rejects.toThrow(
      /do not inflate/,
    );
  });

  test('places of other packages', async () => {
    const { places } = await encodePlaces([placeAt('a', 0)]);
    await expect(readPlaces(reader, [{ packageSet: packIds([ids[1] ?? 0]), places }])).rejects.toThrow(
      /other packages/,
    );
  });

  test('a package that is not there', async () => {
    const missing = await encodePlaces([{ ...placeAt('a', 0), packageId: 2_000_000_000 }]);
    await expect(readPlaces(reader, [missing])).rejects.toThrow(/package 2000000000/);
  });
});

test('InternedPackages gives each package whether it was read lately, long ago or never', async () => {
  const few = new InternedPackages(database.db, 4);
  for (const wanted of [
    ids.slice(0, 2),
    ids.slice(1, 4),
    ids.slice(0, 1),
    ids,
    [...ids, 2_000_000_000],
    [],
  ]) {
    const found = await few.read(wanted);
    expect([...found.keys()].sort()).toEqual(wanted.filter((id) => ids.includes(id)).sort());
    for (const [id, own] of found) expect(own).toEqual(packages[ids.indexOf(id)]);
  }
});

function sortedJson(places: readonly StoredPlace[]): readonly string[] {
  return places
    .map(({ package: own, place, ownedByDistribution, architectures, license, packageId }) =>
      JSON.stringify([
        own,
        place.layerDigest,
        place.layerIndex,
        place.path,
        place.createdBy,
        ownedByDistribution,
        architectures,
        license,
        packageId,
        Object.keys(place).length,
      ]),
    )
    .sort();
}
