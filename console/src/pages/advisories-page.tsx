import { Button } from '@mantine/core';
import { notifications } from '@mantine/notifications';
import { IconRefresh } from '@tabler/icons-react';
import { Link } from 'react-router';
import { type Feeds, useFeeds, useSyncAdvisories, useSystem } from '../api/advisories.ts';
import type { Feed } from '../api/answers.ts';
import { useSession } from '../api/session.ts';
import { PageHead } from '../layout/page-head.tsx';
import { Dash } from '../parts/dash.tsx';
import type { Column } from '../parts/data-table.tsx';
import { FailedMark } from '../parts/failed-mark.tsx';
import { MalwareEngines } from '../parts/malware-engines.tsx';
import { NoAdvisories } from '../parts/no-advisories.tsx';
import { Note } from '../parts/note.tsx';
import { RelativeTime } from '../parts/relative-time.tsx';
import { UnsureMark } from '../parts/unsure-mark.tsx';
import { useSearchState } from '../parts/use-search-state.ts';
import { WholeTable } from '../parts/whole-table.tsx';
import { FeedUpdates } from './advisories/feed-updates.tsx';
import { LastBundle } from './advisories/last-bundle.tsx';

function FeedState({ feed }: { feed: Feed }) {
  if (feed.lastError !== null) {
    return <FailedMark>{feed.failures > 1 ? `Failed ${feed.failures} times` : 'Failed'}</FailedMark>;
  }
  if (feed.lastSuccessAt === null || feed.stale) {
    return <UnsureMark>{feed.lastSuccessAt === null ? 'Never read' : 'Too old'}</UnsureMark>;
  }
  return <span>Up to date</span>;
}

const columns: readonly Column<Feed>[] = [
  {
    id: 'name',
    label: 'Feed',
    cell: (feed) => <Link to={`?feed=${encodeURIComponent(feed.name)}`}>{feed.name}</Link>,
  },
  { id: 'state', label: 'State', cell: (feed) => <FeedState feed={feed} /> },
  { id: 'records', label: 'Records', align: 'right', cell: (feed) => feed.recordCount.toLocaleString('en') },
  { id: 'version', label: 'Version', align: 'right', cell: (feed) => feed.version.toLocaleString('en') },
  {
    id: 'newest',
    label: 'Newest record',
    align: 'right',
    cell: (feed) => <RelativeTime at={feed.newestRecordAt} />,
  },
  {
    id: 'success',
    label: 'Last read',
    align: 'right',
    cell: (feed) => <RelativeTime at={feed.lastSuccessAt} />,
  },
  {
    id: 'attempt',
    label: 'Last try',
    align: 'right',
    cell: (feed) => <RelativeTime at={feed.lastAttemptAt} />,
  },
  {
    id: 'error',
    label: 'Last error',
    grow: true,
    cell: (feed) => <span title={feed.lastError ?? ''}>{feed.lastError ?? <Dash />}</span>,
  },
  {
    id: 'source',
    label: 'Source',
    isOptional: true,
    cell: (feed) => <span className="pq-mono">{feed.source ?? '—'}</span>,
  },
];

function sentenceOf({ items: feeds, listError }: Feeds): string {
  if (feeds.length === 0) return 'No feed has been read yet.';
  const bad = feeds.filter(
    (feed) => feed.stale || feed.lastError !== null || feed.lastSuccessAt === null,
  ).length;
  if (bad > 0) return `${bad} of ${feeds.length} feeds cannot be relied on.`;
  if (listError !== null) return 'The list of ecosystems could not be read.';
  return feeds.length === 1 ? 'The 1 feed is up to date.' : `All ${feeds.length} feeds are up to date.`;
}

/** What reading now means where advisories come from; undefined: nobody is asked, and nothing was left half-done. */
function readingInWords({ origin, bundle }: Feeds): string | undefined {
  if (origin === 'mirrors') return 'Read feeds now';
  if (origin === 'bundle') return 'Read the bundle now';
  return bundle !== null && bundle.importedAt === null ? 'End the import' : undefined;
}

function SyncButton({ label }: { label: string }) {
  const sync = useSyncAdvisories();
  return (
    <Button
      leftSection={<IconRefresh size={14} />}
      loading={sync.isPending}
      onClick={() =>
        sync.mutate(undefined, {
          onSuccess: () => notifications.show({ message: 'The feeds are being read; this page follows' }),
          onError: (error) =>
            notifications.show({
              color: 'danger',
              title: 'The feeds are not being read',
              message: error.message,
            }),
        })
      }
    >
      {label}
    </Button>
  );
}

/** What keeps the feeds from being relied on and is not the fault of one of them. */
function Notes({ listError }: { listError: string | null }) {
  const system = useSystem();
  const notReady = system.data?.feeds.ready === false ? system.data.feeds.message : undefined;
  if (notReady === undefined && listError === null) return null;
  return (
    <div style={{ display: 'grid', gap: 12, marginBottom: 16 }}>
      {notReady !== undefined && (
        <Note tone="unsure" title="Nothing can be judged yet">
          <p>{notReady}</p>
        </Note>
      )}
      {notReady === undefined && listError !== null && (
        <Note tone="unsure" title="The mirror's list of ecosystems could not be read">
          <p>{listError}. Until it can be read, the ecosystems below keep the records that they have.</p>
        </Note>
      )}
    </div>
  );
}

/** Where the knowledge comes from, and how old it is. */
export function AdvisoriesPage() {
  const feeds = useFeeds();
  const session = useSession();
  const state = useSearchState();
  const verdict = feeds.data === undefined ? undefined : sentenceOf(feeds.data);
  const reading = feeds.data === undefined ? undefined : readingInWords(feeds.data);
  const isAdmin = session.data?.account.isAdmin === true;
  return (
    <>
      <PageHead
        title="Advisories"
        {...(verdict !== undefined && { verdict })}
        actions={isAdmin && reading !== undefined && <SyncButton label={reading} />}
      />
      <Notes listError={feeds.data?.listError ?? null} />
      {feeds.data?.bundle != null && <LastBundle bundle={feeds.data.bundle} />}
      <WholeTable
        name="Feeds"
        list={feeds}
        columns={columns}
        chooseColumns
        isOpen={(feed) => feed.name === state.get('feed')}
        rowKey={(feed) => feed.name}
        empty={<NoAdvisories />}
      />
      <div style={{ marginTop: 20 }}>
        <FeedUpdates state={state} feeds={feeds.data?.items.map(({ name }) => name) ?? []} />
      </div>
      <div style={{ marginTop: 20 }}>
        <MalwareEngines />
      </div>
    </>
  );
}
