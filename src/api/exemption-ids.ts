import { isVulnerabilityId } from '../report/vulnerability-id-form.ts';

/** Ids that an exemption may name besides those that vulnerabilities are published under. */
const otherForms: readonly RegExp[] = [
  /^(?:CGA|A|ASB-A|PUB-A|AZL|BELL|ECHO|MINI|ROOT|DRUPAL|CLEANSTART|TEMP|V8|DHI)-[0-9A-Z][0-9A-Z._-]*$/,
  /^(?:OPENEULER-SA|FREEBSD)-[0-9A-Z][0-9A-Z._:-]*$/,
  // Secrets have no id of the world: they are named by the rule that finds them.
  /^SECRET:[A-Z0-9]+(?:-[A-Z0-9]+)*$/,
  // Malware by the name that its engine gives it, which may hold any printable character.
  /^MALWARE:[!-+\--:<-~]+$/,
  /^X_[A-Z0-9][A-Z0-9._:-]*$/,
];

const idLengthMax = 100;

export interface ParsedIds {
  /** Upper case, each once, in the order given. */
  readonly ids: readonly string[];
  /** As written, cut at 100 characters, each once. */
  readonly malformed: readonly string[];
}

/** Reads ids from texts that may be lists themselves, separated by commas, semicolons, spaces or lines; blanks are skipped. */
export function parseExemptionIds(texts: readonly string[]): ParsedIds {
  const ids = new Set<string>();
  const malformed = new Set<string>();
  for (const written of texts.flatMap((text) => text.split(/[\s,;]+/))) {
    if (written === '') continue;
    const id = written.toUpperCase();
    if (id.length <= idLengthMax && (isVulnerabilityId(id) || otherForms.some((form) => form.test(id))))
      ids.add(id);
    else malformed.add(written.slice(0, idLengthMax));
  }
  return { ids: [...ids], malformed: [...malformed] };
}
