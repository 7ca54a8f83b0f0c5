import {
  createHash,
  createPrivateKey,
  createPublicKey,
  generateKeyPairSync,
  type KeyObject,
  randomUUID,
} from 'node:crypto';
import { errors, type JWTPayload, jwtVerify, SignJWT } from 'jose';
import { LRUCache } from 'lru-cache';

/** Actions of the Docker token scheme that we know; distribution "token/scope" calls deleting `delete`. */
export type TokenAction = 'pull' | 'push' | 'delete';

/** One repository that a token opens: by namespace id, so that it dies with the namespace (threats.md A9). */
export interface TokenAccess {
  /** Full name `<namespace>/<repository>`. */
  readonly name: string;
  readonly namespaceId: number;
  readonly actions: readonly TokenAction[];
}

export interface TokenGrant {
  /** Absent: anonymous. */
  readonly account?: {
    readonly id: number;
    readonly name: string;
    /** The access secret that bought the token, so that it dies with it; absent for a password. */
    readonly secretId?: number;
  };
  readonly access: readonly TokenAccess[];
  /** The token may list the catalog, as far as its account may see. */
  readonly mayListCatalog: boolean;
}

export type VerifiedToken =
  | { readonly kind: 'valid'; readonly grant: TokenGrant }
  | { readonly kind: 'invalid' /** For logs, never for the client. */; readonly reason: string };

/** Ed25519 keys by key id: `current` signs, all verify. */
export interface TokenKeys {
  readonly current: { readonly id: string; readonly privateKey: KeyObject };
  readonly publicKeys: ReadonlyMap<string, KeyObject>;
}

/** Life of a token in seconds (semantics.md §6); clocks may differ by `tokenLeewaySeconds` besides. */
export const tokenLifeSeconds = 300;
export const tokenLeewaySeconds = 60;

const algorithm = 'Ed25519';
const tokenType = 'JWT';
const tokenLengthMax = 64 * 1024;
/** Room for tokens that were verified, counted by their length. */
const verifiedCharactersMax = 8 * 1024 * 1024;

/** A new signing key as PKCS #8, to be stored sealed. */
export function createTokenSigningKey(): Buffer {
  return generateKeyPairSync('ed25519').privateKey.export({ type: 'pkcs8', format: 'der' });
}

/** Reads signing keys as made by `createTokenSigningKey()`, the current one first; a key's id is a hash of its public half. */
export function readTokenKeys(current: Buffer, earlier: readonly Buffer[] = []): TokenKeys {
  const read = (pkcs8: Buffer) => {
    const privateKey = createPrivateKey({ key: pkcs8, type: 'pkcs8', format: 'der' });
    const publicKey = createPublicKey(privateKey);
    const id = createHash('sha256')
      .update(publicKey.export({ type: 'spki', format: 'der' }))
      .digest('base64url')
      .slice(0, 22);
    return { id, privateKey, publicKey };
  };
  const first = read(current);
  const all = [first, ...earlier.map(read)];
  return { current: first, publicKeys: new Map(all.map((key) => [key.id, key.publicKey])) };
}

/**
 * Issues and verifies the registry's bearer tokens: JWTs signed with Ed25519 alone, whose key is found by `kid` among
 * our own (threats.md A6). What a token says is an upper bound: rights are asked from the database at every request.
 */
export class DockerTokens {
  readonly #keys: TokenKeys;
  readonly #issuer: string;
  readonly #audience: string;
  readonly #now: () => number;
  /** By the token's text; entries end with the token. */
  readonly #verified: LRUCache<string, { readonly grant: TokenGrant; readonly endsAtMs: number }>;

