import { Readable } from 'node:stream';
import { pipeline } from 'node:stream/promises';
import type pg from 'pg';
import copyStreams from 'pg-copy-streams';

/** A value as PostgreSQL's COPY takes it in text format. */
export type CopyValue = string | number | boolean | Date | Buffer | readonly string[] | null | undefined;

/** One line of COPY's text format (https://www.postgresql.org/docs/current/sql-copy.html, "Text Format"). */
export function copyLine(values: readonly CopyValue[]): string {
  return `${values.map(copyField).join('\t')}\n`;
}

function copyField(value: CopyValue): string {
  if (value === null || value === undefined) return '\\N';
  if (typeof value === 'string') return escapeText(value);
  if (value instanceof Date) return value.toISOString();
  if (Buffer.isBuffer(value)) return `\\\\x${value.toString('hex')}`;
  if (typeof value === 'number' || typeof value === 'boolean') return String(value);
  return escapeText(arrayLiteral(value));
}

const escapes: Readonly<Record<string, string>> = { '\\': '\\\\', '\n': '\\n', '\r': '\\r', '\t': '\\t' };

function escapeText(text: string): string {
  return text.replace(/[\\\n\r\t]/g, (character) => escapes[character] ?? character);
}

function arrayLiteral(items: readonly string[]): string {
  return `{${items.map((item) => `"${item.replace(/["\\]/g, '\\$&')}"`).join(',')}}`;
}

/** Adds rows to a table by one COPY; `target` is `table (columns)`, written by the caller, never by a user. */
export async function copyRows(
  client: pg.ClientBase,
  target: string,
  lines: readonly string[],
): Promise<void> {
  if (lines.length === 0) return;
  const rows = client.query(copyStreams.from(`copy ${target} from stdin`));
  await pipeline(Readable.from([lines.join('')]), rows);
}
