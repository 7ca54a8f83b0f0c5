import Fastify, { type FastifyInstance } from 'fastify';
import { AccessSecrets, createSecretHashKey } from '../accounts/access-secrets.ts';
import { AccountLogin } from '../accounts/account-login.ts';
import { createAccount } from '../accounts/accounts.ts';
import { createTokenSigningKey, DockerTokens, readTokenKeys } from '../accounts/docker-tokens.ts';
import { hashPassword } from '../accounts/password-hash.ts';
import { PasswordLogin } from '../accounts/password-login.ts';
import { type MemberRole, setMember } from '../catalog/members.ts';
import { createNamespace } from '../catalog/namespaces.ts';
import type { DatabaseConnection } from '../database/database.ts';
import { parseNamespaceName } from '../oci/names.ts';
import type { PullGuard, PushGuard, PushObserver } from '../registry/guards.ts';
import { registerRegistry } from '../registry/register-registry.ts';
import type { BlobStore } from '../storage/blob-store.ts';
import { MemoryStore } from '../storage/memory-store.ts';
import { freePort } from './free-port.ts';

/** Passwords in tests cost next to nothing. */
export const cheapScryptCosts = { cost: 16, blockSize: 1, parallelization: 1 };

export const allowAllPulls: PullGuard = {
  decide: async () => ({ kind: 'allow', warnings: [], cacheable: true }),
};
export const allowAllPushes: PushGuard = { decideTagMove: async () => ({ kind: 'allow' }) };
export const nobodyWatches: PushObserver = { manifestStored: async () => {} };

/** A registry that listens on a free port of 127.0.0.1. Every account's password is its name. */
export interface ServedRegistry {
  readonly url: string;
  readonly host: string;
  readonly fastify: FastifyInstance;
  readonly store: BlobStore;
  readonly tokens: DockerTokens;
  readonly secrets: AccessSecrets;
  /** Milliseconds since 1970 as the registry sees them; a test may move it. */
  readonly clock: { nowMs: number | undefined };
  addAccount(name: string, options?: { readonly isAdmin?: boolean }): Promise<number>;
  /** Makes a namespace with these members, by account name. */
  addNamespace(
    name: string,
    options?: { readonly isPublic?: boolean; readonly members?: Readonly<Record<string, MemberRole>> },
  ): Promise<number>;
  close(): Promise<void>;
}

export interface RegistryOptions {
  readonly pullGuard?: PullGuard;
  readonly pushGuard?: PushGuard;
  readonly pushObserver?: PushObserver;
  readonly store?: BlobStore;
  readonly logLevel?: string;
  readonly openUploadsMax?: number;
  readonly onQuotaRefused?: (namespace: string) => void;
}

export async function serveRegistry(
  connection: DatabaseConnection,
  options: RegistryOptions = {},
): Promise<ServedRegistry> {
  const { db } = connection;
  const store = options.store ?? new MemoryStore();
  const port = await freePort();
  const host = `127.0.0.1:${port}`;
  const url = `http://${host}`;
  const clock: { nowMs: number | undefined } = { nowMs: undefined };
  const tokens = new DockerTokens({
    keys: readTokenKeys(createTokenSigningKey()),
    issuer: url,
    audience: host,
    now: () => clock.nowMs ?? Date.now(),
  });
  const secrets = new AccessSecrets({ key: createSecretHashKey() });
  const fastify = Fastify({
    logger: options.logLevel === undefined ? false : { level: options.logLevel },
    forceCloseConnections: true,
  });
  await registerRegistry(fastify, {
    connection,
    store,
    tokens,
    login: new AccountLogin({ db, secrets, passwords: new PasswordLogin({ db, costs: cheapScryptCosts }) }),
    pullGuard: options.pullGuard ?? allowAllPulls,
    pushGuard: options.pushGuard ?? allowAllPushes,
    pushObserver: options.pushObserver ?? nobodyWatches,
    externalUrl: url,
    ...(options.openUploadsMax === undefined ? {} : { openUploadsMax: options.openUploadsMax }),
    ...(options.onQuotaRefused === undefined ? {} : { onQuotaRefused: options.onQuotaRefused }),
  });
  await fastify.listen({ host: '127.0.0.1', port });
  const addAccount = async (name: string, { isAdmin = false } = {}) => {
    const passwordHash = await hashPassword(name, cheapScryptCosts);
    const result = await createAccount(db, { name, passwordHash, isAdmin });
    if (result.kind === 'exists') throw new Error(`the account ${name} exists`);
    return result.account.id;
  };
  const accountIdOf = async (name: string) => {
    const row = await db.selectFrom('account').select('id').where('name', '=', name).executeTakeFirst();
    return row?.id ?? (await addAccount(name));
  };
  return {
    url,
    host,
    fastify,
    store,
    tokens,
    secrets,
    clock,
    addAccount,
    addNamespace: async (name, { isPublic = false, members = {} } = {}) => {
      const parsed = parseNamespaceName(name);
      if (parsed === undefined) throw new Error(`${name} is no namespace name`);
      const result = await createNamespace(db, { name: parsed, isPublic });
      if (result.kind === 'exists') throw new Error(`the namespace ${name} exists`);
      for (const [account, role] of Object.entries(members)) {
        const accountId = await accountIdOf(account);
        await setMember(db, { namespaceId: result.namespace.id, accountId, role });
      }
      return result.namespace.id;
    },
    close: () => fastify.close(),
  };
}
