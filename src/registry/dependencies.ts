import type { FastifyReply, FastifyRequest } from 'fastify';
import type { AccountLogin } from '../accounts/account-login.ts';
import type { DockerTokens } from '../accounts/docker-tokens.ts';
import type { DatabaseConnection } from '../database/database.ts';
import type { BlobStore } from '../storage/blob-store.ts';
import type { Challenges } from './authorize.ts';
import type { SendBuffers } from './blobs/send-blob.ts';
import type { BodyRoom } from './body-room.ts';
import type { Credentials } from './credentials.ts';
import type { PullGuard, PushGuard, PushObserver } from './guards.ts';
import type { ManifestCache } from './manifests/manifest-cache.ts';
import type { ManifestExaminer } from './manifests/manifest-examiner.ts';
import type { RegistryPoint } from './registry-points.ts';
import type { ReadSituation } from './situation.ts';

/** What the registry needs from whoever starts it. */
export interface RegistryDependencies {
  readonly connection: DatabaseConnection;
  readonly store: BlobStore;
  readonly tokens: DockerTokens;
  readonly login: AccountLogin;
  readonly pullGuard: PullGuard;
  readonly pushGuard: PushGuard;
  readonly pushObserver: PushObserver;
  /** Where clients reach this server, without a slash at the end: the token realm is built from it. */
  readonly externalUrl: string;
  /** Where this request's client reaches this server, when that is told apart by request; absent: `externalUrl`. */
  readonly externalUrlOf?: (request: FastifyRequest) => string;
  /** Told who was proven to send a request, for the log. */
  readonly notePrincipal?: (request: FastifyRequest, name: string) => void;
  /** Number of this server, which its `presenceStatement()` proves to live (catalog/uploads.ts). */
  readonly instance?: number;
  /** Told of pushes that a quota refuses, to count them. */
  readonly onQuotaRefused?: (namespace: string) => void;
  /** Most uploads that may be open in a namespace at once; absent: `openUploadsMaxDefault`. */
  readonly openUploadsMax?: number;
  /** Told of the moments in `registryPoints`; for tests of crashes. */
  readonly reach?: ((point: RegistryPoint) => void) | undefined;
}

/** What every handler works with. */
export interface RegistryParts extends RegistryDependencies {
  readonly challenges: Challenges;
  readonly readSituation: ReadSituation;
  readonly manifestCache: ManifestCache;
  readonly sendBuffers: SendBuffers;
  readonly bodyRoom: BodyRoom;
  readonly manifestExaminer: ManifestExaminer;
}

/** One request, its sender proven. */
export interface RegistryCall {
  readonly parts: RegistryParts;
  readonly request: FastifyRequest;
  readonly reply: FastifyReply;
  readonly credentials: Credentials;
  readonly query: URLSearchParams;
}
