import { publicSources } from '../../advisories/feeds/sync-sources.ts';
import { openUploadsMaxDefault } from '../../catalog/uploads.ts';
import { mailSettings } from './mail-settings.ts';
import { byteSizeMust, byteSizePattern } from './parse-byte-size.ts';

export interface TextRule {
  /** A regular expression (flag `u`) with its own `^` and `$`. */
  readonly pattern?: string;
  /** In characters. */
  readonly lengthMin?: number;
  readonly lengthMax?: number;
}

/** One setting: a row of docs/settings.md. */
export interface Setting {
  /** Environment variable. */
  readonly variable: string;
  /** Key in the YAML file; there, numbers and lists may be written as such. */
  readonly key: string;
  /** What the value must be as text, or each item of a list. */
  readonly text: TextRule;
  /** What must hold, as it completes "must be …". */
  readonly must: string;
  /** Several values, separated by commas in the variable. */
  readonly isList?: true;
  /** The value is never shown. */
  readonly isSecret?: true;
  /** As the document shows it. */
  readonly byDefault: string;
  readonly description: string;
}

const urlOrFile = {
  text: { pattern: '^(https?://[^\\s/,]+[^\\s,]*|file:[^,]+)$' },
  must: 'an http: or https: URL, or file: and a path',
} as const;

