interface PublicLink {
  readonly label: string;
  readonly url: string;
}

/** The address when it is one that a browser may be sent to: feeds are written by others. */
export function webAddress(text: string): string | undefined {
  if (!URL.canParse(text)) return undefined;
  const { protocol } = new URL(text);
  return protocol === 'https:' || protocol === 'http:' ? text : undefined;
}

/** Pages of the public databases that describe the id. */
export function publicLinks(id: string): readonly PublicLink[] {
  const quoted = encodeURIComponent(id);
  const osv = { label: 'OSV', url: `https://osv.dev/vulnerability/${quoted}` };
  if (/^CVE-\d+-\d+$/.test(id)) {
    return [
      { label: 'NVD', url: `https://nvd.nist.gov/vuln/detail/${quoted}` },
      osv,
      { label: 'Debian tracker', url: `https://security-tracker.debian.org/tracker/${quoted}` },
    ];
  }
  if (id.startsWith('GHSA-'))
    return [{ label: 'GitHub', url: `https://github.com/advisories/${quoted}` }, osv];
  if (/^D[SL]A-/.test(id)) {
    return [{ label: 'Debian tracker', url: `https://security-tracker.debian.org/tracker/${quoted}` }, osv];
  }
  return [osv];
}
