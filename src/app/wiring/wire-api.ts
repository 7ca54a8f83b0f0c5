import type { FastifyInstance, FastifyRequest } from 'fastify';
import type { AccessSecrets } from '../../accounts/access-secrets.ts';
import type { AccountLogin } from '../../accounts/account-login.ts';
import type { WebhookParts } from '../../api/api-dependencies.ts';
import { registerApi } from '../../api/register-api.ts';
import type { GraphileQueue } from '../../jobs/graphile-queue.ts';
import type { AttachDocument } from '../../registry/manifests/attach-document.ts';
import type { ImageFactsStore } from '../../scan/reports/image-facts-store.ts';
import { InternedPackages } from '../../scan/reports/interned-packages.ts';
import { systemClock } from '../clock.ts';
import { feedAgeMaxDays } from '../feed-age.ts';
import type { Installation } from '../installation.ts';
import { programVersion } from '../program-version.ts';
import { advisoryOriginOf } from '../settings/read-bundle-settings.ts';
import type { MalwareEngines } from './malware-engines.ts';
import { queueAdvisorySync } from './wire-advisories.ts';
import type { BlobBytes } from './wire-blobs.ts';
import type { Gate } from './wire-gate.ts';

/** An image's config is JSON of some kilobytes; what is larger is not shown. */
const configSizeBytesMax = 4 * 1024 * 1024;

/** The API below `/api/v1`. */
export async function wireApi(
  fastify: FastifyInstance,
  installation: Installation,
  parts: {
    readonly login: AccountLogin;
    readonly secrets: AccessSecrets;
    readonly facts: ImageFactsStore;
    readonly gate: Gate;
    readonly queue: GraphileQueue;
    readonly blobs: BlobBytes;
    readonly malware: MalwareEngines;
    readonly webhooks: WebhookParts;
    readonly attachDocument: AttachDocument;
    readonly externalUrl: string;
    readonly externalUrlOf: (request: FastifyRequest) => string;
    readonly notePrincipal: (request: FastifyRequest, name: string) => void;
  },
): Promise<void> {
  const { login, secrets, facts, gate, queue, blobs, malware, externalUrl, externalUrlOf, notePrincipal } =
    parts;
  await registerApi(fastify, {
    db: installation.connection.db,
    login,
    secrets,
    now: systemClock,
    version: programVersion(),
    externalUrl,
    externalUrlOf,
    notePrincipal,
    feedAgeMaxDays,
    advisoryOrigin: advisoryOriginOf(installation.config),
    ...(installation.config.namespaceQuotaBytes === undefined
      ? {}
      : { namespaceQuotaBytes: installation.config.namespaceQuotaBytes }),
    facts,
    packages: new InternedPackages(installation.connection.db),
    verdicts: gate.verdicts,
    enqueuer: queue,
    canceller: queue,
    pushGuard: gate.tagGuard,
    readConfig: (digest) => blobs.readWhole(digest, configSizeBytesMax),
    malwareEngines: () => malware.status(),
    webhooks: parts.webhooks,
    attachDocument: parts.attachDocument,
    queueAdvisorySync: (transaction) => queueAdvisorySync(queue, transaction),
  });
}
