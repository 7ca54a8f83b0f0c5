import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { inventoryProbe } from './layer-probe.ts';

const samples: readonly (readonly [path: string, text: string])[] = [
  ['lib/apk/db/installed', 'C:Q1=\nP:musl\nV:1-r0\no:musl\nt:1466181580\nF:lib\nR:a\n\nP:b\nV:2-r0\n\n'],
  [
    'var/lib/dpkg/status',
    'Package: a\nStatus: install ok installed\nSource: b (1)\nVersion: 1:1-1\nD: x\n y\n\n',
  ],
  ['var/lib/dpkg/info/a.list', '/.\n/usr/lib/node_modules/a/package.json\n'],
  ['etc/os-release', 'ID=alpine\nVERSION_ID="3.4.0"\nPRETTY_NAME=\'Alpine Linux\'\n'],
  ['etc/alpine-release', '3.4.0\n'],
  ['node_modules/a/package.json', '{"name":"a","version":"1.0.0","x":{"y":[1,2,"z"]}}'],
];

describe('inventoryProbe', () => {
  it('wants every path whose absence means something', () => {
    expect(inventoryProbe.knownPaths?.every((path) => inventoryProbe.wants(path))).toBe(true);
    expect(inventoryProbe.knownPaths).toContain('var/lib/dpkg/status');
  });

  // threats.md D9.
  it.each(samples)(
    'takes 1000 mutations of %s without a throw, and its findings survive JSON',
    (path, text) => {
      const bytes = Buffer.from(text);
      const edit = fc.tuple(fc.nat(bytes.length - 1), fc.nat(3), fc.uint8Array({ maxLength: 6 }));
      fc.assert(
        fc.property(fc.array(edit, { minLength: 1, maxLength: 4 }), (edits) => {
          const mutated = edits.reduce(
            (current, [at, removed, added]) =>
              Buffer.concat([current.subarray(0, at), added, current.subarray(at + removed)]),
            bytes,
          );
          const found = inventoryProbe.extract(path, mutated);
          expect(JSON.parse(JSON.stringify(found))).toEqual(found);
        }),
        { numRuns: 1000 },
      );
    },
  );

  it.each(samples)('reads 4 MiB of %s, repeated or broken, in seconds', (path, text) => {
    const startedAt = performance.now();
    for (const piece of [text, '\n', 'a', 'P:a\nV:1\n\n']) {
      const bytes = Buffer.from(piece.repeat((4 * 2 ** 20) / Buffer.byteLength(piece)));
      expect(inventoryProbe.extract(path, bytes).length).toBeLessThanOrEqual(100_004);
    }
    expect(performance.now() - startedAt).toBeLessThan(20_000);
  });
});
