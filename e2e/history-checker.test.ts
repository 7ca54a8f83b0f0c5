import { describe, expect, it } from 'vitest';
import { checkHistory, type TagAct, type TagOperation } from './history-checker.ts';

const mutable = { isImmutable: false };
const immutable = { isImmutable: true };
const never = Number.POSITIVE_INFINITY;

let nextClient = 0;
function op(calledMs: number, returnedMs: number, act: TagAct): TagOperation {
  nextClient += 1;
  return { client: nextClient, calledMs, returnedMs, act };
}
const put = (digest: string, outcome: 'stored' | 'refused' | 'unknown' = 'stored'): TagAct => ({
  kind: 'put',
  digest,
  outcome,
});
const get = (digest?: string): TagAct => ({ kind: 'get', digest });
const del = (outcome: 'deleted' | 'not-found' | 'refused' | 'unknown' = 'deleted'): TagAct => ({
  kind: 'delete',
  outcome,
});

describe('checkHistory() accepts', () => {
  it.each<[string, TagOperation[]]>([
    ['nothing', []],
    ['one after the other', [op(0, 1, get()), op(2, 3, put('a')), op(4, 5, get('a')), op(6, 7, del())]],
    [
      'a read that runs beside a write, old or new',
      [op(0, 9, put('a')), op(1, 2, get()), op(3, 4, get('a'))],
    ],
    ['two writes at once, either last', [op(0, 9, put('a')), op(0, 9, put('b')), op(10, 11, get('a'))]],
    ['a write without an answer that happened', [op(0, never, put('a', 'unknown')), op(5, 6, get('a'))]],
    ['a write without an answer that did not', [op(0, never, put('a', 'unknown')), op(5, 6, get())]],
    [
      'a write without an answer that happened late',
      [op(0, never, put('a', 'unknown')), op(1, 2, get()), op(3, 4, get('a'))],
    ],
    [
      'a deletion without an answer',
      [op(0, 1, put('a')), op(2, never, del('unknown')), op(3, 4, get('a')), op(5, 6, get())],
    ],
    ['two deletions of which one wins', [op(0, 1, put('a')), op(2, 9, del()), op(3, 8, del('not-found'))]],
  ])('%s', (_, history) => {
    expect(checkHistory(history, mutable)).toEqual({ kind: 'linearizable' });
  });

  it('a first push to an immutable tag that wins, and the others that are told so', () => {
    const race = [op(0, 9, put('a', 'refused')), op(0, 9, put('b')), op(1, 9, put('b')), op(2, 8, get('b'))];
    const later = [op(10, 11, put('a', 'refused')), op(12, 13, del('refused')), op(14, 15, get('b'))];
    expect(checkHistory([...race, ...later], immutable)).toEqual({ kind: 'linearizable' });
  });

  it('500 operations of 8 clients on a register that keeps its promises', () => {
    expect(checkHistory(simulated({ operations: 500, clients: 8, seed: 7 }), mutable)).toEqual({
      kind: 'linearizable',
    });
  });
});

describe('checkHistory() refuses', () => {
  it.each<[string, TagOperation[]]>([
    ['a read of what was overwritten before', [op(0, 1, put('a')), op(2, 3, put('b')), op(4, 5, get('a'))]],
    ['a read that misses what was stored before', [op(0, 1, put('a')), op(2, 3, get())]],
    ['a read of what nobody wrote', [op(0, 1, get('a'))]],
    [
      'two reads that go back in time beside one write',
      [op(0, 9, put('a')), op(1, 2, get('a')), op(3, 4, get())],
    ],
    [
      'two readers that see two writes in different orders',
      [op(0, 1, put('a')), op(0, 1, put('b')), op(2, 3, get('a')), op(4, 5, get('b'))],
    ],
    ['two deletions that both won', [op(0, 1, put('a')), op(2, 9, del()), op(2, 9, del())]],
    ['a deletion of what is there that was told it is not', [op(0, 1, put('a')), op(2, 3, del('not-found'))]],
    ['a tag that comes back after its deletion', [op(0, 1, put('a')), op(2, 3, del()), op(4, 5, get('a'))]],
    ['a refusal where the tag is free', [op(0, 1, put('a', 'refused'))]],
    [
      'a write without an answer that happened before it was sent',
      [op(0, 1, get('a')), op(5, never, put('a', 'unknown'))],
    ],
  ])('%s', (_, history) => {
    expect(checkHistory(history, mutable).kind).toBe('violated');
  });

  it('two winners of a first push to an immutable tag', () => {
    const history = [op(0, 9, put('a')), op(0, 9, put('b'))];
    expect(checkHistory(history, immutable).kind).toBe('violated');
    expect(checkHistory(history, mutable).kind).toBe('linearizable');
  });

  it('an immutable tag that moved or went', () => {
    expect(checkHistory([op(0, 1, put('a')), op(2, 3, put('b'))], immutable).kind).toBe('violated');
    expect(checkHistory([op(0, 1, put('a')), op(2, 3, del())], immutable).kind).toBe('violated');
  });

  it('one wrong read among 500 operations, and says where it got stuck', () => {
    const history = simulated({ operations: 500, clients: 8, seed: 7 });
    const at = history.findLastIndex(({ act }) => act.kind === 'get');
    const wrong = history.map((one, index) =>
      index === at ? { ...one, act: get('nobody wrote this') } : one,
    );
    const result = checkHistory(wrong, mutable);
    expect(result).toMatchObject({ kind: 'violated' });
    expect(result.kind === 'violated' && result.stuck.some(({ act }) => act.kind === 'get')).toBe(true);
  });
});

/** What clients see of a register in which each operation takes effect at one moment between call and return. */
function simulated(options: { operations: number; clients: number; seed: number }): TagOperation[] {
  let seed = options.seed;
  const random = () => {
    seed = (seed * 1_103_515_245 + 12_345) % 2_147_483_648;
    return seed / 2_147_483_648;
  };
  const free = Array.from({ length: options.clients }, () => 0);
  const timed = Array.from({ length: options.operations }, (_, index) => {
    const client = index % options.clients;
    const calledMs = (free[client] ?? 0) + random() * 3;
    const effectMs = calledMs + random() * 5;
    const returnedMs = effectMs + random() * 5;
    free[client] = returnedMs;
    return {
      client,
      calledMs,
      effectMs,
      returnedMs,
      choice: random(),
      digest: `d${Math.floor(random() * 5)}`,
    };
  });
  let state: string | undefined;
  return timed
    .sort((a, b) => a.effectMs - b.effectMs)
    .map(({ client, calledMs, returnedMs, choice, digest }) => {
      let act: TagAct = get(state);
      if (choice < 0.4) {
        act = put(digest);
        state = digest;
      } else if (choice < 0.5) {
        act = del(state === undefined ? 'not-found' : 'deleted');
        state = undefined;
      }
      return { client, calledMs, returnedMs, act };
    });
}
