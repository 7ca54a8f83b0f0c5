import { Button, Tabs } from '@mantine/core';
import { Link, useParams } from 'react-router';
import type { ImageDetails } from '../api/answers.ts';
import { useImage } from '../api/images.ts';
import { PageHead } from '../layout/page-head.tsx';
import { PageWait } from '../layout/page-wait.tsx';
import { ImageActions } from '../parts/image-actions.tsx';
import { imageName } from '../parts/image-name.ts';
import { totalOf } from '../parts/severity-order.ts';
import { oneOf, useSearchState } from '../parts/use-search-state.ts';
import { BaseFacts } from './image/base-facts.tsx';
import { BuildHistoryTab } from './image/build-history-tab.tsx';
import { ChangesTab } from './image/changes-tab.tsx';
import { DetailsTab } from './image/details-tab.tsx';
import { FindingDrawer } from './image/finding-drawer.tsx';
import { FindingsTab } from './image/findings-tab.tsx';
import { MalwareTab } from './image/malware-tab.tsx';
import { PackagesTab } from './image/packages-tab.tsx';
import { PlatformsTab } from './image/platforms-tab.tsx';
import { ReportFacts } from './image/report-facts.tsx';
import { ReportReasons } from './image/report-reasons.tsx';
import { SbomMenu } from './image/sbom-menu.tsx';
import { SecretsTab } from './image/secrets-tab.tsx';
import { VerdictSentence } from './image/verdict-sentence.tsx';

const tabs = [
  'findings',
  'malware',
  'secrets',
  'packages',
  'changes',
  'history',
  'platforms',
  'details',
] as const;
type Tab = (typeof tabs)[number];

const labels: Readonly<Record<Tab, string>> = {
  findings: 'Findings',
  malware: 'Malware',
  secrets: 'Sensitive data',
  packages: 'Packages',
  changes: 'Changes',
  history: 'Build history',
  platforms: 'Platforms',
  details: 'Details',
};

function tabsOf(image: ImageDetails): readonly Tab[] {
  if (image.kind === 'index') return ['platforms', 'details'];
  if (image.kind === 'artifact' && image.severity === null) return ['details'];
  return ['findings', 'malware', 'secrets', 'packages', 'changes', 'history', 'details'];
}

function TabBody({ tab, image }: { tab: Tab; image: ImageDetails }) {
  switch (tab) {
    case 'findings':
      return <FindingsTab image={image} />;
    case 'malware':
      return <MalwareTab image={image} />;
    case 'secrets':
      return <SecretsTab image={image} />;
    case 'packages':
      return <PackagesTab image={image} />;
    case 'changes':
      return <ChangesTab image={image} />;
    case 'history':
      return <BuildHistoryTab image={image} />;
    case 'platforms':
      return <PlatformsTab image={image} />;
    case 'details':
      return <DetailsTab image={image} />;
  }
}

function Report({ image }: { image: ImageDetails }) {
  const state = useSearchState();
  const offered = tabsOf(image);
  const tab = oneOf(state.get('tab'), offered) ?? offered[0] ?? 'details';
  const cleared = {
    q: undefined,
    severity: undefined,
    fixable: undefined,
    type: undefined,
    sort: undefined,
    finding: undefined,
    from: undefined,
    change: undefined,
  };
  return (
    <>
      <Tabs
        value={tab}
        keepMounted={false}
        onChange={(next) =>
          state.set({ ...cleared, tab: next === offered[0] ? undefined : (next ?? undefined) })
        }
      >
        <Tabs.List mb="md" className="pq-no-print">
          {offered.map((value) => (
            <Tabs.Tab key={value} value={value}>
              {labels[value]}
              {value === 'malware' && image.malware.counts !== null && (
                <span className="pq-dim"> {totalOf(image.malware.counts)}</span>
              )}
              {value === 'secrets' && image.secrets.counts !== null && (
                <span className="pq-dim"> {totalOf(image.secrets.counts)}</span>
              )}
              {value === 'packages' && image.packageCount !== null && (
                <span className="pq-dim"> {image.packageCount}</span>
              )}
            </Tabs.Tab>
          ))}
        </Tabs.List>
        <Tabs.Panel value={tab}>
          <TabBody tab={tab} image={image} />
        </Tabs.Panel>
      </Tabs>
      <FindingDrawer image={image} />
    </>
  );
}

/** The report of one image: what a pull gets, why, what to do about it, and all that was found. */
export function ImagePage() {
  const { id = '' } = useParams();
  const image = useImage(Number(id));
  const crumbs = [{ label: 'Images', to: '/images' }];
  if (image.data === undefined) return <PageWait crumbs={crumbs} title={`Image ${id}`} query={image} />;
  const { data } = image;
  return (
    <>
      <PageHead
        crumbs={[...crumbs, { label: data.namespace, to: `/namespaces/${data.namespace}` }]}
        title={imageName(data)}
        verdict={<VerdictSentence image={data} />}
        actions={
          <>
            <Button variant="default" component={Link} to={`/images/${data.id}/compare`}>
              Compare with…
            </Button>
            <SbomMenu image={data} />
            <ImageActions image={data} />
          </>
        }
      />
      <ReportReasons image={data} />
      <ReportFacts image={data} />
      <BaseFacts image={data} />
      <Report image={data} />
    </>
  );
}
