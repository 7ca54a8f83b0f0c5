import { shannonEntropy } from '../entropy.ts';
import type { SecretRule } from '../secret-rule.ts';
import { cased } from './_keywords.ts';

/** Words that stand for "no secret here" where a password is expected. */
const weakWords =
  /^(?:password|passwd|secret|token|root|admin|user|guest|test(?:ing)?|none|null|true|false|undefined|postgres|mysql|redis|localhost)\d{0,4}$/i;

/** What people choose or generate, not what code is made of: a name, a path, an expression. */
function isChosen(secret: string): boolean {
  if (weakWords.test(secret) || !/\d/.test(secret) || !/[A-Za-z]/.test(secret)) return false;
  return shannonEntropy(secret) >= 3.2;
}

/** A header that is JSON with `alg`, and a payload that is JSON. */
function isJsonWebToken(secret: string): boolean {
  const [header = '', payload = ''] = secret
    .split('.')
    .map((part) => Buffer.from(part, 'base64url').toString('utf8'));
  return /"alg"\s*:/.test(header) && payload.startsWith('{') && payload.endsWith('}');
}

const schemes = [
  'postgres',
  'postgresql',
  'mysql',
  'mariadb',
  'mongodb',
  'redis',
  'rediss',
  'amqp',
  'amqps',
  'sqlserver',
  'clickhouse',
  'cockroachdb',
  'ldap',
  'ldaps',
  'smtp',
  'smtps',
  'nats',
];

const pemOfKey = /^-----BEGIN (?!ENCRYPTED )(?:[A-Z]{2,10} )?PRIVATE KEY-----\s{1,2}[A-Za-z0-9+/]{40}/;

/** More than a placeholder between the lines of an armour. */
function hasKeyLine(secret: string): boolean {
  return /[A-Za-z0-9+/]{40}/.test(secret);
}

