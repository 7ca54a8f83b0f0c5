import { createHmac, createPublicKey, generateKeyPairSync, type KeyObject, sign } from 'node:crypto';
import { describe, expect, it } from 'vitest';
import { createTokenSigningKey, DockerTokens, readTokenKeys, type TokenGrant } from './docker-tokens.ts';

const keys = readTokenKeys(createTokenSigningKey());
const issuer = 'http://registry';
const audience = 'registry';
const startMs = Date.UTC(2026, 0, 1);
const startSeconds = startMs / 1000;
const grant: TokenGrant = {
  account: { id: 7, name: 'dev' },
  access: [{ name: 'ns/app', namespaceId: 3, actions: ['pull', 'push'] }],
  mayListCatalog: true,
};

function tokensAt(nowMs: number): DockerTokens {
  return new DockerTokens({ keys, issuer, audience, now: () => nowMs });
}

const claims: Readonly<Record<string, unknown>> = {
  iss: issuer,
  aud: audience,
  sub: 'dev',
  jti: 'x',
  iat: startSeconds,
  nbf: startSeconds,
  exp: startSeconds + 300,
  accountId: 7,
  access: [{ type: 'repository', name: 'ns/app', namespaceId: 3, actions: ['pull'] }],
};
const header: Readonly<Record<string, unknown>> = { alg: 'Ed25519', typ: 'JWT', kid: keys.current.id };
const part = (value: unknown) => Buffer.from(JSON.stringify(value)).toString('base64url');

function forge(
  change: { readonly header?: object; readonly claims?: object } = {},
  key: KeyObject | null = keys.current.privateKey,
): string {
  const signed = `${part({ ...header, ...change.header })}.${part({ ...claims, ...change.claims })}`;
  const signature = key === null ? '' : sign(null, Buffer.from(signed), key).toString('base64url');
  return `${signed}.${signature}`;
}

function hmacWith(secret: string | Buffer, alg = 'HS256'): string {
  const signed = `${part({ ...header, alg })}.${part(claims)}`;
  return `${signed}.${createHmac('sha256', secret).update(signed).digest('base64url')}`;
}

const stranger = generateKeyPairSync('ed25519');
const publicPem = createPublicKey(keys.current.privateKey).export({ type: 'spki', format: 'pem' });
const publicDer = createPublicKey(keys.current.privateKey).export({ type: 'spki', format: 'der' });
const strangerJwk = stranger.publicKey.export({ format: 'jwk' });
const good = forge();
const [h = '', p = '', s = ''] = good.split('.');