/** Every setting there is, in the order of the document. */
export const settings = {
  data: {
    variable: 'PRATIQUE_DATA',
    key: 'data',
    text: { lengthMin: 1 },
    must: 'a folder',
    byDefault: '`./data`',
    description: 'Folder of everything the server keeps: database, blobs, keys',
  },
  listen: {
    variable: 'PRATIQUE_LISTEN',
    key: 'listen',
    text: { pattern: '^(\\[[0-9A-Fa-f:.]+\\]|[A-Za-z0-9._-]+):[0-9]{1,5}$' },
    must: 'host:port with a port up to 65535, such as 0.0.0.0:5000 or [::]:5000',
    byDefault: '`127.0.0.1:5000`',
    description: 'Address and port of registry, API and console; port 0 takes a free one',
  },
  externalUrl: {
    variable: 'PRATIQUE_EXTERNAL_URL',
    key: 'externalUrl',
    text: { pattern: '^https?://[^\\s/?#@]+/?$' },
    must: 'an http: or https: URL without a path',
    byDefault: '`http://localhost:<port>`',
    description:
      'URL under which clients reach the server; it is in report links and in the address of the token service. Without it, requests of trusted proxies get the scheme and host that those forward',
  },
  adminPassword: {
    variable: 'PRATIQUE_ADMIN_PASSWORD',
    key: 'adminPassword',
    text: { lengthMin: 8, lengthMax: 256 },
    must: 'a password of 8 to 256 characters',
    isSecret: true,
    byDefault: 'random',
    description:
      'Password of the user `admin`, set at every start; without it a random one is made at the first start, printed once and kept in `<data>/admin-password`',
  },
  databaseUrl: {
    variable: 'DATABASE_URL',
    key: 'databaseUrl',
    text: { pattern: '^postgres(ql)?://\\S+$' },
    must: 'a postgres: or postgresql: URL',
    isSecret: true,
    byDefault: 'embedded',
    description: 'PostgreSQL (16 or newer) to use instead of the embedded one in the data folder',
  },
  databaseConnections: {
    variable: 'PRATIQUE_DATABASE_CONNECTIONS',
    key: 'databaseConnections',
    text: { pattern: '^([2-9]|[1-9][0-9]|1[0-9][0-9]|200)$' },
    must: 'a whole number from 2 to 200',
    byDefault: '`16`',
    description:
      'Database connections that serve requests; background jobs have up to 12 more, and three listen. The embedded PostgreSQL takes 40 in all',
  },
  blobs: {
    variable: 'PRATIQUE_BLOBS',
    key: 'blobs',
    text: { pattern: '^file:.+$' },
    must: 'file: and a folder',
    byDefault: '`file:<data>/blobs`',
    description: 'Where layers and configs are stored',
  },
  advisories: {
    variable: 'PRATIQUE_ADVISORIES',
    key: 'advisories',
    ...urlOrFile,
    must: `a list, each ${urlOrFile.must}`,
    isList: true,
    byDefault: `\`${publicSources.roots.join(',')}\``,
    description:
      "Roots of advisory mirrors laid out like OSV.dev's bucket, separated by commas; the first that has a usable version of a feed gives it",
  },
  advisoryBundle: {
    variable: 'PRATIQUE_ADVISORY_BUNDLE',
    key: 'advisoryBundle',
    text: { pattern: '^(manual|file:.+|oci(\\+http)?://.+)$' },
    must: 'file: and a path, oci:// and a place in a registry (oci+http:// without TLS), or manual',
    byDefault: 'none: mirrors are asked',
    description:
      'Signed bundle that advisories, KEV and EPSS are taken from instead ([air gap](operating.md#air-gap)); `manual`: nothing is fetched, bundles come by `pratique advisories import`',
  },
  advisoryKeys: {
    variable: 'PRATIQUE_ADVISORY_KEYS',
    key: 'advisoryKeys',
    text: { pattern: '^ed25519:[A-Za-z0-9+/]{43}=$' },
    must: 'a list of public keys, each ed25519: and base64, as `pratique advisories keygen` prints them',
    isList: true,
    byDefault: 'none: no bundle is trusted',
    description: 'Keys of which one must have signed a bundle, separated by commas',
  },
  advisoryUser: {
    variable: 'PRATIQUE_ADVISORY_USER',
    key: 'advisoryUser',
    text: { lengthMin: 1, lengthMax: 256 },
    must: 'a name of up to 256 characters, given together with the password',
    byDefault: 'none: anonymous',
    description: 'User for the registry of a bundle',
  },
  advisoryPassword: {
    variable: 'PRATIQUE_ADVISORY_PASSWORD',
    key: 'advisoryPassword',
    text: { lengthMin: 1, lengthMax: 8192 },
    must: 'a password or access token, given together with the user',
    isSecret: true,
    byDefault: 'none',
    description: 'Password or access token of that user',
  },
  kev: {
    variable: 'PRATIQUE_KEV',
    key: 'kev',
    ...urlOrFile,
    must: `a list, each ${urlOrFile.must}`,
    isList: true,
    byDefault: `\`${publicSources.kev.join(',')}\``,
    description:
      "CISA's catalogue of known exploited vulnerabilities; several places, separated by commas, are tried in order",
  },
  epss: {
    variable: 'PRATIQUE_EPSS',
    key: 'epss',
    ...urlOrFile,
    must: `a list, each ${urlOrFile.must}`,
    isList: true,
    byDefault: `\`${publicSources.epss.join(',')}\``,
    description: "FIRST's EPSS scores, likewise",
  },
  namespaceQuota: {
    variable: 'PRATIQUE_NAMESPACE_QUOTA',
    key: 'namespaceQuota',
    text: { pattern: byteSizePattern },
    must: byteSizeMust,
    byDefault: 'none: no limit',
    description:
      'Most that a namespace may hold when none is set at its creation; system administrators change it for each namespace',
  },
  namespaceUploads: {
    variable: 'PRATIQUE_NAMESPACE_UPLOADS',
    key: 'namespaceUploads',
    text: { pattern: '^[1-9][0-9]{0,5}$' },
    must: 'a whole number from 1 to 999999',
    byDefault: `\`${openUploadsMaxDefault}\``,
    description: 'Uploads that may be open in a namespace at once; one more gets `429`',
  },
  uploadTtl: {
    variable: 'PRATIQUE_UPLOAD_TTL',
    key: 'uploadTtl',
    text: { pattern: '^([1-9][0-9]{0,5})(m|h|d)$' },
    must: 'a whole number of minutes, hours or days, such as 24h',
    byDefault: '`24h`',
    description: 'An upload that nobody touched for so long is given up and its bytes are freed',
  },
  noticeDays: {
    variable: 'PRATIQUE_NOTICE_DAYS',
    key: 'noticeDays',
    text: { pattern: '^(0|[1-9][0-9]{0,4})$' },
    must: 'a whole number from 0 to 99999',
    byDefault: '`90`',
    description:
      'Days for which changes of findings, and events of refused pulls and of what was freed, are kept; 0: for ever ([operating](operating.md#retention))',
  },
  auditDays: {
    variable: 'PRATIQUE_AUDIT_DAYS',
    key: 'auditDays',
    text: { pattern: '^(0|[1-9][0-9]{0,4})$' },
    must: 'a whole number from 0 to 99999',
    byDefault: '`400`',
    description: 'Days for which all other events, what people and robots did, are kept; 0: for ever',
  },
  scanConcurrency: {
    variable: 'PRATIQUE_SCAN_CONCURRENCY',
    key: 'scanConcurrency',
    text: { pattern: '^([1-9]|[12][0-9]|3[0-2])$' },
    must: 'a whole number from 1 to 32',
    byDefault: '`2`',
    description:
      'Scans and other background jobs at the same time in this process; notifications have 8 places of their own',
  },
  inspectionProcesses: {
    variable: 'PRATIQUE_INSPECTION_PROCESSES',
    key: 'inspectionProcesses',
    text: { pattern: '^([1-9]|[12][0-9]|3[0-2])$' },
    must: 'a whole number from 1 to 32',
    byDefault: '`2`',
    description:
      'Layers that are read at the same time, for all scans, each in a process of its own ([operating](operating.md#inspections))',
  },
  inspectionMemory: {
    variable: 'PRATIQUE_INSPECTION_MEMORY',
    key: 'inspectionMemory',
    text: { pattern: '^[1-9][0-9]{0,5}(MiB|GiB)$' },
    must: 'a whole number of MiB or GiB from 256MiB to 64GiB',
    byDefault: '`1GiB`',
    description: 'Memory that one of these processes may take; a layer that needs more makes its scan fail',
  },
  inspectionTime: {
    variable: 'PRATIQUE_INSPECTION_TIME',
    key: 'inspectionTime',
    text: { pattern: '^[1-9][0-9]{0,4}$' },
    must: 'a whole number of seconds from 1 to 99999',
    byDefault: '`600`',
    description:
      'Most processor time that the largest layer may take: it is 60 seconds, and one more for every 4 MiB that are inflated, up to this',
  },
  inspectionStall: {
    variable: 'PRATIQUE_INSPECTION_STALL',
    key: 'inspectionStall',
    text: { pattern: '^[1-9][0-9]{0,3}$' },
    must: 'a whole number of seconds from 1 to 9999',
    byDefault: '`30`',
    description: 'Processor time that a layer may take without coming further',
  },
  clamd: {
    variable: 'PRATIQUE_CLAMD',
    key: 'clamd',
    text: { lengthMin: 1 },
    must: 'unix: and an absolute path, or tcp://host:port',
    byDefault: 'none: not asked',
    description:
      "Where ClamAV's daemon listens; every layer's files are sent to it ([guide](guide.md#find-malware))",
  },
  yaraRules: {
    variable: 'PRATIQUE_YARA_RULES',
    key: 'yaraRules',
    text: { lengthMin: 1 },
    must: 'a list of folders',
    isList: true,
    byDefault: 'none',
    description:
      'Folders with YARA rules (`*.yar`, `*.yara`, below them too), separated by commas; changed rules are taken into use by the next scan',
  },
  malwareRescan: {
    variable: 'PRATIQUE_MALWARE_RESCAN',
    key: 'malwareRescan',
    text: { pattern: '^([1-9][0-9]{0,5})(m|h|d)$' },
    must: 'a whole number of minutes, hours or days, such as 24h',
    byDefault: '`24h`',
    description:
      'An image is inspected for malware again, when the signatures have changed, at most once in so long; a scan by hand always takes the newest',
  },
  javaArchives: {
    variable: 'PRATIQUE_JAVA_SHA1',
    key: 'javaSha1',
    text: { lengthMin: 1 },
    must: 'an SQLite file with the tables of trivy-java-db',
    byDefault: 'none',
    description:
      'Table of published Java archives by SHA-1, which names those that Maven did not describe ([guide](guide.md#java-archives))',
  },
  trustedProxies: {
    variable: 'PRATIQUE_TRUSTED_PROXIES',
    key: 'trustedProxies',
    text: { pattern: '^[0-9A-Fa-f:.]+(/[0-9]{1,3})?$' },
    must: 'a list of addresses or CIDR blocks',
    isList: true,
    byDefault: 'none',
    description:
      'Reverse proxies whose `X-Forwarded-For`, `-Proto`, `-Host` and `-Port`, or `Forwarded`, are believed, separated by commas; from others they change nothing',
  },
  egressAllow: {
    variable: 'PRATIQUE_EGRESS_ALLOW',
    key: 'egressAllow',
    text: { pattern: '^[0-9A-Fa-f:.]+(/[0-9]{1,3})?$' },
    must: 'a list of addresses or CIDR blocks',
    isList: true,
    byDefault: 'none',
    description:
      'Private addresses to which requests for users may go (webhooks), and redirects of public feeds, separated by commas, such as `10.20.0.0/16`; without it, only public ones',
  },
  ...mailSettings,
  clientConnections: {
    variable: 'PRATIQUE_CLIENT_CONNECTIONS',
    key: 'clientConnections',
    text: { pattern: '^[1-9][0-9]{0,5}$' },
    must: 'a whole number from 1 to 999999',
    byDefault: '`1000`',
    description:
      'Connections that one address may have open, further ones are closed at once, trusted proxies are not counted; and requests that one account may have under way at a server, further ones get 429',
  },
  clientTimeout: {
    variable: 'PRATIQUE_CLIENT_TIMEOUT',
    key: 'clientTimeout',
    text: { pattern: '^([1-9]|[1-9][0-9]{1,2}|[12][0-9]{3}|3[0-5][0-9]{2}|3600)$' },
    must: 'a whole number of seconds from 1 to 3600',
    byDefault: '`60`',
    description:
      'Seconds that a connection may be without a request, and over which a client must send 1 KiB/s of a body or take some of an answer',
  },
  tlsCert: {
    variable: 'PRATIQUE_TLS_CERT',
    key: 'tlsCert',
    text: { lengthMin: 1 },
    must: 'a file with a certificate chain in PEM, given together with the key',
    byDefault: 'none: plain HTTP',
    description:
      'Serves HTTPS (TLS 1.2 or newer) with this certificate; a changed file is taken into use within seconds',
  },
  tlsKey: {
    variable: 'PRATIQUE_TLS_KEY',
    key: 'tlsKey',
    text: { lengthMin: 1 },
    must: 'a file with a private key in PEM, given together with the certificate',
    byDefault: 'none',
    description: 'Private key of the certificate',
  },
  metricsPublic: {
    variable: 'PRATIQUE_METRICS_PUBLIC',
    key: 'metricsPublic',
    text: { pattern: '^(true|false)$' },
    must: 'true or false',
    byDefault: '`false`',
    description:
      'Whether `/metrics` answers without signing in; otherwise it answers system administrators only',
  },
  logLevel: {
    variable: 'PRATIQUE_LOG_LEVEL',
    key: 'logLevel',
    text: { pattern: '^(debug|info|warn|error|silent)$' },
    must: 'debug, info, warn, error or silent',
    byDefault: '`info`',
    description: 'Least important log lines that are written (JSON lines on standard output)',
  },
} as const satisfies Readonly<Record<string, Setting>>;

export type SettingName = keyof typeof settings;

/** The table of docs/settings.md. */
export function settingsTable(): string {
  const rows = Object.values(settings).map(
    (setting: Setting) =>
      `| \`${setting.variable}\` | \`${setting.key}\` | ${setting.byDefault} | ${setting.description}; must be ${setting.must} |`,
  );
  return ['| Variable | YAML key | Default | Meaning |', '|---|---|---|---|', ...rows].join('\n');
}
