import { fixInWords } from '../report/fix-source.ts';
import { changeWords, type Message, type MessageFinding } from './message.ts';

/** Chat messages show so many findings; the rest is counted. */
const shownMax = 10;
const textLengthMax = 200;

/** The findings of a message, `max` of them, one line each; what comes from images cannot break a line. */
export function findingLines({ findings, findingCount }: Message, max = shownMax): readonly string[] {
  const shown = findings.slice(0, max).map(lineOf);
  const others = findingCount - shown.length;
  return others > 0 ? [...shown, `and ${others} more`] : shown;
}

export function imageLine({ images, imageCount }: Message): string | undefined {
  if (imageCount === 0) return undefined;
  const shown = images.slice(0, shownMax).map(plain);
  const others = imageCount - shown.length;
  return `Images: ${shown.join(', ')}${others > 0 ? ` and ${others} more` : ''}`;
}

function lineOf(finding: MessageFinding): string {
  const { change, id, severity, previousSeverity, version, fixedVersion, fixedSource, knownExploited } =
    finding;
  const was = previousSeverity === undefined ? '' : `, was ${previousSeverity}`;
  const exploited = knownExploited ? ', known to be exploited' : '';
  const fix = fixedVersion === undefined ? '' : `, fixed in ${fixInWords(fixedVersion, fixedSource)}`;
  const place = version === undefined ? finding.package : `${finding.package} ${version}`;
  const label = change === undefined ? '' : `${changeWords[change]}: `;
  return plain(`${label}${id} (${severity}${was}${exploited}) in ${place}${fix}`);
}

/** Without control characters and what turns the direction of text, and not longer than people read (threats.md D8). */
export function plain(text: string): string {
  return text
    .toWellFormed()
    .replace(/[\p{Cc}\p{Cf}\u2028\u2029]/gu, ' ')
    .slice(0, textLengthMax)
    .toWellFormed();
}
