import { parse } from 'yaml';

export interface SuiteCase {
  readonly name: string;
  readonly status: 'passed' | 'skipped' | 'failure' | 'error';
  /** Why it did not pass; empty where it did. */
  readonly reason: string;
}

export interface SuiteResults {
  readonly counts: Readonly<Record<SuiteCase['status'], number>>;
  /** Cases that did not pass. */
  readonly problems: readonly SuiteCase[];
  /** Switches such as `data.sparse` that were off, so that their cases were not even begun. */
  readonly switchesOff: readonly string[];
}

/** Off in every profile of the suite: our repositories hold what their indexes name. */
const offByDefault: ReadonlySet<string> = new Set(['data.sparse']);

/** Whether everything was asked and everything passed: a skip is a feature that is missing. */
export function isConformant(results: SuiteResults): boolean {
  return (
    results.counts.passed > 0 &&
    results.problems.length === 0 &&
    results.switchesOff.every((name) => offByDefault.has(name))
  );
}

/** Reads the `junit.xml` and `results.yaml` that the conformance suite leaves; that of v1.1 has no switches, and no YAML. */
export function readResults(files: { readonly junit: string; readonly yaml?: string }): SuiteResults {
  const counts = { passed: 0, skipped: 0, failure: 0, error: 0 };
  const problems: SuiteCase[] = [];
  for (const [, attributes = '', body = ''] of files.junit.matchAll(
    /<testcase\b([^>]*)>(.*?)<\/testcase>/gs,
  )) {
    const one = readCase(attributes, body);
    counts[one.status] += 1;
    if (one.status !== 'passed') problems.push(one);
  }
  const { config } = parse(files.yaml ?? '{}') as { config?: unknown }; // checked where it is walked
  const { apis, data } = (config ?? {}) as { apis?: unknown; data?: unknown }; // likewise
  return { counts, problems, switchesOff: [...falseIn(apis, 'apis'), ...falseIn(data, 'data')] };
}

function readCase(attributes: string, body: string): SuiteCase {
  const name = decodeEntities(/ name="([^"]*)"/.exec(attributes)?.[1] ?? '');
  const status = / status="([^"]*)"/.exec(attributes)?.[1];
  switch (status) {
    case 'passed':
      return { name, status, reason: '' };
    case 'skipped':
    case 'failure':
    case 'error':
      return { name, status, reason: reasonIn(body) };
    case 'failed': // the word of v1.1
      return { name, status: 'failure', reason: reasonIn(body) };
    default:
      throw new Error(`Cannot read the case "${name}": its status must be one of JUnit's, got "${status}"`);
  }
}

function reasonIn(body: string): string {
  const [, said = ''] =
    /<system-out>(.*?)<\/system-out>/s.exec(body) ??
    /<(?:skipped|failure)\b[^>]* message="([^"]*)"/.exec(body) ??
    [];
  return decodeEntities(said).trim();
}

function falseIn(value: unknown, path: string): readonly string[] {
  if (value === false) return [path];
  if (typeof value !== 'object' || value === null) return [];
  return Object.entries(value).flatMap(([key, inner]) => falseIn(inner, `${path}.${key}`));
}

const entities: Readonly<Record<string, string>> = { amp: '&', lt: '<', gt: '>', quot: '"', apos: "'" };

function decodeEntities(text: string): string {
  return text.replace(/&(?:#x([0-9a-f]+)|#(\d+)|([a-z]+));/gi, (whole, hex, decimal, name) => {
    if (hex !== undefined) return String.fromCodePoint(Number.parseInt(hex, 16));
    if (decimal !== undefined) return String.fromCodePoint(Number(decimal));
    return entities[name] ?? whole;
  });
}