/** Passwords, keys and tokens that no single provider issues. */
export const credentialRules: readonly SecretRule[] = [
  {
    id: 'private-key',
    title: 'Private key',
    type: 'private-key',
    severity: 'critical',
    keywords: ['PRIVATE KEY'],
    // PKCS#1, PKCS#8, EC, DSA, OpenSSH, PGP, SSH2; line ends may be written as \n. Encrypted ones are a rule of their own.
    // A header begins and ends at the end of a line, so that there is one way to read it (threats.md D9).
    pattern:
      /-{4,5} ?BEGIN (?!ENCRYPTED |SSH2 ENCRYPTED )(?:[A-Z0-9]{2,10} ){0,2}PRIVATE KEY(?: BLOCK)? ?-{4,5}(?!(?:\\r|\\n|\s){0,8}Proc-Type: 4,ENCRYPTED)(?:(?:\r?\n|\r|\\r\\n|\\n)[ \t]{0,4}[A-Z][A-Za-z0-9-]{2,30}: [^\r\n\\]{0,120}(?=[\r\n\\])){0,4}((?:[A-Za-z0-9+/=\s]|\\n|\\r){64,200})/g,
    accepts: hasKeyLine,
  },
  {
    id: 'encrypted-private-key',
    title: 'Private key under a passphrase',
    type: 'private-key',
    severity: 'medium',
    keywords: ['PRIVATE KEY'],
    pattern:
      /-{4,5} ?BEGIN (?:(?:SSH2 )?ENCRYPTED PRIVATE KEY ?-{4,5}|[A-Z]{2,10} PRIVATE KEY-{5}(?:\\r|\\n|\s){0,8}Proc-Type: 4,ENCRYPTED)(?:(?:\r?\n|\r|\\r\\n|\\n)[ \t]{0,4}[A-Z][A-Za-z0-9-]{2,30}: [^\r\n\\]{0,120}(?=[\r\n\\])){0,4}((?:[A-Za-z0-9+/=\s]|\\n|\\r){64,200})/g,
    accepts: hasKeyLine,
  },
  {
    id: 'putty-private-key',
    title: 'PuTTY private key',
    type: 'private-key',
    severity: 'critical',
    keywords: ['PuTTY-User-Key-File-'],
    pattern:
      /PuTTY-User-Key-File-\d: \S{3,40}\r?\nEncryption: none\r?\nComment: .{0,200}\r?\nPublic-Lines: \d+\r?\n([A-Za-z0-9+/=\r\n]{60,700})/g,
  },
  {
    id: 'encrypted-putty-private-key',
    title: 'PuTTY private key under a passphrase',
    type: 'private-key',
    severity: 'medium',
    keywords: ['PuTTY-User-Key-File-'],
    pattern:
      /PuTTY-User-Key-File-\d: \S{3,40}\r?\nEncryption: aes256-cbc\r?\nComment: .{0,200}\r?\nPublic-Lines: \d+\r?\n([A-Za-z0-9+/=\r\n]{60,700})/g,
  },
  {
    id: 'age-secret-key',
    title: 'age secret key',
    type: 'private-key',
    severity: 'critical',
    keywords: ['AGE-SECRET-KEY-1'],
    pattern: /(AGE-SECRET-KEY-1[QPZRY9X8GF2TVDW0S3JN54KHCE6MUA7L]{58})/g,
  },
  {
    id: 'kubeconfig-key',
    title: 'Client key in a kubeconfig',
    type: 'private-key',
    severity: 'critical',
    keywords: ['client-key-data'],
    pattern: /client-key-data["']?:\s{1,4}["']?([A-Za-z0-9+/]{100,800})/g,
  },
  {
    // As Secrets of Kubernetes hold it, and variables of CI systems.
    id: 'private-key-in-base64',
    title: 'Private key, its PEM text in base64',
    type: 'private-key',
    severity: 'critical',
    keywords: ['LS0tLS1CRUdJTi'],
    pattern: /(LS0tLS1CRUdJTi[A-Za-z0-9+/]{100,800})/g,
    accepts: (secret) => pemOfKey.test(Buffer.from(secret, 'base64').toString('latin1')),
  },
  {
    id: 'json-web-token',
    title: 'JSON Web Token',
    type: 'token',
    severity: 'medium',
    keywords: ['eyJh', 'eyJ0', 'eyJr', 'eyJ4', 'eyJj', 'eyJi', 'eyJu', 'eyJq'],
    pattern: /(?<![\w-])(eyJ[\w-]{10,300}\.eyJ[\w-]{10,700}\.[\w-]{20,700})(?![\w-])/g,
    accepts: isJsonWebToken,
    onlyOwnFiles: true,
  },
  {
    id: 'url-password',
    title: 'Password in the address of a service',
    type: 'database',
    severity: 'high',
    keywords: [...schemes.map((scheme) => `${scheme}://`), 'mongodb+srv://'],
    pattern: /(?:[a-z+]{4,12}):\/\/[^\s:@/"'`<>]{0,64}:([^\s@/"'`<>]{4,128})@[A-Za-z0-9[_.-]/g,
    alsoNear: '@',
    accepts: (secret) => !weakWords.test(secret) && !/^[$%{(#:]/.test(secret),
    onlyOwnFiles: true,
  },
  {
    id: 'http-password',
    title: 'Password in a web address',
    type: 'password',
    severity: 'medium',
    keywords: ['http://', 'https://', 'ftp://'],
    pattern: /(?:https?|ftp):\/\/[^\s:@/"'`<>]{1,64}:([^\s@/"'`<>]{6,128})@[A-Za-z0-9[_.-]/g,
    alsoNear: '@',
    accepts: (secret) => !weakWords.test(secret) && !/^[$%{(#:]/.test(secret) && !/^\d{1,5}$/.test(secret),
    onlyOwnFiles: true,
  },
  {
    id: 'connection-string-password',
    title: 'Password in a connection string',
    type: 'database',
    severity: 'high',
    keywords: [...cased('password='), 'Pwd=', 'PWD='],
    pattern:
      /(?:Server|Data Source|Host|Server Name)\s?=[^;\n"']{1,200};[^\n"']{0,400}?(?:Password|Pwd)\s?=\s?([^;\s"']{6,128})/gi,
    accepts: (secret) => !weakWords.test(secret),
    onlyOwnFiles: true,
  },
  {
    id: 'netrc-password',
    title: 'Password in a .netrc',
    type: 'password',
    severity: 'high',
    keywords: ['machine '],
    pattern: /machine\s{1,4}\S{3,200}\s{1,8}login\s{1,4}\S{1,200}\s{1,8}password\s{1,4}(\S{4,200})/g,
  },
  {
    id: 'password-hash',
    title: 'Password hash of an account',
    type: 'password',
    severity: 'medium',
    keywords: [':$1$', ':$5$', ':$6$', ':$y$', ':$2a$', ':$2b$', ':$2y$', ':$apr1$'],
    pattern: /^[a-z_][\w.-]{0,31}:(\$(?:1|5|6|y|2[aby]|apr1)\$[^:\s]{20,200})(?=:|\s|$)/gim,
  },
  {
    id: 'generic-secret',
    title: 'Value that is called a secret',
    type: 'password',
    severity: 'medium',
    keywords: cased(
      'password',
      'passwd',
      'secret',
      'token',
      'api_key',
      'apikey',
      'apiKey',
      'api-key',
      'access_key',
      'accessKey',
      'private_key',
      'credential',
    ),
    pattern:
      /(?:password|passwd|secret|token|api[_-]?key|access[_-]?key|private[_-]?key|credentials?)["']?\s{0,4}(?:=>|:=|[:=])\s{0,4}(?:"([^"\s\\$<>{}()]{10,128})"|'([^'\s\\$<>{}()]{10,128})'|([^\s"'\\$<>{}(),;#]{12,128})(?=\s|$))/gim,
    accepts: isChosen,
    onlyOwnFiles: true,
  },
];
