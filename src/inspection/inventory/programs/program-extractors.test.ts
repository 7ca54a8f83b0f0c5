import { readFileSync } from 'node:fs';
import { deflateSync } from 'node:zlib';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { HeldBytes } from '../../../bytes/held-bytes.ts';
import { processorMs } from '../../../testing/processor-time.ts';
import {
  buildElf,
  buildMachO,
  buildPe,
  goBuildInfo,
  programBaseAddress,
} from '../../../testing/samples/build-program.ts';
import { programExtractors } from './program-extractors.ts';

function extract(bytes: Buffer, path = 'usr/bin/tool'): readonly string[] {
  const program = new HeldBytes();
  for (let at = 0; at < bytes.length; at += 1000) program.add(bytes.subarray(at, at + 1000));
  return programExtractors
    .flatMap((extractor) => extractor.extract(path, program))
    .map((found) =>
      found.kind === 'package' ? `${found.manager} ${found.name} ${found.version}` : found.kind,
    );
}

const modules = [
  'path\texample.test/tool',
  'mod\texample.test/tool\t(devel)\t',
  'dep\tgolang.org/x/net\tv0.17.0\th1:x=',
  'dep\texample.test/replaced\tv1.0.0',
  '=>\texample.test/other\tv2.0.0\th1:y=',
  'build\t-ldflags="-s -w -X main.version=v1.2.3"',
  'build\tCGO_ENABLED=0',
  '',
].join('\n');
const framed = `${'s'.repeat(16)}${modules}${'e'.repeat(16)}`;
const goFound = [
  'go stdlib 1.21.3',
  'go example.test/tool 1.2.3',
  'go golang.org/x/net 0.17.0',
  'go example.test/other 2.0.0',
];

/** As Go before 1.18 wrote it: addresses of two strings, each an address and a length. */
function pointedInfo(version: string): Buffer {
  const start = programBaseAddress + 120;
  const bytes = Buffer.alloc(64);
  bytes.write('\xff Go buildinf:\x08\0', 0, 'latin1');
  bytes.writeBigUInt64LE(BigInt(start + 32), 16);
  bytes.writeBigUInt64LE(BigInt(start + 48), 24);
  bytes.writeBigUInt64LE(BigInt(start + 64), 32);
  bytes.writeBigUInt64LE(BigInt(version.length), 40);
  bytes.writeBigUInt64LE(BigInt(start + 64 + version.length), 48);
  bytes.writeBigUInt64LE(BigInt(framed.length), 56);
  return Buffer.concat([bytes, Buffer.from(version + framed)]);
}

