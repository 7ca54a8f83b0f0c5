import { Tooltip } from '@mantine/core';
import type { Doubt, Image, Scan } from '../api/answers.ts';
import { totalOf } from './severity-order.ts';
import './marks.css';

const words: Readonly<Record<Scan['state'], string>> = {
  'not-scanned': 'Not scanned',
  queued: 'Scanning, queued',
  scanning: 'Scanning',
  scanned: 'Scanned',
  undetermined: 'Could not tell',
  incomplete: 'Scanned, incomplete',
  cancelled: 'Cancelled',
  failed: 'Scan exception',
  unsupported: 'Nothing to scan',
};

/** Why a state is not simply "Scanned", as one sentence; undefined when there is nothing to explain. */
function explanationOf(scan: Scan, doubts: readonly Doubt[]): string | undefined {
  if (scan.problem !== undefined) return `${scan.problem.reason}. ${scan.problem.remedy}`;
  if (doubts.length > 0) return doubts.map((doubt) => doubt.message).join('; ');
  return undefined;
}

function Progress({ scan }: { scan: Scan }) {
  const { layersDone, layersTotal } = scan.progress;
  const share = layersTotal === 0 ? 0 : layersDone / layersTotal;
  return (
    <span
      className="pq-progress"
      role="progressbar"
      aria-label="Scan progress"
      aria-valuemin={0}
      aria-valuemax={layersTotal}
      aria-valuenow={layersDone}
    >
      <span style={{ width: `${Math.max(4, share * 100)}%` }} />
    </span>
  );
}

/** A finished scan that fell short: with findings it told something, without it told nothing. */
function wordsOf(image: Pick<Image, 'scan' | 'doubts' | 'severity'>): string {
  const { state } = image.scan;
  const isDoubtful = state === 'undetermined' || (state === 'scanned' && image.doubts.length > 0);
  if (!isDoubtful) return words[state];
  const found = image.severity === null ? 0 : totalOf(image.severity);
  return found > 0 ? 'Scanned, with doubts' : words.undetermined;
}

/** The state of a scan in the console's words, with progress while it runs and the reason when it fell short. */
export function ScanState({ image }: { image: Pick<Image, 'scan' | 'doubts' | 'severity'> }) {
  const { scan, doubts } = image;
  const explanation = explanationOf(scan, doubts);
  const unsure = scan.state === 'undetermined' || scan.state === 'incomplete' || scan.state === 'failed';
  const hatched = unsure || (scan.state === 'scanned' && doubts.length > 0);
  const mark = (
    <span className="pq-mark" data-state={scan.state} data-hatched={hatched}>
      {hatched && <span className="pq-mark-box pq-hatched" aria-hidden="true" />}
      {wordsOf(image)}
      {scan.state === 'scanning' && scan.progress.layersTotal > 0 && (
        <>
          <Progress scan={scan} />
          <span className="pq-dim">
            {scan.progress.layersDone}/{scan.progress.layersTotal}
          </span>
        </>
      )}
    </span>
  );
  if (explanation === undefined) return mark;
  return (
    <Tooltip label={explanation} multiline maw={360}>
      {mark}
    </Tooltip>
  );
}