describe('DockerTokens', () => {
  it('verifies what it issued, for accounts and for nobody', async () => {
    const tokens = tokensAt(startMs);
    for (const issued of [grant, { access: [], mayListCatalog: false }]) {
      const { token, expiresInSeconds } = await tokens.issue(issued);
      expect(expiresInSeconds).toBe(300);
      expect(await tokens.verify(token)).toEqual({ kind: 'valid', grant: issued });
    }
    expect((await tokens.verify(good)).kind).toBe('valid');
  });

  it.each<[string, string]>([
    ['alg none', forge({ header: { alg: 'none' } }, null)],
    ['alg None', forge({ header: { alg: 'None' } }, null)],
    ['alg absent', forge({ header: { alg: undefined } })],
    ['no signature', forge({}, null)],
    ['HS256 with the public key as PEM', hmacWith(String(publicPem))],
    ['HS256 with the public key as DER', hmacWith(publicDer)],
    ['HS256 with an empty key', hmacWith('')],
    ['HS256 with a key of one space', hmacWith(' ')],
    ['HS512', hmacWith('x', 'HS512')],
    ['alg EdDSA', forge({ header: { alg: 'EdDSA' } })],
    ['alg RS256', forge({ header: { alg: 'RS256' } })],
    ['alg ES256', forge({ header: { alg: 'ES256' } })],
    ['another key under our kid', forge({}, stranger.privateKey)],
    ['an embedded jwk', forge({ header: { jwk: strangerJwk } }, stranger.privateKey)],
    [
      'an embedded jwk without kid',
      forge({ header: { jwk: strangerJwk, kid: undefined } }, stranger.privateKey),
    ],
    ['jku', forge({ header: { jku: 'http://127.0.0.1/keys', kid: 'x' } }, stranger.privateKey)],
    ['x5u', forge({ header: { x5u: 'http://127.0.0.1/cert', kid: 'x' } }, stranger.privateKey)],
    ['no kid', forge({ header: { kid: undefined } })],
    ['an unknown kid', forge({ header: { kid: 'other' } })],
    ['kid __proto__', forge({ header: { kid: '__proto__' } })],
    ['crit', forge({ header: { crit: ['exp2'], exp2: 1 } })],
    ['b64 false', forge({ header: { crit: ['b64'], b64: false } })],
    ['another typ', forge({ header: { typ: 'at+jwt' } })],
    ['no typ', forge({ header: { typ: undefined } })],
    ['another issuer', forge({ claims: { iss: 'http://other' } })],
    ['another audience', forge({ claims: { aud: 'other' } })],
    ['audiences', forge({ claims: { aud: [audience, 'other'] } })],
    ...['iss', 'aud', 'sub', 'exp', 'nbf', 'iat', 'jti', 'access', 'accountId'].map(
      (claim): [string, string] => [`no ${claim}`, forge({ claims: { [claim]: undefined } })],
    ),
    ['exp as text', forge({ claims: { exp: String(startSeconds + 300) } })],
    ['iat null', forge({ claims: { iat: null } })],
    ['a long life', forge({ claims: { iat: startSeconds - 3_600 } })],
    ['account id as text', forge({ claims: { accountId: '7' } })],
    ['access as text', forge({ claims: { access: 'ns/app' } })],
    [
      'an unknown action',
      forge({ claims: { access: [{ type: 'repository', name: 'a/b', namespaceId: 1, actions: ['*'] }] } }),
    ],
    ['a changed payload', `${h}.${part({ ...claims, accountId: 1 })}.${s}`],
    ['a cut signature', `${h}.${p}.${s.slice(0, -4)}`],
    ['two parts', `${h}.${p}`],
    ['four parts', `${good}.x`],
    ['nothing', ''],
    ['no base64', 'ä.ö.ü'],
    ['a JSON that is none', `${h}.${Buffer.from('{').toString('base64url')}.${s}`],
    ['100 KiB', `${h}.${'a'.repeat(100_000)}.${s}`],
  ])('refuses %s (threats.md A6)', async (_, token) => {
    expect((await tokensAt(startMs).verify(token)).kind).toBe('invalid');
  });

  it.each([
    ['59 s after its end', 300 + 59, 'valid'],
    ['61 s after its end', 300 + 61, 'invalid'],
    ['59 s before its beginning', -59, 'valid'],
    ['61 s before its beginning', -61, 'invalid'],
  ])('at %s answers as the leeway says (threats.md A6)', async (_, offsetSeconds, kind) => {
    expect((await tokensAt(startMs + offsetSeconds * 1_000).verify(good)).kind).toBe(kind);
  });

  it('forgets a verified token when it ends', async () => {
    let nowMs = startMs;
    const tokens = new DockerTokens({ keys, issuer, audience, now: () => nowMs });
    const { token } = await tokens.issue(grant);
    expect((await tokens.verify(token)).kind).toBe('valid');
    nowMs += 361_000;
    expect((await tokens.verify(token)).kind).toBe('invalid');
  });

  it('verifies tokens of an earlier key after a rotation', async () => {
    const [old, young] = [createTokenSigningKey(), createTokenSigningKey()];
    const options = { issuer, audience, now: () => startMs };
    const before = new DockerTokens({ ...options, keys: readTokenKeys(old) });
    const after = new DockerTokens({ ...options, keys: readTokenKeys(young, [old]) });
    const { token } = await before.issue(grant);
    expect((await after.verify(token)).kind).toBe('valid');
    expect((await before.verify((await after.issue(grant)).token)).kind).toBe('invalid');
  });
});
