import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { inspect } from 'node:util';
import { afterAll, describe, expect, it } from 'vitest';
import { publicSources } from '../../advisories/feeds/sync-sources.ts';
import { loadConfig } from './config.ts';
import { settingsTable } from './settings.ts';

const folder = mkdtempSync(path.join(tmpdir(), 'pratique-config-'));
afterAll(() => rmSync(folder, { recursive: true, force: true }));

function withFile(text: string, environment: Record<string, string> = {}) {
  writeFileSync(path.join(folder, 'pratique.yaml'), text);
  return loadConfig({ environment, file: 'pratique.yaml', folder });
}

const publicKey = `ed25519:${'A'.repeat(43)}=`;

describe('loadConfig()', () => {
  it('has a default for everything', () => {
    expect(loadConfig({ environment: { PATH: '/bin' }, folder: '/srv' })).toEqual({
      dataFolder: '/srv/data',
      advisoryKeys: [],
      listen: { host: '127.0.0.1', port: 5000 },
      blobsFolder: '/srv/data/blobs',
      advisorySources: publicSources,
      databaseConnections: 16,
      namespaceUploadsMax: 1_000,
      uploadTtlSeconds: 86_400,
      noticeDays: 90,
      auditDays: 400,
      scanConcurrency: 2,
      inspections: {
        processes: 2,
        memoryBytesMax: 2 ** 30,
        workSecondsMax: 600,
        stallSecondsMax: 30,
      },
      yaraRuleFolders: [],
      malwareRescanSeconds: 86_400,
      trustedProxies: [],
      egressAllow: [],
      clientConnectionsMax: 1_000,
      clientTimeoutSeconds: 60,
      metricsArePublic: false,
      logLevel: 'info',
    });
  });

  it('takes the environment before the file, and lists and numbers from YAML', () => {
    const config = withFile(
      'listen: "[::1]:6000"\nadvisories: [https://a.example, "file:osv"]\nscanConcurrency: 4\n',
      {
        PRATIQUE_LISTEN: '0.0.0.0:7000',
      },
    );
    expect(config.listen).toEqual({ host: '0.0.0.0', port: 7000 });
    expect(config.advisorySources.roots).toEqual(['https://a.example', `file:${folder}/osv`]);
    expect(config.scanConcurrency).toBe(4);
  });

  it('reads sizes and times with their units', () => {
    const environment = { PRATIQUE_NAMESPACE_QUOTA: '10GiB', PRATIQUE_UPLOAD_TTL: '90m' };
    expect(loadConfig({ environment, folder })).toMatchObject({
      namespaceQuotaBytes: 10 * 2 ** 30,
      uploadTtlSeconds: 5_400,
    });
  });

  it('reads what inspections may take', () => {
    const environment = { PRATIQUE_INSPECTION_MEMORY: '512MiB', PRATIQUE_INSPECTION_STALL: '5' };
    expect(loadConfig({ environment, folder }).inspections).toEqual({
      processes: 2,
      memoryBytesMax: 512 * 2 ** 20,
      workSecondsMax: 600,
      stallSecondsMax: 5,
    });
  });

  it('reads the address of clamd and the folders of rules', () => {
    const environment = { PRATIQUE_CLAMD: 'tcp://clamav:3311', PRATIQUE_YARA_RULES: 'rules, /etc/yara' };
    expect(loadConfig({ environment, folder: '/srv' })).toMatchObject({
      clamd: { kind: 'tcp', host: 'clamav', port: 3311 },
      yaraRuleFolders: ['/srv/rules', '/etc/yara'],
    });
  });

  it.each([
    [
      { PRATIQUE_LISTN: 'x' },
      'Cannot use the setting "PRATIQUE_LISTN": it must be one of PRATIQUE_DATA, PRATIQUE_LISTEN,',
    ],
    [{ PRATIQUE_LISTEN: '5000' }, 'Cannot use the setting "PRATIQUE_LISTEN": it must be host:port with'],
    [{ PRATIQUE_LISTEN: 'localhost:70000' }, 'got "localhost:70000"'],
    [
      { PRATIQUE_EXTERNAL_URL: 'https://example.org/registry' },
      'it must be an http: or https: URL without a path',
    ],
    [{ PRATIQUE_ADVISORIES: 'https://a.example,ftp://b.example' }, 'got "ftp://b.example"'],
    [{ PRATIQUE_DATA: '' }, 'it must be a folder, got ""'],
    [{ PRATIQUE_TRUSTED_PROXIES: '10.0.0.0/8,10.0.0.0/33' }, 'addresses or CIDR blocks, got "10.0.0.0/33"'],
    [{ PRATIQUE_EGRESS_ALLOW: '10.0.0.0/8,localhost' }, 'addresses or CIDR blocks, got "localhost"'],
    [{ PRATIQUE_EGRESS_ALLOW: '::1/129' }, 'addresses or CIDR blocks, got "::1/129"'],
    [{ PRATIQUE_TRUSTED_PROXIES: '1.2.3' }, 'addresses or CIDR blocks, got "1.2.3"'],
    [
      { PRATIQUE_TLS_CERT: 'a.pem' },
      'Cannot use the setting "PRATIQUE_TLS_KEY": it must be a file with a private key',
    ],
    [
      { PRATIQUE_ADVISORY_BUNDLE: 'oci://host/UPPER', PRATIQUE_ADVISORY_KEYS: publicKey },
      'a place in a registry (oci+http:// without TLS), or manual, got "oci://host/UPPER"',
    ],
    [
      { PRATIQUE_ADVISORY_BUNDLE: 'file:advisories.tar' },
      'Cannot use the setting "PRATIQUE_ADVISORY_KEYS": it must be a list of public keys',
    ],
    [{ PRATIQUE_ADVISORY_KEYS: 'ed25519:AAAA' }, 'got "ed25519:AAAA"'],
    [
      { PRATIQUE_ADVISORY_USER: 'ann' },
      'Cannot use the setting "PRATIQUE_ADVISORY_PASSWORD": it must be a password or access token',
    ],
    [{ PRATIQUE_METRICS_PUBLIC: 'yes' }, 'it must be true or false, got "yes"'],
    [{ PRATIQUE_NAMESPACE_QUOTA: '10GB' }, 'such as 10GiB, got "10GB"'],
    [{ PRATIQUE_NAMESPACE_QUOTA: '99999999TiB' }, 'such as 10GiB, got "99999999TiB"'],
    [{ PRATIQUE_UPLOAD_TTL: '24' }, 'such as 24h, got "24"'],
    [{ PRATIQUE_INSPECTION_MEMORY: '128MiB' }, 'MiB or GiB from 256MiB to 64GiB, got "128MiB"'],
    [{ PRATIQUE_INSPECTION_PROCESSES: '0' }, 'it must be a whole number from 1 to 32, got "0"'],
    [
      { PRATIQUE_CLAMD: 'http://clamav' },
      'it must be unix: and an absolute path, or tcp://host:port, got "http://clamav"',
    ],
    [{ PRATIQUE_YARA_RULES: 'rules,' }, 'it must be a list of folders, got ""'],
    [{ PRATIQUE_MALWARE_RESCAN: '1w' }, 'such as 24h, got "1w"'],
    [{ PRATIQUE_LOG_LEVEL: 'loud' }, 'it must be debug, info, warn, error or silent, got "loud"'],
  ])('refuses %j', (environment, message) => {
    expect(() => loadConfig({ environment, folder })).toThrow(message);
  });

  it.each([
    ['listn: x', 'Cannot use the setting "listn" of "'],
    ['logLevel: [info]', 'it must be debug, info, warn, error or silent, got ""'],
    ['a: [', 'it must be readable YAML'],
    ['- data', 'it must hold keys and values'],
  ])('refuses the file %j', (text, message) => {
    expect(() => withFile(text)).toThrow(message);
  });

  it('never shows a secret', () => {
    expect(() => loadConfig({ environment: { DATABASE_URL: 'mysql://u:hunter2@db' }, folder })).toThrow(
      /^(?!.*hunter2).*got one of 20 characters$/,
    );
    const config = loadConfig({ environment: { PRATIQUE_ADMIN_PASSWORD: 'correct horse' }, folder });
    expect(`${inspect(config)} ${JSON.stringify(config)} ${config.adminPassword}`).not.toContain(
      'correct horse',
    );
    expect(config.adminPassword?.reveal()).toBe('correct horse');
  });
});

describe('docs/settings.md', () => {
  it('has the table of the settings as they are', () => {
    const document = readFileSync(new URL('../../../docs/settings.md', import.meta.url), 'utf8');
    expect(document).toContain(settingsTable());
  });
});
