import { Readable } from 'node:stream';
import { digestOf } from '../bytes/digest.ts';
import { storeBlob } from '../catalog/blobs.ts';
import { deleteManifest } from '../catalog/delete-content.ts';
import { createNamespace } from '../catalog/namespaces.ts';
import { type ManifestPushResult, putManifest } from '../catalog/put-manifest.ts';
import { ensureRepository } from '../catalog/repositories.ts';
import type { DatabaseConnection } from '../database/database.ts';
import { Notifications } from '../database/notifications.ts';
import { NamespacePolicies } from '../gate/namespace-policies.ts';
import { PolicyPullGuard } from '../gate/pull-guard.ts';
import { ScanningPushObserver } from '../gate/push-observer.ts';
import { ScanChanges } from '../gate/scan-changes.ts';
import { TagGuard } from '../gate/tag-guard.ts';
import { Verdicts } from '../gate/verdicts.ts';
import { InspectionPool } from '../inspection/inspection-pool.ts';
import type { Engine } from '../inspection/malware/engine.ts';
import { GraphileQueue } from '../jobs/graphile-queue.ts';
import type { Digest } from '../oci/digest.ts';
import { type NamespaceName, parseNamespaceName, parseRepositoryName, parseTag } from '../oci/names.ts';
import { parseManifest } from '../oci/parse-manifest.ts';
import type { PullRequest, RepositoryRef } from '../registry/guards.ts';
import { DatabaseImages } from '../scan/database-images.ts';
import { ImageFactsStore } from '../scan/reports/image-facts-store.ts';
import { InternedPackages } from '../scan/reports/interned-packages.ts';
import type { ReportSource } from '../scan/reports/report-details.ts';
import { scanJobKind } from '../scan/scan-enqueuer.ts';
import { ScanJob } from '../scan/scan-job.ts';
import { FindingDifferences } from '../webhooks/finding-differences.ts';
import type { BuiltImage, BuiltIndex } from './samples/build-image.ts';
import { createTemporaryDatabase, type TemporaryDatabase } from './temporary-database.ts';

/** One for all harnesses of a worker: its processes take longer to start than most scans, and end when they idle. */
const sharedInspections = new InspectionPool();

export interface PushOptions {
  readonly repository?: string;
  readonly tag?: string;
  readonly kind?: 'image' | 'index' | 'artifact';
}

/**
 * Everything between a push and a pull but HTTP: database, queue, scan and gate as `app/` wires them, with blobs in memory
 * and a clock that a test may set.
 */
export class ScanHarness {
  readonly database: TemporaryDatabase;
  /** What stored reports are read from. */
  readonly reports: ReportSource;
  readonly notifications: Notifications;
  readonly queue: GraphileQueue;
  readonly facts: ImageFactsStore;
  readonly verdicts: Verdicts;
  readonly pullGuard: PolicyPullGuard;
  readonly tagGuard = new TagGuard();
  readonly inspections: InspectionPool;
  readonly scanJob: ScanJob;
  /** Malware engines, which a test may add to. */
  readonly engines: Engine[] = [];
  readonly failures: unknown[] = [];
  readonly blobs = new Map<string, Buffer>();
  /** Called before each read of a blob. */
  onRead: (digest: Digest) => Promise<void> = async () => {};
  now: () => Date = () => new Date();
  readonly #policies: NamespacePolicies;
  readonly #changes: ScanChanges;

  /** `existing`: a database that the caller drops. `inspections` that are given are closed with the harness. */
  static async start(existing?: DatabaseConnection, inspections = sharedInspections): Promise<ScanHarness> {
    const database =
      existing === undefined ? await createTemporaryDatabase() : { ...existing, drop: async () => {} };
    const notifications = new Notifications({ config: database.config });
    await notifications.start();
    return new ScanHarness(database, notifications, inspections);
  }

