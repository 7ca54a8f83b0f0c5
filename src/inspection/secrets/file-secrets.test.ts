import { Readable } from 'node:stream';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { processorMs } from '../../testing/processor-time.ts';
import { buildTar, type FileTree } from '../../testing/samples/build-image.ts';
import { random, secretSamples } from '../../testing/samples/secret-samples.ts';
import { textProbe } from '../../testing/samples/text-probe.ts';
import { inspectLayer } from '../image/inspect-layer.ts';
import { findSecretsInText, secretProbe } from './file-secrets.ts';

const github = secretSamples['github-token'] ?? '';
const generic = secretSamples['generic-secret'] ?? '';

async function inspect(tree: FileTree, pieceBytes = 100_000) {
  const tar = buildTar(tree);
  const pieces = Array.from({ length: Math.ceil(tar.length / pieceBytes) }, (_, index) =>
    tar.subarray(index * pieceBytes, (index + 1) * pieceBytes),
  );
  const probe = { ...textProbe, contents: secretProbe };
  const report = await inspectLayer({ open: async () => Readable.from(pieces), probe });
  return report.contents.map(
    ({ path, hits }) => `${path}: ${hits.map(({ rule, line }) => `${rule} ${line}`).join(', ')}`,
  );
}

function read(text: string, pieceBytes: number) {
  const reading = secretProbe.start('srv/file', Buffer.from('a'), false);
  const bytes = Buffer.from(text);
  for (let at = 0; at < bytes.length; at += pieceBytes) reading?.write(bytes.subarray(at, at + pieceBytes));
  return reading?.end();
}

describe('secretProbe', () => {
  it('finds credentials in files of any name and size, with their line', async () => {
    const long = `${'line\n'.repeat(50_000)}${github}\n${'line\n'.repeat(50_000)}`;
    expect(
      await inspect({ 'root/.netrc': `\n${github}`, 'data/blob': long, 'bin/x': `\0\n${github}` }),
    ).toEqual(['root/.netrc: github-token 2', 'data/blob: github-token 50001']);
  });

  it('tells the own files of an image from what package managers install', async () => {
    const files = {
      'app/config.py': generic,
      'app/node_modules/a/lib.js': generic,
      'app/node_modules/b/leak.js': github,
      'app/node_modules/b/test/keys.js': github,
      'app/test/keys.js': github,
      'usr/share/doc/x/README': github,
    };
    expect(await inspect(files)).toEqual([
      'app/config.py: generic-secret 1',
      'app/node_modules/b/leak.js: github-token 1',
      'app/test/keys.js: github-token 1',
    ]);
  });

  it.each([
    'usr/src/app/.env',
    'usr/src/app/tests/.env',
    'usr/src/app/docs/settings.py',
    'usr/share/nginx/html/.env',
    'usr/share/elasticsearch/config/.env',
    'usr/lib/shop/settings.py',
  ])('takes %s for a file of the image’s own, though folders of packages are near', async (path) => {
    expect(await inspect({ [path]: generic })).toEqual([`${path}: generic-secret 1`]);
    expect(await inspect({ [path]: github })).toEqual([`${path}: github-token 1`]);
  });

  it.each([
    'usr/src/linux-headers-6.1.0-9/certs/x.c',
    'usr/share/perl/5.36.0/Net/FTP.pm',
    'usr/lib/x86_64-linux-gnu/perl5/DBI.pm',
    'usr/lib64/python3.11/http/client.py',
    'usr/local/go/src/net/http/server.go',
    'usr/local/lib/node_modules/npm/index.js',
  ])('takes %s for a file of a package', async (path) => {
    expect(await inspect({ [path]: generic })).toEqual([]);
    expect(await inspect({ [path]: github })).toEqual([`${path}: github-token 1`]);
  });

  it.each(['utf-16le', 'utf-16be'])('reads %s that says so by its first bytes', async (encoding) => {
    const bytes = Buffer.from(`\ufeffa = 1\r\n${github}\r\n`, 'utf16le');
    const text = encoding === 'utf-16be' ? bytes.swap16() : bytes;
    expect(await inspect({ 'app/settings.ini': text }, 513)).toEqual(['app/settings.ini: github-token 2']);
  });

  it('finds the same whatever the pieces are', () => {
    const text = `a\n${github}\n${'é'.repeat(700)}\n${secretSamples['private-key']}\n${'x'.repeat(3000)} ${generic}\n`;
    const whole = findSecretsInText(text);
    expect(whole.map(({ rule }) => rule)).toEqual(['github-token', 'private-key', 'generic-secret']);
    fc.assert(
      fc.property(fc.integer({ min: 1, max: 3000 }), (pieceBytes) => {
        expect(read(text, pieceBytes)).toEqual(whole);
      }),
      { numRuns: 200 },
    );
  });

  it('lists no more than 200 of one file, and two of one line apart', () => {
    const tokens = Array.from({ length: 300 }, (_, index) => `ghp_${random.mixed(36, index + 1)}`);
    expect(findSecretsInText(tokens.join('\n'))).toHaveLength(200);
    expect(findSecretsInText(`${secretSamples['npm-token']} ${github}`)).toHaveLength(2);
  });

  // threats.md D9: text made of keywords, of openings without an end, of what every quantifier accepts.
  it.each([
    'AKIA',
    'password=',
    'password="',
    '-----BEGIN PRIVATE KEY-----',
    `-----BEGIN PRIVATE KEY-----${'        Aaa: '.repeat(70)}`,
    `-----BEGIN PRIVATE KEY-----${`\nAaa: ${'Aaa: '.repeat(23)}`.repeat(8)}`,
    `-----BEGIN PRIVATE KEY-----${`\nAaa: ${'A'.repeat(120)}`.repeat(7)}`,
    `-----BEGIN RSA PRIVATE KEY-----\nProc-Type: 4,ENCRYPTED${'        Aaa: '.repeat(70)}`,
    `-----BEGIN RSA PRIVATE KEY-----\nProc-Type: 4,ENCRYPTED${`\nAaa: ${'Aaa: '.repeat(23)}`.repeat(8)}`,
    'https://a:',
    'eyJhbGci.eyJ',
    'machine a login b ',
    'Server=a;Password',
    'secret_key=',
    'a',
    '\n',
    ':$6$',
    'SG.aaaa',
    '"auth": "',
  ])('reads 2 MiB of %j in seconds', (text) => {
    const startedAt = processorMs();
    read(text.repeat((2 * 2 ** 20) / text.length), 65_536);
    expect(processorMs() - startedAt).toBeLessThan(8_000);
  });

  it('takes any bytes without a throw', () => {
    fc.assert(
      fc.property(fc.uint8Array({ maxLength: 3000 }), (bytes) => {
        const reading = secretProbe.start('a', Buffer.from('a'), true);
        reading?.write(Buffer.from(bytes));
        expect(reading?.end()).toBeDefined();
      }),
      { numRuns: 500 },
    );
  });
});
