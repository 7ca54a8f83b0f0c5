import type { ImageDetails } from '../../api/answers.ts';
import { isBusy } from '../../api/images.ts';
import { imageName } from '../../parts/image-name.ts';
import { type SeverityCountsOf, severityOrder, totalOf } from '../../parts/severity-order.ts';
import { standingOf } from '../../parts/standing.ts';

/** `57 vulnerabilities, 6 of them critical`: the number and the worst. */
function findingsInWords(counts: SeverityCountsOf): string {
  const total = totalOf(counts);
  const worst = severityOrder.find((severity) => counts[severity] > 0) ?? 'unknown';
  const rating = worst === 'unknown' ? 'of unknown severity' : worst;
  if (total === 1) return worst === 'unknown' ? `a vulnerability ${rating}` : `a ${worst} vulnerability`;
  return counts[worst] === total
    ? `${total} vulnerabilities, all ${rating}`
    : `${total} vulnerabilities, ${counts[worst]} of them ${rating}`;
}

/** What was not, or not wholly, looked for besides vulnerabilities; undefined: nothing. */
function unlooked({ secrets, malware }: ImageDetails): string | undefined {
  const isUnlooked = ({ counts, state }: { counts: unknown; state: string }) =>
    counts === null || state === 'incomplete' || state === 'failed';
  const kinds = [
    ...(isUnlooked(secrets) ? ['sensitive data'] : []),
    ...(isUnlooked(malware) ? ['malware'] : []),
  ];
  return kinds.length === 0 ? undefined : kinds.join(' and ');
}

/** No vulnerability; what is known of secrets and malware is said beside it. */
function cleanSentence(image: ImageDetails, name: string): string {
  const { counts } = image.secrets;
  const found = counts === null ? 0 : totalOf(counts);
  if (found > 0) return `${name} is served with ${found === 1 ? 'a secret' : `${found} secrets`} in it.`;
  const missing = unlooked(image);
  return missing === undefined
    ? `${name} is served: everything was looked at and nothing was found.`
    : `${name} is served: nothing was found. It was not searched whole for ${missing}.`;
}

function malwareSentence({ malware: { counts } }: ImageDetails, name: string): string | undefined {
  const found = counts === null ? 0 : totalOf(counts);
  return found === 0
    ? undefined
    : `${name} is served with ${found === 1 ? 'a file of malware' : `${found} findings of malware`} in it.`;
}

function servedSentence(image: ImageDetails): string {
  const name = imageName(image);
  switch (standingOf(image)) {
    case 'clean':
      return cleanSentence(image, name);
    case 'findings':
      return (
        malwareSentence(image, name) ??
        `${name} is served with ${image.severity === null ? '' : findingsInWords(image.severity)}.`
      );
    case 'could-not-tell':
      return `Nobody can tell whether ${name} is safe.`;
    case 'scanning':
      return `${name} is being scanned.`;
    case 'not-scanned':
      return `${name} is not scanned. It is served all the same.`;
    case 'not-applicable':
      return image.kind === 'index'
        ? `${name} is served platform by platform.`
        : `${name} holds nothing that can be scanned.`;
  }
}

/** What a pull of the image gets now, as one sentence. */
export function VerdictSentence({ image }: { image: ImageDetails }) {
  const name = imageName(image);
  const { verdict, scan } = image;
  if (isBusy(image) && image.severity === null) {
    const { layersDone, layersTotal } = scan.progress;
    return (
      <>
        {name} is being scanned{layersTotal > 0 && `: ${layersDone} of ${layersTotal} layers`}.
      </>
    );
  }
  if (verdict.kind === 'block') return <>A pull of {name} is refused.</>;
  if (verdict.kind === 'hold')
    return (
      <>
        A pull of {name} waits up to {verdict.holdSeconds ?? 0} s for its scan.
      </>
    );
  if (standingOf(image) === 'could-not-tell') return <>Nobody can tell whether {name} is safe.</>;
  if (verdict.kind === 'warn') return <>{name} is served with a warning.</>;
  return <>{servedSentence(image)}</>;
}
