import { Tabs } from '@mantine/core';
import { useParams } from 'react-router';
import type { Comparison, ImageDetails } from '../api/answers.ts';
import { ApiError } from '../api/api-error.ts';
import { useImage } from '../api/images.ts';
import { useComparison } from '../api/searches.ts';
import { PageHead } from '../layout/page-head.tsx';
import { PageWait } from '../layout/page-wait.tsx';
import { counted } from '../parts/counted.ts';
import { EmptyNote } from '../parts/empty-note.tsx';
import { imageName } from '../parts/image-name.ts';
import { totalOf } from '../parts/severity-order.ts';
import { oneOf, type SearchState, useSearchState } from '../parts/use-search-state.ts';
import { ComparedFindings } from './comparison/compared-findings.tsx';
import { ComparedPackages } from './comparison/compared-packages.tsx';
import { ComparisonFacts } from './comparison/comparison-facts.tsx';
import { OtherImageChoice } from './comparison/other-image-choice.tsx';

const tabs = ['added', 'fixed', 'unchanged', 'undecided', 'packages'] as const;
const labels = {
  added: 'Added',
  fixed: 'Fixed',
  unchanged: 'Unchanged',
  undecided: 'Cannot be told',
  packages: 'Packages',
} as const;

function sentence({ findings, with: earlier }: Comparison): string {
  const added = counted(totalOf(findings.added), 'findings');
  const told = `${added} added and ${totalOf(findings.fixed)} fixed since ${imageName(earlier)}`;
  const undecided = totalOf(findings.undecided);
  return undecided === 0 ? `${told}.` : `${told}; ${undecided} cannot be told.`;
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

/** Nothing was named to compare the image with, and nothing was pushed to its repository before. */
function NothingBefore({ image, state }: { image: ImageDetails; state: SearchState }) {
  return (
    <section className="pq-panel">
      <EmptyNote
        title={`Nothing was pushed to ${image.namespace}/${image.repository} before ${imageName(image)}`}
      >
        It can be compared with any other image.
      </EmptyNote>
      <div style={{ padding: '0 20px 28px' }}>
        <OtherImageChoice image={image} state={state} />
      </div>
    </section>
  );
}

/** How an image differs from an earlier one: what was added, fixed, and what could not be told. */
export function ComparisonPage() {
  const { id = '' } = useParams();
  const state = useSearchState();
  const named = Number(state.get('with'));
  const earlier = Number.isSafeInteger(named) && named > 0 ? named : undefined;
  const image = useImage(Number(id));
  const comparison = useComparison(Number(id), earlier);
  const name = image.data === undefined ? `Image ${id}` : imageName(image.data);
  const crumbs = [
    { label: 'Images', to: '/images' },
    { label: name, to: `/images/${id}` },
  ];
  if (comparison.data === undefined || image.data === undefined) {
    const { error } = comparison;
    const hasNone = earlier === undefined && error instanceof ApiError && error.status === 404;
    if (!hasNone || image.data === undefined)
      return (
        <PageWait crumbs={crumbs} title="Comparison" query={image.error === null ? comparison : image} />
      );
    return (
      <>
        <PageHead crumbs={crumbs} title="Comparison" verdict={`What is ${name} to be compared with?`} />
        <NothingBefore image={image.data} state={state} />
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
        actions={<OtherImageChoice image={image.data} chosen={data.with} state={state} />}
      />
      <ComparisonFacts comparison={data} />
      <Differences comparison={data} state={state} />
    </>
  );
}
