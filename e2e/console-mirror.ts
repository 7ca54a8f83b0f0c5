import { mkdirSync, readFileSync, symlinkSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { gunzipSync, gzipSync } from 'node:zlib';
import { buildZip } from '../src/testing/samples/build-zip.ts';

/** A package name that runs a script, and leaves a request behind, where it is put into a page as HTML. */
export const hostileName = '<img src=hostile-name onerror=alert(1)>';
/** A version with a terminal's escape codes and a switch of the writing direction. */
export const hostileVersion = '1.0.0-\u001b[31mred\u001b[0m\u202e<b>bold';

const modified = '2026-01-02T03:04:05Z';

/** What somebody could put into a feed to attack the people who read of it. */
const hostileRecord = {
  schema_version: '1.7.0',
  id: 'GHSA-hhhh-oooo-ssss',
  modified,
  aliases: ['CVE-2026-99999'],
  summary: '<script>alert("summary")</script>',
  details: '<img src=hostile-details onerror=alert(2)> [click](javascript:alert(3)) \u202egnp.exe\u001b[2J',
  severity: [{ type: 'CVSS_V3', score: 'CVSS:3.1/AV:N/AC:L/PR:N/UI:N/S:U/C:H/I:H/A:H' }],
  affected: [
    {
      package: { ecosystem: 'npm', name: hostileName },
      ranges: [{ type: 'SEMVER', events: [{ introduced: '0' }, { fixed: '2.0.0' }] }],
    },
  ],
  references: [{ type: 'WEB', url: 'javascript:alert(4)' }],
};

/** Makes a mirror of the real Alpine and CVE records of the shared data, with one hostile npm record of our own. */
export function writeConsoleMirror(folder: string, shared: string): void {
  mkdirSync(join(folder, 'npm'), { recursive: true });
  for (const name of ['Alpine', 'CVE']) symlinkSync(join(shared, 'advisories', name), join(folder, name));
  writeFileSync(join(folder, 'ecosystems.txt'), 'Alpine\nnpm\n');
  const name = `${hostileRecord.id}.json`;
  const bytes = Buffer.from(JSON.stringify(hostileRecord));
  writeFileSync(join(folder, 'npm', name), bytes);
  writeFileSync(join(folder, 'npm/all.zip'), buildZip([{ name, bytes }]));
  writeFileSync(join(folder, 'npm/modified_id.csv'), `${modified},${hostileRecord.id}\n`);
}

/** CISA's catalogue and EPSS of the shared data, dated now: what stands still is shown as stale. */
export function writeExploitLists(
  folder: string,
  shared: string,
): { readonly kev: string; readonly epss: string } {
  const now = new Date().toISOString();
  const [kev, epss] = [join(folder, 'kev.json'), join(folder, 'epss.csv.gz')];
  const catalogue = readFileSync(join(shared, 'kev/known_exploited_vulnerabilities.json'), 'utf8');
  writeFileSync(kev, catalogue.replace(/("dateReleased": *")[^"]+/, `$1${now}`));
  const scores = gunzipSync(readFileSync(join(shared, 'epss/epss_scores-2026-08-16.csv.gz'))).toString(
    'latin1',
  );
  writeFileSync(epss, gzipSync(scores.replace(/score_date:\S+/, `score_date:${now}`)));
  return { kev, epss };
}
