import { mkdir, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { inflateRecord } from '../src/advisories/osv/read-advisory-record.ts';
import type { DatabaseConnection } from '../src/database/database.ts';
import { names } from './_judged-images.ts';

/** Of smaller feeds, a few changes would be a fifth of all, and the whole feed be read instead. */
const feedRecordsMin = 1_000;
const flipId = 'PYSEC-9999-1';

interface HeldRecord {
  readonly feed: string;
  readonly id: string;
  readonly modified_at: Date;
}

interface OsvRecord extends Record<string, unknown> {
  readonly details?: string;
  readonly withdrawn?: string;
}

/**
 * A mirror as it looks after a change of `count` records, drawn evenly from those held: every fourth is withdrawn or no more withdrawn,
 * every fourth rated otherwise, of the others only the text changed. One more turns the verdict of the image that flips.
 * The same again undoes most of it, so that one filled database serves many runs.
 */
export async function writeDelta(
  connection: DatabaseConnection,
  root: string,
  options: { readonly count: number; readonly at: Date },
): Promise<void> {
  const { pool } = connection;
  const at = options.at.toISOString();
  const { rows: held } = await pool.query<HeldRecord>(
    `select feed, advisory_id as id, modified_at from feed_advisory join advisory on id = advisory_id
     union all select 'CVE', id, modified_at from cve order by 1, 2`,
  );
  const byFeed = Map.groupBy(held, ({ feed }) => feed);
  const eligible = held.filter(
    ({ feed, id }) => feed !== 'CVE' && id !== flipId && (byFeed.get(feed)?.length ?? 0) >= feedRecordsMin,
  );
  const step = eligible.length / options.count;
  const chosen = Array.from({ length: options.count }, (_, index) => eligible[Math.floor(index * step)]);
  const { rows: records } = await pool.query<{ id: string; record: Buffer }>(
    'select id, record from advisory where id = any($1)',
    [[...chosen.flatMap((one) => one?.id ?? []), flipId]],
  );
  const recordOf = new Map(
    records.map(({ id, record }) => [id, JSON.parse(inflateRecord(record)) as OsvRecord]),
  );
  const changed = new Map<string, { readonly feed: string; readonly json: string }>();
  for (const [index, one] of chosen.entries()) {
    const record = recordOf.get(one?.id ?? '');
    if (one === undefined || record === undefined) continue;
    changed.set(one.id, {
      feed: one.feed,
      json: JSON.stringify({ ...changeOf(record, index, at), modified: at }),
    });
  }
  const flip = { ...(recordOf.get(flipId) ?? firstFlip(at)), modified: at };
  const turned = recordOf.has(flipId) ? toggleWithdrawn(flip, at) : flip;
  changed.set(flipId, { feed: names.flipPackage.ecosystem, json: JSON.stringify(turned) });
  await writeMirror(root, { byFeed, changed, at });
}

/** A mirror with a new record of packages that no image holds. */
export async function writeUnheldDelta(
  connection: DatabaseConnection,
  root: string,
  options: { readonly count: number; readonly at: Date },
): Promise<void> {
  const at = options.at.toISOString();
  const { rows: held } = await connection.pool.query<HeldRecord>(
    `select feed, advisory_id as id, modified_at from feed_advisory join advisory on id = advisory_id
     union all select 'CVE', id, modified_at from cve`,
  );
  const stamp = options.at.getTime();
  const changed = new Map(
    Array.from({ length: options.count }, (_, index) => {
      const id = `PYSEC-9998-${stamp}${index}`;
      const record = advisoryOf({ id, name: `pratique-bench-unheld-${stamp}-${index}`, at });
      return [id, { feed: 'PyPI', json: JSON.stringify(record) }] as const;
    }),
  );
  await writeMirror(root, { byFeed: Map.groupBy(held, ({ feed }) => feed), changed, at });
}

async function writeMirror(
  root: string,
  {
    byFeed,
    changed,
    at,
  }: {
    readonly byFeed: ReadonlyMap<string, readonly HeldRecord[]>;
    readonly changed: ReadonlyMap<string, { readonly feed: string; readonly json: string }>;
    readonly at: string;
  },
): Promise<void> {
  await rm(root, { recursive: true, force: true });
  for (const [feed, held] of byFeed) {
    const folder = join(root, feed);
    await mkdir(folder, { recursive: true });
    const unchanged = held.filter(({ id }) => !changed.has(id));
    const own = [...changed].filter(([, one]) => one.feed === feed);
    const lines = [
      ...own.map(([id]) => `${at},${id}`),
      ...unchanged.map(({ id, modified_at }) => `${modified_at.toISOString()},${id}`),
    ];
    await writeFile(join(folder, 'modified_id.csv'), `${lines.join('\n')}\n`);
    for (const [id, { json }] of own) await writeFile(join(folder, `${id}.json`), json);
  }
  const folders = [...byFeed.keys()].filter((feed) => feed !== 'CVE');
  await writeFile(join(root, 'ecosystems.txt'), `${folders.join('\n')}\n`);
}

const vectors = [
  'CVSS:3.1/AV:N/AC:L/PR:N/UI:N/S:U/C:H/I:H/A:H',
  'CVSS:3.1/AV:L/AC:H/PR:H/UI:R/S:U/C:N/I:N/A:L',
];

function changeOf(record: OsvRecord, index: number, at: string): OsvRecord {
  switch (index % 4) {
    case 0:
      return toggleWithdrawn(record, at);
    case 1: {
      const isFirst = JSON.stringify(record).includes(vectors[0] ?? '');
      return { ...record, severity: [{ type: 'CVSS_V3', score: vectors[isFirst ? 1 : 0] }] };
    }
    default:
      return { ...record, details: `${record.details ?? ''} .` };
  }
}

function toggleWithdrawn({ withdrawn, ...record }: OsvRecord, at: string): OsvRecord {
  return withdrawn === undefined ? { ...record, withdrawn: at } : record;
}

function firstFlip(at: string): OsvRecord {
  return advisoryOf({ id: flipId, name: names.flipPackage.name, at });
}

function advisoryOf({
  id,
  name,
  at,
}: {
  readonly id: string;
  readonly name: string;
  readonly at: string;
}): OsvRecord {
  return {
    schema_version: '1.7.0',
    id,
    modified: at,
    published: at,
    details: 'Made for a measurement.',
    severity: [{ type: 'CVSS_V3', score: vectors[0] }],
    affected: [
      {
        package: { ecosystem: 'PyPI', name },
        ranges: [{ type: 'ECOSYSTEM', events: [{ introduced: '0' }] }],
      },
    ],
  };
}
