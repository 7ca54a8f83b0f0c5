import { type RawBuilder, sql } from 'kysely';

export type ImageSort = 'pushedAt' | 'severity' | 'repository' | 'size';

export interface ImageListOrder {
  readonly by: ImageSort;
  readonly descending: boolean;
}

export type KeyValue = string | number | null;

/** The sort values of an image, its id last: what `after` of the next page takes. */
export type ImageKey = readonly KeyValue[];

/** The types of the values of `ImageKey` for a sort. */
export function imageKeyForms(by: ImageSort): readonly ('string' | 'number')[] {
  return keys[by].map(({ form }) => form);
}

export interface KeyColumn {
  readonly column: RawBuilder<unknown>;
  /** How the value is written into the key, where JSON alone would lose something. */
  readonly shown?: RawBuilder<unknown>;
  /** The value of a key as the column's type; must not fail for any value of `form`: keys come back from clients. */
  readonly bound: (value: KeyValue) => RawBuilder<unknown>;
  readonly form: 'string' | 'number';
}

function integer(column: RawBuilder<unknown>): KeyColumn {
  return { column, bound: (value) => sql`${value}::bigint`, form: 'number' };
}

/** Between equal values, so that the index that holds them is an order by itself. */
function digest(column: RawBuilder<unknown>): KeyColumn {
  return { column, bound: (value) => sql`${value}::text`, form: 'string' };
}

function text(column: RawBuilder<unknown>): KeyColumn {
  return { column, bound: (value) => sql`${value}::text collate "C"`, form: 'string' };
}

export const id = integer(sql`rm.id`);

/** In microseconds: a JavaScript date has only milliseconds, and rows between two would be skipped. */
const pushedAt: KeyColumn = {
  column: sql`rm.pushed_at`,
  shown: sql`(extract(epoch from rm.pushed_at) * 1000000)::bigint`,
  bound: (value) => sql`timestamptz 'epoch' + ${value}::bigint * interval '1 microsecond'`,
  form: 'number',
};

export const keys: Readonly<Record<ImageSort, readonly KeyColumn[]>> = {
  pushedAt: [pushedAt, id],
  severity: [
    integer(sql`s.critical`),
    integer(sql`s.high`),
    integer(sql`s.medium`),
    integer(sql`s.low`),
    integer(sql`s.negligible`),
    integer(sql`s.unknown`),
    digest(sql`s.manifest_digest`),
    id,
  ],
  repository: [text(sql`n.name`), text(sql`r.name`), id],
  size: [integer(sql`m.image_size_bytes`), digest(sql`m.digest`), id],
};

/** In the order of severity: behind all that were judged. */
export const unjudgedKey: ImageKey = [-1, -1, -1, -1, -1, -1, ''];
