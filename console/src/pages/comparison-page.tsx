import { NativeSelect, Tabs } from '@mantine/core';
import { useParams } from 'react-router';
import type { Comparison } from '../api/answers.ts';
import { useImage, useImages } from '../api/images.ts';
import { useComparison } from '../api/searches.ts';
import { PageHead } from '../layout/page-head.tsx';
import { PageSkeleton } from '../layout/page-skeleton.tsx';
import { ErrorNote } from '../parts/error-note.tsx';
import { imageName } from '../parts/image-name.ts';
import { totalOf } from '../parts/severity-order.ts';
import { oneOf, type SearchState, useSearchState } from '../parts/use-search-state.ts';
import { ComparedFindings } from './comparison/compared-findings.tsx';
import { ComparedPackages } from './comparison/compared-packages.tsx';
import { ComparisonFacts } from './comparison/comparison-facts.tsx';

const tabs = ['added', 'fixed', 'unchanged', 'undecided', 'packages'] as const;
const labels = {
  added: 'Added',
  fixed: 'Fixed',
  unchanged: 'Unchanged',
  undecided: 'Cannot be told',
  packages: 'Packages',
} as const;

function sentence({ findings, with: earlier }: Comparison): string {
  const [added, fixed, undecided] = [findings.added, findings.fixed, findings.undecided].map(totalOf);
  const told = `${added} added and ${fixed} fixed since ${imageName(earlier)}`;
  return undecided === 0 ? `${told}.` : `${told}; of ${undecided} it cannot be told.`;
}

/** The images of the same repository, and the one that stands in the address, wherever it is. */
function EarlierChoice({ comparison, state }: { comparison: Comparison; state: SearchState }) {
  const { image, with: earlier } = comparison;
  const images = useImages({ namespace: image.namespace, repository: image.repository, limit: 100 });
  const others = [earlier, ...(images.data?.items ?? []).map((one) => ({ ...one, imageId: one.id }))].filter(
    (one, index, all) =>
      one.imageId !== image.imageId && all.findIndex(({ imageId }) => imageId === one.imageId) === index,
  );
  return (
    <NativeSelect
      size="xs"
      aria-label="Compare with"
      data={others.map((one) => ({ value: String(one.imageId), label: `with ${imageName(one)}` }))}
      value={String(earlier.imageId)}
      onChange={(event) => state.set({ with: event.currentTarget.value })}
    />
  );
}

function Differences({ comparison, state }: { comparison: Comparison; state: SearchState }) {
  const { image, with: earlier, findings, packages } = comparison;
  const counts = {
    added: totalOf(findings.added),
    fixed: totalOf(findings.fixed),
    unchanged: totalOf(findings.unchanged),
    undecided: totalOf(findings.undecided),
    packages: packages.added + packages.removed + packages.upgraded + packages.downgraded + packages.changed,
  };
  const offered = tabs.filter((value) => value !== 'undecided' || counts.undecided > 0);
  const tab = oneOf(state.get('tab'), offered) ?? 'added';
  const cleared = { q: undefined, severity: undefined, change: undefined };
  return (
    <Tabs
      value={tab}
      keepMounted={false}
      onChange={(next) => state.set({ ...cleared, tab: next === 'added' ? undefined : (next ?? undefined) })}
    >
      <Tabs.List mb="md" className="pq-no-print">
        {offered.map((value) => (
          <Tabs.Tab key={value} value={value}>
            {labels[value]} <span className="pq-dim">{counts[value]}</span>
          </Tabs.Tab>
        ))}
      </Tabs.List>
      <Tabs.Panel value={tab}>
        {tab === 'packages' ? (
          <ComparedPackages id={image.imageId} earlier={earlier.imageId} state={state} />
        ) : (
          <ComparedFindings
            key={tab}
            id={image.imageId}
            earlier={earlier.imageId}
            change={tab}
            state={state}
          />
        )}
      </Tabs.Panel>
    </Tabs>
  );
}

/** How an image differs from an earlier one: what was added, fixed, and what could not be told. */
export function ComparisonPage() {
  const { id = '' } = useParams();
  const state = useSearchState();
  const earlier = Number(state.get('with'));
  const image = useImage(Number(id));
  const comparison = useComparison(
    Number(id),
    Number.isSafeInteger(earlier) && earlier > 0 ? earlier : undefined,
  );
  const name = image.data === undefined ? `Image ${id}` : imageName(image.data);
  const crumbs = [
    { label: 'Images', to: '/images' },
    { label: name, to: `/images/${id}` },
  ];
  if (comparison.data === undefined) {
    if (comparison.error === null) return <PageSkeleton />;
    return (
      <>
        <PageHead crumbs={crumbs} title="Comparison" />
        <ErrorNote error={comparison.error} onRetry={() => void comparison.refetch()} />
      </>
    );
  }
  const { data } = comparison;
  return (
    <>
      <PageHead
        crumbs={crumbs}
        title="Comparison"
        verdict={sentence(data)}
        actions={<EarlierChoice comparison={data} state={state} />}
      />
      <ComparisonFacts comparison={data} />
      <Differences comparison={data} state={state} />
    </>
  );
}