describe('goProgramExtractor', () => {
  it.each([
    ['inline, since Go 1.18', buildElf({ '.go.buildinfo': goBuildInfo('go1.21.3 X:boringcrypto', modules) })],
    ['by pointers, before', buildElf({ '.go.buildinfo': pointedInfo('go1.21.3') })],
  ])('lists the modules that stand %s', (_condition, bytes) => {
    expect(extract(bytes)).toEqual(goFound);
  });

  it('finds them under another name of their section, as go version -m does (threats.md D6)', () => {
    const info = goBuildInfo('go1.21.3', modules);
    // It must stand at a multiple of 16.
    expect(extract(buildElf({ pad: Buffer.alloc(8), '.xx.buildinfo': info }))).toEqual(goFound);
    expect(
      extract(buildElf({ pad: Buffer.alloc(8), '.x': info, '.go.buildinfo': Buffer.alloc(32) })),
    ).toEqual(goFound);
  });

  it('finds them in programs of Windows and macOS, whatever their section is called', () => {
    const info = goBuildInfo('go1.21.3', modules);
    const code = Buffer.alloc(5000);
    expect(extract(buildPe({ '.text': code, '.data': info }))).toEqual(goFound);
    expect(extract(buildMachO({ __text: code, __go_buildinfo: info }))).toEqual(goFound);
    expect(extract(buildMachO({ __text: code, __xx_buildinfo: info }))).toEqual(goFound);
    expect(extract(buildPe({ '.text': code }))).toEqual([]);
    expect(extract(buildMachO({ __go_buildinfo: code }))).toEqual(['unreadable']);
  });

  it('knows the programs of Go itself by the name that its advisories have', () => {
    const lines = 'path\tcmd/go\nbuild\t-compiler=gc\n';
    expect(extract(buildElf({ '.go.buildinfo': goBuildInfo('go1.22.5', lines) }))).toEqual([
      'go stdlib 1.22.5',
      'go toolchain 1.22.5',
    ]);
    const own = `path\tcmd/tool\nmod\tcmd\t(devel)\t\n`;
    expect(extract(buildElf({ '.go.buildinfo': goBuildInfo('go1.22.5', own) }))).toEqual([
      'go stdlib 1.22.5',
      'go cmd ',
    ]);
  });

  it('finds them without a table of sections', () => {
    const bytes = buildElf({ pad: Buffer.alloc(8), '.go.buildinfo': goBuildInfo('go1.21.3', modules) });
    bytes.fill(0, 0x28, 0x30); // where the table is
    bytes.fill(0, 0x3c, 0x40); // how long it is
    expect(extract(bytes)).toEqual(goFound);
  });

  it('knows the standard library also where no modules are listed', () => {
    expect(extract(buildElf({ '.go.buildinfo': goBuildInfo('go1.20', '', { isFramed: false }) }))).toEqual([
      'go stdlib 1.20.0',
    ]);
    expect(extract(buildElf({ '.go.buildinfo': goBuildInfo('go1.21rc2', '', { isFramed: false }) }))).toEqual(
      ['go stdlib 1.21.0-rc.2'],
    );
    expect(
      extract(buildElf({ '.go.buildinfo': goBuildInfo('devel +abc', '', { isFramed: false }) })),
    ).toEqual(['go stdlib ']);
  });

  it('says so when the section cannot be read (threats.md D6)', () => {
    expect(extract(buildElf({ '.go.buildinfo': Buffer.alloc(100) }))).toEqual(['unreadable']);
    expect(extract(buildElf({ '.go.buildinfo': goBuildInfo('go1.21.3', modules).subarray(0, 20) }))).toEqual([
      'unreadable',
    ]);
  });
});

describe('goProgramExtractor on programs that are made to be dear (threats.md D9)', () => {
  /** With this part of the program given as its data so many times, by headers of this type. */
  function withSegments(program: Buffer, count: number, type = 1): Buffer {
    const bytes = Buffer.concat([program, Buffer.alloc(56 * count)]);
    for (let at = program.length; at < bytes.length; at += 56) {
      bytes.writeUInt32LE(type, at);
      bytes.writeUInt32LE(6, at + 4);
      bytes.writeBigUInt64LE(BigInt(program.length), at + 0x20);
    }
    bytes.writeBigUInt64LE(BigInt(program.length), 0x20);
    bytes.writeUInt16LE(count, 0x38);
    return bytes;
  }
  const info = { pad: Buffer.alloc(8), '.x': goBuildInfo('go1.21.3', modules) };

  it('searches data once, however often the headers name it', () => {
    const program = withSegments(buildElf({ '.data': Buffer.alloc(2 ** 20, 0xff) }), 10_000);
    const startedAt = processorMs();
    expect(extract(program)).toEqual([]);
    expect(processorMs() - startedAt).toBeLessThan(5_000);
    expect(extract(withSegments(buildElf(info), 10_000))).toEqual(goFound);
  });

  it('searches only what is loaded, as Go does', () => {
    expect(extract(withSegments(buildElf(info), 1))).toEqual(goFound);
    expect(extract(withSegments(buildElf(info), 1, 4))).toEqual([]);
  });

  it.each(['\u0008\u0002', '\u0008\0'])(
    'gives up, and says so, where too many places look right: %j',
    (flags) => {
      const place = Buffer.from(`\xff Go buildinf:${flags}`, 'latin1');
      const aligned = (count: number) =>
        buildElf({
          pad: Buffer.concat([Buffer.alloc(8), ...Array<Buffer>(count).fill(place)]),
          '.x': info['.x'],
        });
      expect(extract(aligned(900))).toEqual(goFound);
      expect(extract(aligned(1_100))).toEqual(['unreadable']);
    },
  );
});