  private constructor(
    database: TemporaryDatabase,
    notifications: Notifications,
    inspections: InspectionPool,
  ) {
    const { db } = database;
    const listener = notifications;
    const now = () => this.now();
    this.database = database;
    this.reports = { db: database.db, packages: new InternedPackages(database.db) };
    this.inspections = inspections;
    this.notifications = notifications;
    this.queue = new GraphileQueue({ connection: database });
    this.facts = new ImageFactsStore({ db, listener, now });
    this.#policies = new NamespacePolicies({ db, listener });
    this.#changes = new ScanChanges(listener);
    this.verdicts = new Verdicts({
      db,
      facts: this.facts,
      policies: this.#policies,
      changes: this.#changes,
      now,
    });
    this.pullGuard = new PolicyPullGuard({
      db,
      verdicts: this.verdicts,
      externalUrl: 'http://registry.test',
    });
    this.scanJob = new ScanJob({
      db,
      images: new DatabaseImages({ db, readBlob: (digest) => this.#readBlob(digest) }),
      inspections,
      engines: this.engines,
      now,
      observer: new FindingDifferences({ now }),
      onFailure: (_digest, error) => this.failures.push(error),
    });
  }

  async work(): Promise<void> {
    await this.queue.start({ handlers: { [scanJobKind]: this.scanJob.run }, concurrency: 2 });
  }

  async close(): Promise<void> {
    await this.queue.stop();
    if (this.inspections !== sharedInspections) await this.inspections.close();
    this.#changes.close();
    this.#policies.close();
    this.facts.close();
    await this.notifications.close();
    await this.database.drop();
  }

  async addNamespace(name: string, policy?: unknown, autoScan = true): Promise<number> {
    const result = await createNamespace(this.database.db, {
      name: nameOf(name),
      autoScan,
      ...(policy === undefined ? {} : { policy }),
    });
    if (result.kind === 'exists') throw new Error(`the namespace ${name} exists`);
    return result.namespace.id;
  }

  async repository(namespaceId: number, text = 'app'): Promise<RepositoryRef> {
    const repository = parseRepositoryName(text);
    if (repository === undefined) throw new Error(`${text} is no repository name`);
    const repositoryId = await ensureRepository(this.database.db, { namespaceId, repository });
    const row = await this.database.db
      .selectFrom('namespace')
      .select('name')
      .where('id', '=', namespaceId)
      .executeTakeFirstOrThrow();
    return { namespaceId, namespace: nameOf(row.name), repositoryId, repository };
  }

  /** Pushes blobs and manifest with the guard and the observer of the gate. */
  async push(namespaceId: number, image: BuiltImage, options: PushOptions = {}): Promise<ManifestPushResult> {
    const repository = await this.repository(namespaceId, options.repository);
    for (const [digest, bytes] of image.blobs) {
      this.blobs.set(digest, bytes);
      await this.database.db.transaction().execute((transaction) =>
        storeBlob(transaction, {
          digest,
          sizeBytes: bytes.length,
          storageKey: digest,
          repositoryId: repository.repositoryId,
        }),
      );
    }
    return await this.#put(repository, image, options);
  }

  async pushIndex(
    namespaceId: number,
    index: BuiltIndex,
    options: PushOptions = {},
  ): Promise<ManifestPushResult> {
    for (const image of index.images) await this.push(namespaceId, image, { ...options, tag: '' });
    return await this.#put(await this.repository(namespaceId, options.repository), index, {
      kind: 'index',
      ...options,
    });
  }

  /** A pull of a manifest as a developer would ask for it. */
  pull(repository: RepositoryRef, digest: Digest, changes: Partial<PullRequest> = {}): PullRequest {
    return {
      requester: { name: 'dev', client: 'test' },
      repository,
      target: { kind: 'manifest', digest },
      method: 'GET',
      mayPush: false,
      signal: new AbortController().signal,
      ...changes,
    };
  }

  /** Runs the scan of a digest to its end, here and now. */
  async scan(digest: Digest, attempt = 3): Promise<void> {
    await this.scanJob.run({ digest }, { signal: new AbortController().signal, attempt, attemptsMax: 3 });
  }

  /** Deletes an image of a repository with its tags. */
  async delete(namespaceId: number, repositoryName: string, digest: Digest): Promise<void> {
    const { repositoryId } = await this.repository(namespaceId, repositoryName);
    const { kind } = await deleteManifest(this.database.db, {
      repositoryId,
      digest,
      decideTagMove: async () => ({ kind: 'allow' }),
      onDeleted: async () => {},
    });
    if (kind !== 'deleted') throw new Error(`${digest} was not deleted: ${kind}`);
  }

  async scanRow(digest: Digest) {
    return await this.database.db
      .selectFrom('image_scan')
      .selectAll()
      .where('manifest_digest', '=', digest)
      .where('category', '=', 'vulnerabilities')
      .executeTakeFirstOrThrow();
  }

  async #readBlob(digest: Digest): Promise<Readable> {
    await this.onRead(digest);
    const bytes = this.blobs.get(digest);
    if (bytes === undefined) throw new Error(`no blob ${digest}`);
    return Readable.from([bytes], { objectMode: false });
  }

  async #put(
    repository: RepositoryRef,
    pushed: { readonly digest: Digest; readonly manifestBytes: Buffer; readonly mediaType: string },
    options: PushOptions,
  ): Promise<ManifestPushResult> {
    const parsed = parseManifest(pushed.manifestBytes, pushed.mediaType);
    if (parsed.kind === 'invalid') throw new Error(parsed.message);
    const tag = parseTag(options.tag ?? 'v1');
    const kind = options.kind ?? 'image';
    const tags = tag === undefined ? [] : [tag];
    const requester = { name: 'dev', client: 'test' };
    const observer = new ScanningPushObserver(this.queue);
    return await putManifest(this.database.db, {
      repositoryId: repository.repositoryId,
      digest: pushed.digest,
      digestSha512: digestOf(pushed.manifestBytes, 'sha512'),
      content: pushed.manifestBytes,
      manifest: parsed.manifest,
      kind,
      tags,
      pushedBy: 'dev',
      decideTagMove: (transaction, move) =>
        this.tagGuard.decideTagMove(transaction, {
          ...move,
          requester,
          repository,
          isReferrerFallback: false,
        }),
      onStored: (transaction) =>
        observer.manifestStored(transaction, { repository, requester, digest: pushed.digest, kind, tags }),
    });
  }
}

function nameOf(text: string): NamespaceName {
  const name = parseNamespaceName(text);
  if (name === undefined) throw new Error(`${text} is no namespace name`);
  return name;
}
