/**
 * Forms of vulnerability ids that advisories use. `CVE` and `GHSA` are exact, so that `CVE-1` or a cut-off id is not
 * taken for one (threats.md P27); the others have a known prefix (OSV schema, "id, modified fields") and a number.
 */
const forms: readonly RegExp[] = [
  /^CVE-[0-9]{4}-[0-9]{4,19}$/,
  /^GHSA(?:-[23456789CFGHJMPQRVWX]{4}){3}$/,
  /^(?:ALPINE|DEBIAN|UBUNTU|CURL|AZL|BELL|ECHO|MINI|ROOT|ASB-A|PUB-A|BIT-[A-Z0-9_.-]+)-CVE-[0-9]{4}-[0-9]{4,19}$/,
  /^(?:DSA|DLA|DTSA|ELA|USN|LSN)-[0-9]+(?:-[0-9]+)?$/,
  /^(?:RHSA|RHBA|RHEA|ALSA|ALBA|ALEA|RLSA|RXSA|ELSA|OESA|MGASA|PHSA|ALAS[0-9]*)-[0-9]{4}[:-][0-9A-Z.:-]+$/,
  /^(?:SUSE|OPENSUSE)-(?:SU|RU|FU|OU)-[0-9]{4}:[0-9-]+$/,
  /^(?:GO|PYSEC|RUSTSEC|MAL|OSV|GSD|PSF|HSEC|RSEC|LBSEC|OSEC|EEF|JLSEC|EUVD|KUBE|UVI)-[0-9]{4}-[0-9A-Z.-]+$/,
  /^BIT-[A-Z0-9_.-]+-[0-9]{4}-[0-9]+$/,
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
    if (id.length <= idLengthMax && forms.some((form) => form.test(id))) ids.add(id);
    else malformed.add(written.slice(0, idLengthMax));
  }
  return { ids: [...ids], malformed: [...malformed] };
}
