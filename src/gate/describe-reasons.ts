import type { Reason } from '../policy/verdict.ts';
import { fixInWords } from '../report/fix-source.ts';
import { malwareAdvice } from '../report/malware.ts';

/** One reason in words: file, signature and what to do about malware; ids, package, installed and fixed version; kind and place of a secret, never its value; the state. */
export function describeReason(reason: Reason): string {
  if (reason.kind === 'state') return reason.message;
  if (reason.kind === 'secret') {
    const { title, rule, type, severity, path, line, count } = reason;
    const others = count > 1 ? ` and ${count - 1} more there` : '';
    return `${title} (${rule}, ${type}, ${severity}) in ${path} line ${line}${others}`;
  }
  if (reason.kind === 'malware') {
    const { signature, engine, type, severity, path, layerIndex, count } = reason;
    const others = count > 1 ? ` and ${count - 1} more layers` : '';
    return `malware ${signature} (${type}, ${severity}, found by ${engine}) in ${path} of layer ${layerIndex}${others}: ${malwareAdvice(type)}`;
  }
  const { id, severity, packageName, installedVersion, fixedVersion, fixedSource, knownExploited } = reason;
  const fix =
    fixedVersion === undefined ? 'no fix known' : `fixed in ${fixInWords(fixedVersion, fixedSource)}`;
  const exploited = knownExploited ? ', known to be exploited' : '';
  return `${id} (${severity}${exploited}) in ${packageName} ${installedVersion}, ${fix}`;
}

/** Reasons that are named one by one; the others are counted. */
const namedMax = 5;

/** The worst reasons in words, and how many there are besides. */
export function describeReasons(reasons: readonly Reason[]): string {
  const named = reasons.slice(0, namedMax).map(describeReason).join('; ');
  const others = reasons.length - namedMax;
  return others > 0 ? `${named}; and ${others} more` : named;
}

export function namedReasons(reasons: readonly Reason[]): readonly Reason[] {
  return reasons.slice(0, namedMax);
}
