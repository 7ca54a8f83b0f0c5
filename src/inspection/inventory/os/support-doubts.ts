import type { Distribution } from '../../../report/distribution.ts';
import type { Doubt } from '../../../report/scan-state.ts';
import { knownOf } from './distribution.ts';

/** Those below; reports of older versions hold them as of their scan. */
export const supportDoubtCodes: ReadonlySet<Doubt['code']> = new Set([
  'unsupported-distribution',
  'renamed-distribution',
  'end-of-life',
]);

/** What the distribution of an image says against it now, whenever it was scanned (decision 0008). */
export function supportDoubts(distribution: Distribution | undefined, now: Date): readonly Doubt[] {
  if (distribution === undefined) return [];
  const name = distribution.prettyName;
  const doubts: Doubt[] = [];
  if (distribution.ecosystem === undefined) {
    const renamed = `Advisories for ${name} are known since the last scan of the image: the next one judges by them`;
    doubts.push(
      isRenamed(distribution)
        ? { code: 'renamed-distribution', message: renamed }
        : { code: 'unsupported-distribution', message: `No advisories are known for ${name}` },
    );
  } else if (isOfDocker(distribution)) {
    const message = `${name} holds packages that Docker built: advisories for ${distribution.ecosystem} do not know all of them`;
    doubts.push({ code: 'unsupported-distribution', message });
  }
  const lastDay = knownOf(distribution).endOfLifeOn;
  if (lastDay !== undefined && now.toISOString().slice(0, 10) > lastDay) {
    const message = `Support of ${name} ended on ${lastDay}: vulnerabilities found since are not published for it`;
    doubts.push({ code: 'end-of-life', message });
  }
  return doubts;
}

/** Docker Hardened Images call themselves by the distribution that they are made of, and by their name in PRETTY_NAME only. */
function isOfDocker({ prettyName }: Distribution): boolean {
  return prettyName.includes('Docker Hardened Images');
}

/** Whether its packages would be called otherwise if the image were scanned now, so that other advisories spoke of them. */
export function isRenamed(distribution: Distribution): boolean {
  const { ecosystem, release } = knownOf(distribution);
  return ecosystem !== distribution.ecosystem || release !== distribution.release;
}
