import { Tabs } from '@mantine/core';
import { Link } from 'react-router';
import type { SearchAnswer } from '../api/answers.ts';
import { useSearch } from '../api/searches.ts';
import { PageHead } from '../layout/page-head.tsx';
import { PageSkeleton } from '../layout/page-skeleton.tsx';
import { ErrorNote } from '../parts/error-note.tsx';
import { ImageTable } from '../parts/image-table.tsx';
import { UnsureMark } from '../parts/unsure-mark.tsx';
import { oneOf, type SearchState, useSearchState } from '../parts/use-search-state.ts';
import { HeldPackageTable } from './search/held-package-table.tsx';
import { SearchHints } from './search/search-hints.tsx';
import './search/search.css';
import { counted } from '../parts/counted.ts';

const tabs = ['images', 'packages', 'incomparable'] as const;

function sentence(asked: string, { kind, images, packages, vulnerabilities }: SearchAnswer): string {
  if (images.holding === 0)
    return kind === 'vulnerability' ? `No image here has ${asked}.` : `No image here holds ${asked}.`;
  if (kind === 'vulnerability') {
    const which = vulnerabilities.unique > 1 ? `, which is ${vulnerabilities.unique} vulnerabilities` : '';
    const has = images.affected === 1 ? 'has' : 'have';
    return `${counted(images.affected, 'images')} ${has} ${asked}${which}.`;
  }
  const hold = images.holding === 1 ? 'holds' : 'hold';
  return `${counted(images.holding, 'images')} ${hold} ${counted(packages.count, 'packages')} of ${asked}.`;
}

function Facts({ asked, found }: { asked: string; found: SearchAnswer }) {
  const { kind, images, packages, vulnerabilities } = found;
  return (
    <p className="pq-dim">
      {kind === 'package' && images.holding > 0 && (
        <>
          {counted(vulnerabilities.unique, 'unique vulnerabilities')},{' '}
          {counted(images.affected, 'affected images')}.{' '}
        </>
      )}
      {kind === 'vulnerability' && (
        <>
          Through {counted(packages.count, 'packages')}. What is known of{' '}
          {(vulnerabilities.ids.length === 0 ? [asked] : vulnerabilities.ids).map((id, index) => (
            <span key={id}>
              {index > 0 && ', '}
              <Link to={`/vulnerabilities/${encodeURIComponent(id)}`}>{id}</Link>
            </span>
          ))}
          .{' '}
        </>
      )}
      {packages.incomparable > 0 && (
        <>
          <UnsureMark>Of {counted(packages.incomparable, 'more packages')} it cannot be told</UnsureMark>{' '}
        </>
      )}
      {found.isCut && (
        <UnsureMark>More packages are meant than are looked for: say it more exactly</UnsureMark>
      )}
      {kind === 'package' && /^[^\s@<>=:*]{3,}$/.test(asked) && (
        <>
          See also{' '}
          <Link to={`/search?for=${encodeURIComponent(`*${asked}*`)}`}>packages with it in their name</Link>{' '}
          and <Link to={`/images?q=${encodeURIComponent(asked)}`}>images called so</Link>.
        </>
      )}
    </p>
  );
}

function Results({ state, asked, found }: { state: SearchState; asked: string; found: SearchAnswer }) {
  const tab = oneOf(state.get('tab'), tabs) ?? 'images';
  const cleared = {
    q: undefined,
    state: undefined,
    severity: undefined,
    verdict: undefined,
    sort: undefined,
  };
  return (
    <Tabs
      value={tab}
      keepMounted={false}
      onChange={(next) => state.set({ ...cleared, tab: next === 'images' ? undefined : (next ?? undefined) })}
    >
      <Tabs.List mb="md" className="pq-no-print">
        <Tabs.Tab value="images">
          Images <span className="pq-dim">{found.images.holding.toLocaleString('en')}</span>
        </Tabs.Tab>
        <Tabs.Tab value="packages">
          Packages <span className="pq-dim">{found.packages.count.toLocaleString('en')}</span>
        </Tabs.Tab>
        {found.packages.incomparable > 0 && (
          <Tabs.Tab value="incomparable">
            Cannot be compared{' '}
            <span className="pq-dim">{found.packages.incomparable.toLocaleString('en')}</span>
          </Tabs.Tab>
        )}
      </Tabs.List>
      <Tabs.Panel value={tab}>
        {tab === 'images' ? (
          <ImageTable state={state} holds={asked} />
        ) : (
          <HeldPackageTable state={state} asked={asked} incomparable={tab === 'incomparable'} />
        )}
      </Tabs.Panel>
    </Tabs>
  );
}

/** Who has a vulnerability or a package: over everything that the account may see. */
export function SearchPage() {
  const state = useSearchState();
  const asked = state.get('for');
  const found = useSearch(asked);
  if (asked === undefined)
    return (
      <>
        <PageHead title="Search" verdict="Who has it?" />
        <SearchHints />
      </>
    );
  if (found.error !== null)
    return (
      <>
        <PageHead title="Search" verdict={`Cannot search for ${asked}`} />
        <ErrorNote error={found.error} onRetry={() => void found.refetch()} />
        <SearchHints />
      </>
    );
  if (found.data === undefined) return <PageSkeleton />;
  const isNothing = found.data.images.holding === 0 && found.data.packages.incomparable === 0;
  return (
    <>
      <PageHead title="Search" verdict={sentence(asked, found.data)}>
        <Facts asked={asked} found={found.data} />
      </PageHead>
      {isNothing ? <SearchHints /> : <Results key={asked} state={state} asked={asked} found={found.data} />}
    </>
  );
}
