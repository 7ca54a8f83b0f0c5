import { badRequest } from './errors.ts';

/** Values of the sort columns in the last row of a page, the unique one last. */
export type CursorValue = string | number | null;

/**
 * A cursor names the list it belongs to (`list`: sort and whatever changes the meaning of its values), so that one
 * taken from another sort is refused instead of giving a wrong page. It holds nothing secret: the caller has seen the row.
 */
export function encodeCursor(list: string, values: readonly CursorValue[]): string {
  return Buffer.from(JSON.stringify([list, ...values])).toString('base64url');
}

/** The values, or undefined when there is no cursor; throws a 400 for anything that `encodeCursor()` did not make. */
export function decodeCursor(
  text: string | undefined,
  list: string,
  forms: readonly ('string' | 'number')[],
): readonly CursorValue[] | undefined {
  if (text === undefined) return undefined;
  const parsed = parse(text);
  if (!Array.isArray(parsed) || parsed[0] !== list || parsed.length !== forms.length + 1)
    throw malformed(text);
  const values: unknown[] = parsed.slice(1);
  return values.map((value, index) => {
    const usable =
      typeof value === 'number'
        ? Number.isSafeInteger(value)
        : typeof value === 'string' && isStorable(value);
    if (typeof value !== forms[index] || !usable) throw malformed(text);
    return value as CursorValue; // checked above: a string or a number
  });
}

function parse(text: string): unknown {
  try {
    return JSON.parse(Buffer.from(text, 'base64url').toString('utf8'));
  } catch {
    throw malformed(text);
  }
}

function isStorable(value: string): boolean {
  return !value.includes('\u0000') && value.isWellFormed();
}

function malformed(text: string) {
  return badRequest(
    `Cannot use cursor "${text.slice(0, 40)}": it must be the "nextCursor" of a page of this list with the same sort`,
  );
}
