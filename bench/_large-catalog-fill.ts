import type pg from 'pg';
import { connectDatabase } from '../src/database/connect.ts';
import { startEmbeddedServer } from '../src/database/embedded-server.ts';
import { migrate } from '../src/database/migrate.ts';
import { migrateQueue } from '../src/jobs/migrate-queue.ts';
import { fillReports } from './_large-catalog-reports.ts';
import { dropSecondaryIndexes } from './_secondary-indexes.ts';

/** How much is made; repositories 1 to 4 are special ones in namespace 1 (see `names`). */
export interface CatalogSize {
  readonly namespaces: number;
  readonly repositories: number;
  readonly images: number;
  readonly indexes: number;
  /** Artifacts of which one manifest is the subject. */
  readonly referrers: number;
  readonly otherArtifacts: number;
  /** Beside those of the two special repositories. */
  readonly tags: number;
  readonly manyTags: number;
  readonly someTags: number;
  readonly indexChildren: number;
  readonly events: number;
}

/** threats.md §6: 100k manifests, 500k tags, 1 M blobs, 2 M references. */
export const largeCatalog: CatalogSize = {
  namespaces: 200,
  repositories: 5_000,
  images: 70_000,
  indexes: 5_000,
  referrers: 20_000,
  otherArtifacts: 5_000,
  tags: 400_000,
  manyTags: 100_000,
  someTags: 10_000,
  indexChildren: 10_000,
  events: 300_000,
};

/** Names that the measurement asks for. */
export const names = {
  largeNamespace: 'ns-0001',
  smallNamespace: 'ns-0150',
  manyTags: 'many-tags',
  someTags: 'ten-thousand-tags',
  referred: 'referred',
  wide: 'wide',
} as const;

/** Fills the database of a new data folder through the real schema; the folder is then as a server left it. */
export async function fillDataFolder(dataFolder: string, size: CatalogSize): Promise<void> {
  const settings = {
    fsync: 'off',
    synchronous_commit: 'off',
    max_wal_size: '8GB',
    work_mem: '256MB',
    maintenance_work_mem: '1GB',
    shared_buffers: '1GB',
  };
  const server = await startEmbeddedServer({ dataFolder, role: 'server', settings });
  try {
    const connection = connectDatabase({ ...server.config, max: 2 });
    try {
      await migrate(connection.pool);
      await migrateQueue(connection.pool);
      const client = await connection.pool.connect();
      try {
        await fill(client, size);
      } finally {
        client.release(true);
      }
    } finally {
      await connection.close();
    }
  } finally {
    await server.stop();
  }
}

async function fill(client: pg.PoolClient, size: CatalogSize): Promise<void> {
  // The rows are sound by the way they are made; checking each of two million references by itself takes minutes.
  await client.query('set session_replication_role = replica');
  await client.query(preparation);
  const secondary = await dropSecondaryIndexes(client);
  for (const statement of [
    namespaces,
    repositories,
    manifestNumbers,
    references,
    manifests,
    children,
    held,
    blobs,
    usage,
    tags,
    events,
    feeds,
  ])
    await client.query(withSizes(statement, size));
  await fillReports(client);
  await client.query(unscanned);
  await client.query('drop schema fill cascade');
  for (const definition of secondary) await client.query(definition);
  await client.query('vacuum (analyze)');
  await client.query('checkpoint');
}

/** Sizes are numbers of this file: `:name` in a statement is one of them. */
function withSizes(statement: string, size: CatalogSize): string {
  return statement.replace(/:(\w+)\b(?<!::\w+)/g, (whole, name: string) =>
    name in size ? String(size[name as keyof CatalogSize]) : whole,
  );
}

const preparation = `
  create schema fill;
  create function fill.digest(kind text, n bigint) returns text immutable parallel safe language sql
    return 'sha256:' || encode(sha256(convert_to(kind || n, 'UTF8')), 'hex');
  create function fill.moment(n bigint) returns timestamptz stable language sql
    return now() - (n * 7919 % 31536000) * interval '1 second';`;

/** Half enforce, the first too; every tenth is public. */
const namespaces = `
  insert into namespace (name, is_public, auto_scan, policy)
  select 'ns-' || lpad(n::text, 4, '0'), n % 10 = 0, true,
    case n % 4 when 1 then '{"mode":"enforce","minSeverity":"critical"}' when 2 then '{"mode":"observe"}'
      when 3 then '{"mode":"enforce"}' else '{"mode":"off"}' end::jsonb
  from generate_series(1, :namespaces) n order by n;
  insert into exemption (namespace_id, vulnerability_id, reason, created_by)
  select 1, 'CVE-2025-' || lpad((n * 7)::text, 4, '0'), 'accepted', 'admin' from generate_series(1, 20) n;`;

