import type { FastifyInstance, FastifyRequest } from 'fastify';
import type { AccountLogin } from '../../accounts/account-login.ts';
import { createTokenSigningKey, DockerTokens, readTokenKeys } from '../../accounts/docker-tokens.ts';
import { ensureSealedSecret } from '../../accounts/sealed-secrets.ts';
import type { PullGuard } from '../../registry/guards.ts';
import { registerRegistry } from '../../registry/register-registry.ts';
import type { BlobStore } from '../../storage/blob-store.ts';
import { systemClock } from '../clock.ts';
import { failpointReacher } from '../failpoints.ts';
import type { Installation } from '../installation.ts';
import type { Gate } from './wire-gate.ts';

/** The distribution protocol below `/v2/`, and its token service. */
export async function wireRegistry(
  fastify: FastifyInstance,
  installation: Installation,
  parts: {
    readonly store: BlobStore;
    readonly login: AccountLogin;
    readonly gate: Gate;
    readonly externalUrl: string;
    readonly externalUrlOf: (request: FastifyRequest) => string;
    readonly notePrincipal: (request: FastifyRequest, name: string) => void;
    readonly pullGuard: PullGuard;
    readonly instance: number;
    readonly onQuotaRefused: (namespace: string) => void;
  },
): Promise<void> {
  const { store, login, gate, externalUrl, externalUrlOf, notePrincipal, pullGuard, instance } = parts;
  await registerRegistry(fastify, {
    connection: installation.connection,
    store,
    login,
    tokens: await createTokens(installation, externalUrl),
    pullGuard,
    pushGuard: gate.tagGuard,
    pushObserver: gate.pushObserver,
    externalUrl,
    externalUrlOf,
    notePrincipal,
    instance,
    onQuotaRefused: parts.onQuotaRefused,
    openUploadsMax: installation.config.namespaceUploadsMax,
    reach: failpointReacher(installation.config.failpoint),
  });
}

/** The signing key lies sealed in the database, so that every replica verifies what another one has issued. */
async function createTokens(
  { connection, secretKey }: Installation,
  externalUrl: string,
): Promise<DockerTokens> {
  const signingKey = await ensureSealedSecret(connection.db, {
    name: 'token-signing-key',
    key: secretKey,
    create: createTokenSigningKey,
  });
  const { host } = new URL(externalUrl);
  return new DockerTokens({
    keys: readTokenKeys(signingKey),
    issuer: 'pratique',
    audience: host,
    now: () => systemClock().getTime(),
  });
}