describe('rustProgramExtractor', () => {
  const packages = [
    { name: 'tool', version: '0.1.0', source: 'local', root: true },
    { name: 'serde', version: '1.0.1', source: 'crates.io' },
    { name: 'cc', version: '1.0.0', source: 'crates.io', kind: 'build' },
  ];

  it('lists the crates that are in the program', () => {
    const section = deflateSync(JSON.stringify({ packages }));
    expect(extract(buildElf({ '.text': Buffer.alloc(5000), '.dep-v0': section }))).toEqual([
      'rust serde 1.0.1',
    ]);
  });

  it.each([
    ['no-zlib', Buffer.from('x')],
    ['no-json', deflateSync('x')],
    ['no-packages', deflateSync('{}')],
    ['bomb', deflateSync(Buffer.alloc(20 * 2 ** 20))],
  ])('says so when the section cannot be read: %s (threats.md D2)', (_condition, section) => {
    expect(extract(buildElf({ '.dep-v0': section }))).toEqual(['unreadable']);
  });
});

describe('packedProgramExtractor', () => {
  it('tells a packed program from one that only names the packer (threats.md D6)', () => {
    const mark = Buffer.from('UPX!');
    expect(
      extract(Buffer.concat([buildElf({ a: mark }), Buffer.alloc(9000), mark, Buffer.alloc(36)])),
    ).toEqual(['unreadable']);
    expect(extract(buildElf({ a: Buffer.alloc(9000), b: mark, c: Buffer.alloc(9000) }))).toEqual([]);
  });
});

describe('knownProgramExtractor', () => {
  it.each([
    ['usr/local/bin/node', 'x node.js/v%s node.js/v18.19.0 ', 'node 18.19.0'],
    ['usr/lib/libcrypto.so.3', 'OpenSSL default\0OpenSSL 3.0.2 15 Mar 2022\0', 'openssl 3.0.2'],
    ['opt/openssl', 'OpenSSL 1.0.2zg  1 Jan 2023\0', 'openssl 1.0.2zg'],
    ['usr/sbin/nginx', 'nginx version: nginx/1.25.3\n', 'nginx 1.25.3'],
    ['bin/busybox', 'BusyBox v1.36.1 (2023)', 'busybox 1.36.1'],
    ['usr/bin/python3.11', 'python3.11.x\0' + '3.11.7\0', 'python 3.11.7'],
    ['usr/lib/libpython3.12.so.1.0', '\0' + '3.12.0rc1\0', 'python 3.12.0rc1'],
    ['usr/bin/redis-server', '\0' + '7.2.4host-17000000000000000000000000\0', 'redis 7.2.4'],
  ])('%s', (path, text, expected) => {
    expect(extract(buildElf({ '.rodata': Buffer.from(`\0${text}\0`, 'latin1') }), path)).toEqual([
      `program ${expected}`,
    ]);
    expect(extract(buildElf({ '.rodata': Buffer.from(text, 'latin1') }), 'usr/bin/other')).toEqual([]);
  });

  it('knows the Node that runs these tests', () => {
    expect(extract(readFileSync(process.execPath), 'bin/node')).toEqual([
      `program node ${process.versions.node}`,
    ]);
  });
});

describe('programExtractors', () => {
  // threats.md D9.
  it('take 2,000 mutations without a throw, and their findings survive JSON', () => {
    const bytes = buildElf({
      '.go.buildinfo': goBuildInfo('go1.21.3', modules),
      '.dep-v0': deflateSync('{"packages":[{"name":"a","version":"1.0.0"}]}'),
    });
    const edit = fc.tuple(fc.nat(bytes.length - 1), fc.uint8Array({ minLength: 1, maxLength: 8 }));
    const program = (edits: readonly (readonly [number, Uint8Array])[]) => {
      const mutated = Buffer.concat([bytes, Buffer.alloc(8)]);
      for (const [at, added] of edits) mutated.set(added, at);
      const held = new HeldBytes();
      held.add(mutated);
      return held;
    };
    fc.assert(
      fc.property(fc.array(edit, { minLength: 1, maxLength: 5 }), (edits) => {
        const found = programExtractors.flatMap((extractor) =>
          extractor.extract('bin/python3.9', program(edits)),
        );
        expect(JSON.parse(JSON.stringify(found))).toEqual(found);
      }),
      { numRuns: 2000 },
    );
  });
});