  constructor(options: {
    readonly keys: TokenKeys;
    readonly issuer: string;
    /** The service name of the challenge. */
    readonly audience: string;
    /** Milliseconds since 1970. */
    readonly now: () => number;
  }) {
    this.#keys = options.keys;
    this.#issuer = options.issuer;
    this.#audience = options.audience;
    this.#now = options.now;
    this.#verified = new LRUCache({
      maxSize: verifiedCharactersMax,
      sizeCalculation: (_value, token) => token.length,
    });
  }

  async issue(
    grant: TokenGrant,
  ): Promise<{ readonly token: string; readonly issuedAt: Date; readonly expiresInSeconds: number }> {
    const issuedAtSeconds = Math.floor(this.#now() / 1000);
    const claims: JWTPayload = {
      access: [
        ...grant.access.map(({ name, namespaceId, actions }) => ({
          type: 'repository',
          name,
          namespaceId,
          actions,
        })),
        ...(grant.mayListCatalog ? [{ type: 'registry', name: 'catalog', actions: ['*'] }] : []),
      ],
      accountId: grant.account?.id ?? null,
      ...(grant.account?.secretId === undefined ? {} : { secretId: grant.account.secretId }),
    };
    const token = await new SignJWT(claims)
      .setProtectedHeader({ alg: algorithm, typ: tokenType, kid: this.#keys.current.id })
      .setIssuer(this.#issuer)
      .setAudience(this.#audience)
      .setSubject(grant.account?.name ?? '')
      .setJti(randomUUID())
      .setIssuedAt(issuedAtSeconds)
      .setNotBefore(issuedAtSeconds)
      .setExpirationTime(issuedAtSeconds + tokenLifeSeconds)
      .sign(this.#keys.current.privateKey);
    return { token, issuedAt: new Date(issuedAtSeconds * 1000), expiresInSeconds: tokenLifeSeconds };
  }

  /** A token is verified once and then known until it ends. */
  async verify(token: string): Promise<VerifiedToken> {
    const nowMs = this.#now();
    const known = this.#verified.get(token);
    if (known !== undefined && nowMs < known.endsAtMs) return { kind: 'valid', grant: known.grant };
    if (token.length > tokenLengthMax) return { kind: 'invalid', reason: 'too long' };
    try {
      const { payload } = await jwtVerify(
        token,
        (header) => {
          const key = this.#keys.publicKeys.get(header.kid ?? '');
          if (key === undefined) throw new errors.JWSInvalid('unknown key id');
          return key;
        },
        {
          algorithms: [algorithm],
          typ: tokenType,
          issuer: this.#issuer,
          audience: this.#audience,
          requiredClaims: ['iss', 'aud', 'sub', 'exp', 'nbf', 'iat', 'jti', 'access', 'accountId'],
          clockTolerance: tokenLeewaySeconds,
          maxTokenAge: tokenLifeSeconds,
          currentDate: new Date(nowMs),
        },
      );
      const grant = readClaims(payload);
      if (grant === undefined) return { kind: 'invalid', reason: 'unreadable claims' };
      const endsAtMs = ((payload.exp ?? 0) + tokenLeewaySeconds) * 1000;
      this.#verified.set(token, { grant, endsAtMs });
      return { kind: 'valid', grant };
    } catch (error) {
      if (error instanceof errors.JOSEError) return { kind: 'invalid', reason: error.message };
      throw error;
    }
  }
}

/** Undefined unless every claim has the form that `issue()` gives it. */
function readClaims(payload: JWTPayload): TokenGrant | undefined {
  const { sub, aud, accountId, access, secretId } = payload;
  if (typeof sub !== 'string' || typeof aud !== 'string' || !Array.isArray(access)) return undefined;
  if (accountId !== null && !Number.isSafeInteger(accountId)) return undefined;
  if (secretId !== undefined && !Number.isSafeInteger(secretId)) return undefined;
  const repositories: TokenAccess[] = [];
  let mayListCatalog = false;
  for (const entry of access as unknown[]) {
    const read = readAccess(entry);
    if (read === undefined) return undefined;
    if (read === 'catalog') mayListCatalog = true;
    else repositories.push(read);
  }
  return {
    ...(typeof accountId === 'number'
      ? { account: { id: accountId, name: sub, ...(typeof secretId === 'number' ? { secretId } : {}) } }
      : {}),
    access: repositories,
    mayListCatalog,
  };
}

function readAccess(entry: unknown): TokenAccess | 'catalog' | undefined {
  if (typeof entry !== 'object' || entry === null) return undefined;
  const { type, name, namespaceId, actions } = entry as Readonly<Record<string, unknown>>; // checked below
  if (type === 'registry' && name === 'catalog') return 'catalog';
  if (type !== 'repository' || typeof name !== 'string' || typeof namespaceId !== 'number') return undefined;
  if (!Array.isArray(actions) || !actions.every(isTokenAction)) return undefined;
  return { name, namespaceId, actions };
}

export function isTokenAction(text: unknown): text is TokenAction {
  return text === 'pull' || text === 'push' || text === 'delete';
}
