import parseExpression from 'spdx-expression-parse';

/** What a package says of its licence. */
export type DeclaredLicense =
  /** Of licences and exceptions that SPDX lists, and valid by its grammar (SPDX 2.3, annex D). */
  | { readonly kind: 'expression'; readonly expression: string }
  /** Anything else: `GPL2`, `SEE LICENSE IN …`. No licence is guessed from it. */
  | { readonly kind: 'text'; readonly text: string };

/** More than any image has; beyond it they stay texts, so that a hostile image does not keep the parser busy. */
const distinctMax = 2_000;

/** Reads the licences of one document, each once. */
export function licenseReader(): (declared: string) => DeclaredLicense {
  const known = new Map<string, DeclaredLicense>();
  return (declared) => {
    const before = known.get(declared);
    if (before !== undefined) return before;
    const text: DeclaredLicense = { kind: 'text', text: declared };
    if (known.size >= distinctMax) return text;
    const read = readLicense(declared) ?? text;
    known.set(declared, read);
    return read;
  };
}

function readLicense(declared: string): DeclaredLicense | undefined {
  let parsed: parseExpression.Info;
  try {
    parsed = parseExpression(declared);
  } catch {
    return undefined; // the answer is "a text"
  }
  const expression = written(parsed);
  return expression === undefined ? undefined : { kind: 'expression', expression };
}

/**
 * The expression as SPDX writes it: the parser also takes operators in lower case or without a blank. Undefined with a
 * `LicenseRef-…`, which refers to a text that the document would have to hold.
 */
function written(parsed: parseExpression.Info): string | undefined {
  if ('license' in parsed) {
    if (/^(?:LicenseRef|DocumentRef)-/.test(parsed.license)) return undefined;
    const exception = parsed.exception === undefined ? '' : ` WITH ${parsed.exception}`;
    return `${parsed.license}${parsed.plus === true ? '+' : ''}${exception}`;
  }
  const { left, conjunction, right } = parsed;
  const parts = [left, right].map((part) => {
    const text = written(part);
    return 'conjunction' in part && part.conjunction !== conjunction && text !== undefined
      ? `(${text})`
      : text;
  });
  return parts.includes(undefined) ? undefined : parts.join(` ${conjunction.toUpperCase()} `);
}