const repositories = `
  insert into repository (namespace_id, name)
  select case when n <= :repositories / 2 then 1 else 2 + n % (:namespaces - 1) end,
    case n when 1 then 'many-tags' when 2 then 'ten-thousand-tags' when 3 then 'referred' when 4 then 'wide'
      else (array['web', 'api', 'worker', 'tools/build', 'data'])[1 + n % 5] || '/service-' || n end
  from generate_series(1, :repositories) n order by n;`;

/** Every manifest by number: images, indexes, referrers, other artifacts; each in one repository. */
const manifestNumbers = `
  create unlogged table fill.m (n bigint primary key, kind text, repository bigint, base bigint, digest text, content bytea);
  insert into fill.m (n, kind, repository, base)
  select n,
    case when n <= :images then 'image' when n <= :images + :indexes then 'index' else 'artifact' end,
    case when n <= 2000 then 1 when n <= 3000 then 2
      when n > :images + :indexes and n <= :images + :indexes + :referrers then 3
      else 5 + (n * 7919) % (:repositories - 4) end,
    (n * 31) % 500
  from generate_series(1, :images + :indexes + :referrers + :otherArtifacts) n;`;

/** Of an image: a config, 14 layers that its base has, 12 of its own; of an artifact: a config and a layer. */
const references = `
  create unlogged table fill.r as
  select m.n, p as position,
    case when p = 0 then fill.digest('config', m.n)
      when p <= 14 and m.kind = 'image' then fill.digest('base', m.base * 14 + p)
      else fill.digest('own', m.n * 13 + p) end as digest,
    case when p = 0 then 1500 else 1000 + (m.n * 31 + p * 977) % 20000000 end as size
  from fill.m m cross join generate_series(0, 26) p
  where m.kind = 'image' or (m.kind = 'artifact' and p <= 1);
  create index on fill.r (n);
  analyze fill.r;`;

const manifests = `
  update fill.m m set content = convert_to(json_build_object('schemaVersion', 2,
      'mediaType', 'application/vnd.oci.image.manifest.v1+json',
      'config', json_build_object('mediaType', 'application/vnd.oci.image.config.v1+json', 'digest',
        (select r.digest from fill.r r where r.n = m.n and r.position = 0), 'size', 1500),
      'layers', (select json_agg(json_build_object('mediaType', 'application/vnd.oci.image.layer.v1.tar+gzip',
        'digest', r.digest, 'size', r.size) order by r.position) from fill.r r where r.n = m.n and r.position > 0))::text,
      'UTF8')
    where m.kind <> 'index';
  update fill.m set digest = 'sha256:' || encode(sha256(content), 'hex') where kind <> 'index';
  update fill.m set digest = fill.digest('index', n), content = convert_to('{"schemaVersion":2}', 'UTF8') where kind = 'index';
  insert into manifest (digest, media_type, kind, artifact_type, config_digest, subject_digest, size_bytes,
    image_size_bytes, content, annotations)
  select m.digest, case m.kind when 'index' then 'application/vnd.oci.image.index.v1+json'
      else 'application/vnd.oci.image.manifest.v1+json' end, m.kind,
    case m.kind when 'artifact' then (array['application/spdx+json', 'application/vnd.dev.cosign.simplesigning.v1+json'])[1 + m.n % 2] end,
    case m.kind when 'index' then null else fill.digest('config', m.n) end,
    case when m.repository = 3 and m.kind = 'artifact' then (select s.digest from fill.m s where s.n = 1) end,
    length(m.content), coalesce((select sum(r.size) from fill.r r where r.n = m.n), 0), m.content,
    case m.kind when 'artifact' then jsonb_build_object('org.opencontainers.image.created', fill.moment(m.n)::text) end
  from fill.m m;
  analyze fill.m;`;

/** An index lists the two images after its own number; one more lists very many, all in its repository. */
const children = `
  insert into manifest_child (parent_digest, position, child_digest, media_type, platform)
  select m.digest, p, c.digest, 'application/vnd.oci.image.manifest.v1+json',
    jsonb_build_object('os', 'linux', 'architecture', (array['amd64', 'arm64'])[1 + p])
  from fill.m m cross join generate_series(0, 1) p
  join fill.m c on c.n = 3001 + ((m.n - :images) * 2 + p) % (:images - 3001) where m.kind = 'index';
  insert into manifest (digest, media_type, kind, size_bytes, image_size_bytes, content)
  values (fill.digest('wide', 1), 'application/vnd.oci.image.index.v1+json', 'index', 20, 0, '{}');
  insert into manifest_child (parent_digest, position, child_digest, media_type, platform)
  select fill.digest('wide', 1), m.n, m.digest, 'application/vnd.oci.image.manifest.v1+json', '{"os":"linux","architecture":"amd64"}'
  from fill.m m where m.n > 3000 and m.n <= 3000 + :indexChildren;`;

