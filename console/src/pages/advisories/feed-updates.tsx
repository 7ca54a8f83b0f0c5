import { useFeedUpdates } from '../../api/advisories.ts';
import type { FeedUpdate } from '../../api/answers.ts';
import { Choice } from '../../parts/choice.tsx';
import { type Column, DataTable } from '../../parts/data-table.tsx';
import { EmptyNote } from '../../parts/empty-note.tsx';
import { ErrorNote } from '../../parts/error-note.tsx';
import { FailedMark } from '../../parts/failed-mark.tsx';
import { RelativeTime } from '../../parts/relative-time.tsx';
import type { SearchState } from '../../parts/use-search-state.ts';
import '../../parts/section-head.css';
import { Dash } from '../../parts/dash.tsx';

/** Of all feeds together; a chosen feed shows all that is kept of it. */
const shownOfAll = 10;

const outcomes = { refused: 'Refused', unreachable: 'Not reached' } as const;

function Outcome({ update: { outcome, attempts } }: { update: FeedUpdate }) {
  if (outcome === 'applied') return <span>Applied</span>;
  return <FailedMark>{`${outcomes[outcome]}${attempts > 1 ? `, ${attempts} times` : ''}`}</FailedMark>;
}

function took({ beganAt, endedAt }: FeedUpdate): string {
  const seconds = (Date.parse(endedAt) - Date.parse(beganAt)) / 1000;
  return seconds < 60 ? `${seconds.toFixed(1)} s` : `${Math.round(seconds / 60)} min`;
}

/** A figure of an update that was applied. */
function figure(
  id: string,
  label: string,
  value: (update: FeedUpdate) => string | number | undefined,
): Column<FeedUpdate> {
  return {
    id,
    label,
    align: 'right',
    cell: (update) => {
      const shown = update.outcome === 'applied' ? value(update) : undefined;
      if (shown === undefined) return <Dash />;
      return typeof shown === 'number' ? shown.toLocaleString('en') : shown;
    },
  };
}

const columns: readonly Column<FeedUpdate>[] = [
  { id: 'feed', label: 'Feed', cell: (update) => <strong>{update.feed}</strong> },
  { id: 'when', label: 'When', cell: (update) => <RelativeTime at={update.endedAt} /> },
  { id: 'outcome', label: 'Outcome', cell: (update) => <Outcome update={update} /> },
  figure('version', 'Version', ({ versionBefore, versionAfter }) => `${versionBefore} → ${versionAfter}`),
  figure('added', 'New', ({ added }) => added),
  figure('changed', 'Changed', ({ changed }) => changed),
  figure('withdrawn', 'Withdrawn', ({ withdrawn }) => withdrawn),
  figure('vanished', 'Gone', ({ vanished }) => vanished),
  figure('packages', 'Matched again', ({ effects }) => effects?.packagesMatched),
  figure('findings', 'Findings', ({ effects }) =>
    effects === null ? undefined : `+${effects.findingsAdded} −${effects.findingsRemoved}`,
  ),
  figure('images', 'Images', ({ effects }) => effects?.imagesTouched),
  figure('took', 'Took', took),
  {
    id: 'note',
    label: 'Source or reason',
    grow: true,
    cell: ({ error, source }) => {
      const text = error ?? source ?? '';
      return <span title={text}>{text}</span>;
    },
  },
];

/** What the last updates changed, and why others were refused; `feed` in the address leaves those of one feed. */
export function FeedUpdates({ state, feeds }: { state: SearchState; feeds: readonly string[] }) {
  const feed = state.get('feed');
  const updates = useFeedUpdates(feed);
  const rows = feed === undefined ? updates.data?.slice(0, shownOfAll) : updates.data;
  return (
    <section className="pq-panel" aria-label="Updates">
      <h2 className="pq-section-head">
        Last updates
        <Choice
          state={state}
          param="feed"
          label="Updates of"
          any="of all feeds"
          options={feeds.map((name) => ({ value: name, label: `of ${name}` }))}
        />
      </h2>
      {updates.error !== null && updates.data === undefined ? (
        <ErrorNote error={updates.error} onRetry={() => void updates.refetch()} />
      ) : (
        <DataTable
          name="Updates"
          columns={columns}
          rows={rows}
          rowKey={(update) => `${update.feed} ${update.beganAt} ${update.outcome}`}
          empty={
            <EmptyNote title="Nothing was updated yet">
              What each update of a feed changes will be here, and why one was refused.
            </EmptyNote>
          }
        />
      )}
    </section>
  );
}
