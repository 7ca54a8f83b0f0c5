/** One request about one tag, as its client saw it. Times are milliseconds of one clock. */
export interface TagOperation {
  readonly client: number;
  readonly calledMs: number;
  /** Infinity when the client never learnt the outcome: it may have happened at any time since, or never. */
  readonly returnedMs: number;
  readonly act: TagAct;
}

export type TagAct =
  | { readonly kind: 'put'; readonly digest: string; readonly outcome: 'stored' | 'refused' | 'unknown' }
  /** What was read; undefined: there was no such tag. Without an answer it says nothing and is left out. */
  | { readonly kind: 'get'; readonly digest: string | undefined }
  | { readonly kind: 'delete'; readonly outcome: 'deleted' | 'not-found' | 'refused' | 'unknown' };

export interface TagRules {
  /** A tag that is set may neither move nor go. */
  readonly isImmutable: boolean;
}

export type HistoryResult =
  | { readonly kind: 'linearizable' }
  /** `longest`: the most operations that could be put in an order; `stuck`: those of which none could come next. */
  | { readonly kind: 'violated'; readonly longest: number; readonly stuck: readonly TagOperation[] };

type TagState = string | undefined;

/** Neither a state nor the absence of a tag. */
const impossible: unique symbol = Symbol('impossible');

/** The state after the act, when it could have had its outcome in this state. */
function after(state: TagState, act: TagAct, rules: TagRules): TagState | typeof impossible {
  const isFixed = rules.isImmutable && state !== undefined;
  switch (act.kind) {
    case 'get':
      return act.digest === state ? state : impossible;
    case 'put': {
      const isRefused = isFixed && state !== act.digest;
      if (act.outcome === 'unknown') return isRefused ? state : act.digest;
      return isRefused === (act.outcome === 'refused') ? (isRefused ? state : act.digest) : impossible;
    }
    case 'delete':
      if (act.outcome === 'unknown') return isFixed ? state : undefined;
      if (act.outcome === 'not-found') return state === undefined ? state : impossible;
      if (act.outcome === 'refused') return isFixed ? state : impossible;
      return state === undefined || isFixed ? impossible : undefined;
  }
}

interface Frame {
  readonly state: TagState;
  /** Index of the operation that led here; -1 at the root. */
  readonly chosen: number;
  readonly candidates: readonly number[];
  next: number;
}

/**
 * Whether the operations on one tag could have happened one after the other, each at a moment between its call and its
 * return (Wing & Gong, "Testing and Verifying Concurrent Objects", 1993; with the memory of visited configurations of
 * Lowe, "Testing for linearizability", 2017).
 */
export function checkHistory(history: readonly TagOperation[], rules: TagRules): HistoryResult {
  const operations = [...history].sort((a, b) => a.calledMs - b.calledMs);
  const search = new Search(operations);
  const stack: Frame[] = [{ state: undefined, chosen: -1, candidates: search.candidates(), next: 0 }];
  let longest = 0;
  let stuck: readonly number[] = search.candidates();
  for (let frame = stack.at(-1); frame !== undefined; frame = stack.at(-1)) {
    if (search.isComplete()) return { kind: 'linearizable' };
    const chosen = frame.candidates[frame.next];
    if (chosen === undefined) {
      if (frame.chosen >= 0) search.undo(frame.chosen);
      stack.pop();
      continue;
    }
    frame.next += 1;
    const operation = operations[chosen];
    const state = operation === undefined ? impossible : after(frame.state, operation.act, rules);
    if (state === impossible) continue;
    search.take(chosen);
    if (!search.isNew(state)) {
      search.undo(chosen);
      continue;
    }
    const candidates = search.candidates();
    if (stack.length > longest) {
      longest = stack.length;
      stuck = candidates;
    }
    stack.push({ state, chosen, candidates, next: 0 });
  }
  return { kind: 'violated', longest, stuck: stuck.flatMap((index) => operations[index] ?? []) };
}

/** Which operations have been put in order, and which configurations were looked at before. */
class Search {
  readonly #operations: readonly TagOperation[];
  readonly #taken: boolean[];
  readonly #seen = new Set<string>();
  /** All before it are taken. */
  #first = 0;
  /** Operations with a known outcome that are not taken; the others need not happen at all. */
  #left: number;

  constructor(operations: readonly TagOperation[]) {
    this.#operations = operations;
    this.#taken = operations.map(() => false);
    this.#left = operations.filter(({ returnedMs }) => returnedMs !== Number.POSITIVE_INFINITY).length;
  }

  isComplete(): boolean {
    return this.#left === 0;
  }

  /** Operations that may come next: no other that is left returned before they were called. */
  candidates(): readonly number[] {
    const candidates: number[] = [];
    let firstReturnMs = Number.POSITIVE_INFINITY;
    for (let index = this.#first; index < this.#operations.length; index += 1) {
      const operation = this.#operations[index];
      if (operation === undefined || operation.calledMs > firstReturnMs) break;
      if (this.#taken[index] === true) continue;
      candidates.push(index);
      firstReturnMs = Math.min(firstReturnMs, operation.returnedMs);
    }
    return candidates;
  }

  take(index: number): void {
    this.#taken[index] = true;
    this.#count(index, -1);
    while (this.#taken[this.#first] === true) this.#first += 1;
  }

  undo(index: number): void {
    this.#taken[index] = false;
    this.#count(index, 1);
    this.#first = Math.min(this.#first, index);
  }

  isNew(state: TagState): boolean {
    const beyond: number[] = [];
    for (let index = this.#first; index < this.#taken.length; index += 1) {
      if (this.#taken[index] === true) beyond.push(index);
    }
    const configuration = JSON.stringify([this.#first, beyond, state ?? null]);
    if (this.#seen.has(configuration)) return false;
    this.#seen.add(configuration);
    return true;
  }

  #count(index: number, change: number): void {
    if (this.#operations[index]?.returnedMs !== Number.POSITIVE_INFINITY) this.#left += change;
  }
}
