import { createHash } from 'node:crypto';
import { digestOf } from '../../src/bytes/digest.ts';
import type { Digest, DigestAlgorithm } from '../../src/oci/digest.ts';
import { RegistryClient } from '../../src/testing/registry-client.ts';
import { type ClientsServer, type Login, startClientsServer } from '../clients-server.ts';

export const algorithms: readonly DigestAlgorithm[] = ['sha256', 'sha512'];
/** Uploads that may be open in a namespace: more than the cases leave open, few enough to reach. */
export const openUploadsMax = 40;
/** A namespace of its own, so that reaching the limit disturbs nobody. */
export const crowdedNamespace = 'crowded';

/** A repository as a client sees it who has a token for it. */
export interface Repository {
  /** `<namespace>/<repository>`. */
  readonly name: string;
  readonly client: RegistryClient;
  /** `/v2/<name>/<rest>` */
  path(rest: string): string;
}

export interface Target {
  readonly url: string;
  readonly server: ClientsServer;
  /** Asks for a token that may do everything in the repository, and pull from `sources`. */
  repository(name: string, sources?: readonly string[]): Promise<Repository>;
  /** A client without credentials. */
  readonly nobody: RegistryClient;
  /** A client with a token of these scopes, bought by the login. */
  signIn(login: Login, scopes: readonly string[]): Promise<RegistryClient>;
}

/** A fresh server, spoken to as clients do: told by its challenge where tokens are to be had, with one for each repository. */
export async function startTarget(): Promise<Target> {
  const server = await startClientsServer({ PRATIQUE_NAMESPACE_UPLOADS: String(openUploadsMax) });
  const { url } = server.server;
  await server.api.call('POST', '/namespaces', { name: crowdedNamespace, autoScan: false });
  const nobody = new RegistryClient(url, {});
  const signIn = async (login: Login, scopes: readonly string[]): Promise<RegistryClient> => {
    const { headers } = await nobody.send('/v2/');
    const token = await buyToken(readChallenge(headers.get('www-authenticate') ?? ''), login, scopes);
    return new RegistryClient(url, { authorization: `Bearer ${token}` });
  };
  return {
    url,
    server,
    nobody,
    signIn,
    repository: async (repository, sources = []) => {
      const name = `clients/${repository}`;
      const client = await signIn(server.writer, [
        `repository:${name}:pull,push,delete`,
        ...sources.map((source) => `repository:${source}:pull`),
      ]);
      return { name, client, path: (rest) => `/v2/${name}/${rest}` };
    },
  };
}

/** The parameters of a Bearer challenge (RFC 9110 §11.6.1). */
export function readChallenge(header: string): Readonly<Record<string, string>> {
  if (!header.startsWith('Bearer '))
    throw new Error(`Cannot sign in: Bearer must be offered, got "${header}"`);
  return Object.fromEntries([...header.matchAll(/(\w+)="([^"]*)"/g)].map(([, name, value]) => [name, value]));
}

async function buyToken(
  challenge: Readonly<Record<string, string>>,
  login: Login,
  scopes: readonly string[],
): Promise<string> {
  const realm = new URL(challenge['realm'] ?? '');
  realm.searchParams.set('service', challenge['service'] ?? '');
  for (const scope of scopes) realm.searchParams.append('scope', scope);
  const basic = Buffer.from(`${login.name}:${login.secret}`).toString('base64');
  const response = await fetch(realm, { headers: { authorization: `Basic ${basic}` } });
  if (response.status !== 200) throw new Error(`Cannot buy a token: ${await response.text()}`);
  const { token } = (await response.json()) as { token: string }; // the token endpoint's documented answer
  return token;
}

/** Bytes that are the same in every run and differ with the seed. */
export function bytesOf(seed: string, sizeBytes: number): Buffer {
  return createHash('shake256', { outputLength: sizeBytes }).update(seed).digest();
}

export interface TestBlob {
  readonly bytes: Buffer;
  readonly digest: Digest;
}

export function testBlob(bytes: Buffer, algorithm: DigestAlgorithm): TestBlob {
  return { bytes, digest: digestOf(bytes, algorithm) };
}