const held = `
  create unlogged table fill.held as
  select m.repository, m.digest, m.n, fill.moment(m.n) as at from fill.m m
  union all
  select i.repository, c.child_digest, i.n, fill.moment(i.n) from fill.m i
    join manifest_child c on c.parent_digest = i.digest where i.kind = 'index'
  union all
  select 3, digest, n, fill.moment(n) from fill.m where n = 1
  union all
  select 4, child_digest, position, fill.moment(position) from manifest_child where parent_digest = fill.digest('wide', 1)
  union all
  select 4, fill.digest('wide', 1), 0, now();
  insert into repository_manifest (repository_id, manifest_digest, pushed_by, pushed_at)
  select repository, digest, 'ci', at
  from (select distinct on (repository, digest) * from fill.held order by repository, digest) o order by at, digest;`;

const blobs = `
  insert into manifest_blob (manifest_digest, position, blob_digest, media_type, size_bytes)
  select m.digest, r.position, r.digest, case r.position when 0 then 'application/vnd.oci.image.config.v1+json'
    else 'application/vnd.oci.image.layer.v1.tar+gzip' end, r.size from fill.r r join fill.m m on m.n = r.n;
  insert into blob (digest, size_bytes, storage_key, created_at)
  select digest, min(size), 'blobs/' || substr(digest, 8), now() from fill.r group by digest;
  insert into repository_blob (repository_id, digest)
  select distinct rm.repository_id, mb.blob_digest from repository_manifest rm
  join manifest_blob mb on mb.manifest_digest = rm.manifest_digest;`;

/** What triggers would have counted. */
const usage = `
  insert into namespace_content (namespace_id, digest, kind, size_bytes, link_count)
  select r.namespace_id, l.digest, 'blob', b.size_bytes, count(*) from repository_blob l
  join repository r on r.id = l.repository_id join blob b on b.digest = l.digest group by 1, 2, 4;
  insert into namespace_content (namespace_id, digest, kind, size_bytes, link_count)
  select r.namespace_id, rm.manifest_digest, 'manifest', m.size_bytes, count(*) from repository_manifest rm
  join repository r on r.id = rm.repository_id join manifest m on m.digest = rm.manifest_digest group by 1, 2, 4;
  insert into namespace_usage (namespace_id, size_bytes)
  select namespace_id, sum(size_bytes) from namespace_content group by namespace_id;`;

/** What triggers would have left. */
const unscanned = `
  insert into unscanned_manifest (digest)
  select m.digest from manifest m where m.kind <> 'index' and not exists (
    select from image_scan c where c.manifest_digest = m.digest and c.category = 'vulnerabilities');`;

const tags = `
  insert into tag (repository_id, name, manifest_digest, updated_at)
  select 1, 'build-' || lpad(t::text, 6, '0'), m.digest, fill.moment(t)
  from generate_series(1, :manyTags) t join fill.m m on m.n = 1 + t % 2000;
  insert into tag (repository_id, name, manifest_digest, updated_at)
  select 2, 'v1.' || t / 100 || '.' || t % 100, m.digest, fill.moment(t)
  from generate_series(1, :someTags) t join fill.m m on m.n = 2001 + t % 1000;
  insert into tag (repository_id, name, manifest_digest, updated_at)
  select m.repository, case t % 3 when 0 then 'v' || t % 7 || '.' || t % 41 || '.' || t when 1 then 'sha-' || left(md5(t::text), 12)
    else 'release-2026.' || t % 12 || '.' || t end, m.digest, fill.moment(t)
  from generate_series(1, :tags) t join fill.m m on m.n = 3001 + t % (:images + :indexes - 3001);`;

const events = `
  insert into event (at, kind, namespace_id, actor, client, subject, details)
  select fill.moment(n), (array['pull.blocked', 'pull.warned', 'tag.deleted', 'policy.changed'])[1 + n % 4],
    case when n % 3 = 0 then 1 else 1 + n % :namespaces end, 'ci', '10.0.0.1 containerd/2.1', 'web/service-' || n % 5000,
    '{"reasons":["CVE-2025-0001"]}'
  from generate_series(1, :events) n;`;

/** Confirmed just now, so that nothing is in doubt. */
const feeds = `
  insert into feed (name, record_count, newest_record_at, version, last_attempt_at, last_success_at)
  values ('Debian', 50000, now(), 1, now(), now());
  insert into release_coverage (ecosystem, release, record_count, newest_record_at, data_end_at)
  values ('Debian', '12', 50000, now(), now());`;
