import type { SecretHit } from '../../report/secret.ts';
import { findSecretsInText } from './file-secrets.ts';
import { SecretFinder } from './find-secrets.ts';
import { secretRules } from './secret-rules.ts';
import { isSecretVariable, secretVariable, secretVariableHit } from './secret-variables.ts';

const finder = new SecretFinder(secretRules);
/** `NAME=value` in a command line, as build arguments and ENV steps stand in a build history. */
const assignment =
  /(?<![\w.-])([A-Za-z_][\w.-]{0,127})=(?:"([^"\n]{1,1024})"|'([^'\n]{1,1024})'|([^\s"']{1,1024}))/g;
/** The rule that goes by a name as well: where a variable's own name tells, it would tell it twice. */
const ruleByName = 'generic-secret';
/** More credentials in one text are not listed one by one. */
const hitsMax = 200;

/** Secrets of a variable: what its value is known as by itself, else that its name calls it one. */
export function findSecretsInVariable(name: string, value: string): readonly SecretHit[] {
  const hits = findSecretsInText(`${name}=${value}`);
  if (!isSecretVariable(name, value)) return hits;
  const known = hits.filter(({ rule }) => rule !== ruleByName);
  return known.length > 0 ? known : [secretVariableHit(value)];
}

/** Secrets of a command line: by rule, and in assignments by name. */
export function findSecretsInCommand(text: string): readonly SecretHit[] {
  return locate(Buffer.from(text))
    .slice(0, hitsMax)
    .map(({ hit }) => hit);
}

/**
 * The text with every secret of it masked: for what is shown or kept of a build's commands (threats.md E4). What cannot be
 * found cannot be masked.
 */
export function maskSecretsIn(text: string): string {
  const bytes = Buffer.from(text);
  const parts: string[] = [];
  let at = 0;
  for (const { start, end, hit } of locate(bytes)) {
    parts.push(bytes.toString('utf8', at, start), hit.masked);
    at = end;
  }
  return at === 0 ? text : parts.join('') + bytes.toString('utf8', at);
}

interface LocatedSecret {
  /** In bytes. */
  readonly start: number;
  readonly end: number;
  readonly hit: SecretHit;
}

/** In the order of the text; none overlaps another. */
function locate(bytes: Buffer): readonly LocatedSecret[] {
  const found: LocatedSecret[] = finder
    .find({ text: bytes, from: 0, to: bytes.length, isOwnFile: true })
    .map(({ offset, sizeBytes, ...hit }) => ({
      start: offset,
      end: offset + sizeBytes,
      hit: { ...hit, line: 1 },
    }));
  const all = [...found, ...assignmentsIn(bytes)].sort(
    (a, b) =>
      a.start - b.start ||
      Number(a.hit.rule === ruleByName) - Number(b.hit.rule === ruleByName) ||
      b.end - a.end,
  );
  const located: LocatedSecret[] = [];
  for (const one of all) {
    const last = located.at(-1);
    if (last === undefined || one.start >= last.end) located.push(one);
    // What is within another's value is part of it: the longer one is masked, the surer one is told.
    else
      located[located.length - 1] = {
        ...last,
        end: Math.max(last.end, one.end),
        hit: surer(last.hit, one.hit),
      };
  }
  return located;
}

function surer(a: SecretHit, b: SecretHit): SecretHit {
  const isByName = ({ rule }: SecretHit) => rule === ruleByName || rule === secretVariable.rule;
  return isByName(a) && !isByName(b) ? b : a;
}

function assignmentsIn(bytes: Buffer): readonly LocatedSecret[] {
  // One character per byte, so that offsets are those of the bytes.
  return [...bytes.toString('latin1').matchAll(assignment)].flatMap((match) => {
    const [whole, name = '', double, single, bare] = match;
    const value = double ?? single ?? bare ?? '';
    if (!isSecretVariable(name, value)) return [];
    const end = match.index + whole.length - (bare === undefined ? 1 : 0);
    return [{ start: end - value.length, end, hit: secretVariableHit(value) }];
  });
}
