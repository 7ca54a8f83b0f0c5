import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { createTemporaryDatabase, type TemporaryDatabase } from '../testing/temporary-database.ts';
import { type Denial, DenialLog } from './denial-log.ts';
import { listEvents, recordEvent } from './events.ts';

let database: TemporaryDatabase;
beforeAll(async () => {
  database = await createTemporaryDatabase();
});
afterAll(() => database.drop());

async function newest() {
  const [event] = (await listEvents(database.db, { limit: 1 })).items;
  if (event === undefined) throw new Error('no event');
  return event;
}

describe('recordEvent()', () => {
  it.each([
    ['a line break', '\r\n{"level":"info"'],
    ['an escape sequence', '\u001b[2J\u009b1m'],
    ['a NUL', 'a\0b'],
    ['separators', 'a\u2028b\u2029c'],
    ['a turn of the direction', 'a\u202eb\u2066c'],
    ['half a surrogate pair', 'a\ud800'],
  ])('writes %s of every text as its code, on one line (threats.md E5)', async (_, text) => {
    await recordEvent(database.db, {
      kind: 'x',
      actor: text,
      client: text,
      subject: text,
      details: { text },
    });
    const { actor, client, subject } = await newest();
    for (const shown of [actor, client, subject]) {
      expect(shown).not.toMatch(/[\p{Cc}\p{Cs}\u2028\u2029\u202a-\u202e\u2066-\u2069]/u);
    }
    if (text.startsWith('\r')) expect(actor).toBe('\\u000d\\u000a{"level":"info"');
  });

  it('keeps at most 4 KiB of each (threats.md E5)', async () => {
    const long = 'ä"\\'.repeat(400_000);
    const details = { ids: Array.from({ length: 10_000 }, (_, index) => `CVE-2024-${index} "`) };
    await recordEvent(database.db, { kind: 'x', actor: long, client: long, subject: long, details });
    const event = await newest();
    const json = JSON.stringify(event.details);
    for (const text of [event.actor, event.client ?? '', event.subject, json]) {
      expect(Buffer.byteLength(text)).toBeGreaterThan(1_900);
      expect(Buffer.byteLength(text)).toBeLessThanOrEqual(4_096);
    }
    expect(event.details).toMatchObject({ isCut: true, beginning: expect.stringContaining('{"ids":["CVE-') });
  });
});

describe('listEvents()', () => {
  it('filters by kind or its beginning, actor, part of the subject and time', async () => {
    const since = new Date((await newest()).at.getTime() + 1);
    await database.pool.query(`select pg_sleep(0.005)`);
    for (const [kind, actor] of [
      ['login.refused', 'anonymous'],
      ['login.limited', 'anonymous'],
      ['loginx', 'dev'],
    ] as const) {
      await recordEvent(database.db, { kind, actor, subject: `of a_b ${kind}` });
    }
    const count = async (filter: object) => (await listEvents(database.db, { limit: 10, ...filter })).total;
    expect(await count({ kind: 'login' })).toBe(2);
    expect(await count({ kind: 'login.refused' })).toBe(1);
    expect(await count({ actor: 'dev' })).toBe(1);
    expect(await count({ subject: 'a_b' })).toBe(3);
    expect(await count({ subject: 'a%b' })).toBe(0);
    expect(await count({ since })).toBe(3);
    expect(await count({ since, until: since })).toBe(0);
  });
});

describe('DenialLog', () => {
  const denial = (change: Partial<Denial>): Denial => ({
    kind: 'access.denied',
    actor: 'anonymous',
    address: '10.0.0.1',
    subject: 'team/app',
    ...change,
  });
  const count = async () => (await listEvents(database.db, { limit: 1 })).total;

  it('writes the same denial once, and another one too', async () => {
    const log = new DenialLog(database.db);
    const before = await count();
    for (const _ of Array(20).keys()) await log.record(denial({}));
    expect((await count()) - before).toBe(1);
    await log.record(denial({ address: '10.0.0.2' }));
    await log.record(denial({ details: { action: 'push' } }));
    expect((await count()) - before).toBe(3);
  });

  it('cannot be flooded: so many of a source and of all, and then one that says so', async () => {
    const log = new DenialLog(database.db, { perSource: 5, overall: 12 });
    const before = await count();
    for (const address of ['10.0.0.1', '10.0.0.2', '10.0.0.3', '10.0.0.4']) {
      for (const index of Array(30).keys()) await log.record(denial({ address, subject: `team/${index}` }));
    }
    expect((await count()) - before).toBe(12);
    const { items } = await listEvents(database.db, { kind: 'denials', limit: 10 });
    expect(items.map(({ subject }) => subject)).toEqual([
      'address 10.0.0.3',
      'address 10.0.0.2',
      'address 10.0.0.1',
    ]);
  });
});

describe('a log of very many events', () => {
  it('is counted up to 10,000, and says that there are more (threats.md §6)', async () => {
    await database.pool.query(
      `insert into event (kind, actor, subject) select 'many', 'x', 'y' from generate_series(1, 10000)`,
    );
    const filter = { kind: 'many', limit: 1 };
    expect(await listEvents(database.db, filter)).toMatchObject({ total: 10_000, isMore: false });
    await recordEvent(database.db, { kind: 'many', actor: 'x', subject: 'y' });
    expect(await listEvents(database.db, filter)).toMatchObject({ total: 10_000, isMore: true });
  });
});
