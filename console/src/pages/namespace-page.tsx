import { Tabs } from '@mantine/core';
import { Link, useParams } from 'react-router';
import type { Namespace } from '../api/answers.ts';
import { useNamespace } from '../api/namespaces.ts';
import { PageHead } from '../layout/page-head.tsx';
import { PageWait } from '../layout/page-wait.tsx';
import { counted } from '../parts/counted.ts';
import { ImageTable } from '../parts/image-table.tsx';
import { policyInWords } from '../parts/policy-in-words.ts';
import { oneOf, useSearchState } from '../parts/use-search-state.ts';
import { EventTable } from './events/event-table.tsx';
import { AllowlistTab } from './namespace/allowlist-tab.tsx';
import { ImmutabilityTab } from './namespace/immutability-tab.tsx';
import { MembersTab } from './namespace/members-tab.tsx';
import { PolicyTab } from './namespace/policy-tab.tsx';
import { RepositoriesTab } from './namespace/repositories-tab.tsx';
import { RobotsTab } from './namespace/robots-tab.tsx';
import { WebhooksTab } from './namespace/webhooks-tab.tsx';

const tabs = [
  'images',
  'repositories',
  'policy',
  'allowlist',
  'immutability',
  'members',
  'robots',
  'webhooks',
  'events',
] as const;

/** Parameters of the address that are one tab's own. */
const cleared = [
  ...['q', 'verdict', 'state', 'severity', 'malware', 'secrets', 'sort'],
  ...['kind', 'actor', 'subject'],
  ...['ids', 'repository', 'package', 'path'],
] as const;

const labels = {
  images: 'Images',
  repositories: 'Repositories',
  policy: 'Policy',
  allowlist: 'Allowlist',
  immutability: 'Immutability',
  members: 'Members',
  robots: 'Robots',
  webhooks: 'Notifications',
  events: 'Events',
} as const;

function Sentence({ namespace }: { namespace: Namespace }) {
  const { name, imageCount, blockedCount, policy } = namespace;
  if (imageCount === 0) return <>There are no images in {name} yet.</>;
  if (policy.mode === 'off') return <>Nothing is refused in {name}: blocking is off.</>;
  const images = counted(imageCount, 'images');
  if (blockedCount === 0) {
    return (
      <>
        {imageCount === 1 ? 'The one image' : `None of ${images}`} would {imageCount === 1 && 'not '}be
        refused in {name}.
      </>
    );
  }
  return (
    <>
      <Link to="?verdict=block">{blockedCount}</Link> of {images} would be refused in {name}.
    </>
  );
}

function TabBody({ tab, namespace }: { tab: (typeof tabs)[number]; namespace: Namespace }) {
  const state = useSearchState();
  switch (tab) {
    case 'images':
      return <ImageTable state={state} namespace={namespace.name} />;
    case 'repositories':
      return <RepositoriesTab namespace={namespace} />;
    case 'policy':
      return <PolicyTab namespace={namespace} />;
    case 'allowlist':
      return <AllowlistTab namespace={namespace} />;
    case 'immutability':
      return <ImmutabilityTab namespace={namespace} />;
    case 'members':
      return <MembersTab namespace={namespace} />;
    case 'robots':
      return <RobotsTab namespace={namespace} />;
    case 'webhooks':
      return <WebhooksTab namespace={namespace} />;
    case 'events':
      return <EventTable namespace={namespace.name} />;
  }
}

/** One namespace: its images, and what decides over them. */
export function NamespacePage() {
  const { namespace: name = '' } = useParams();
  const namespace = useNamespace(name);
  const state = useSearchState();
  const tab = oneOf(state.get('tab'), tabs) ?? 'images';
  const crumbs = [{ label: 'Namespaces', to: '/namespaces' }];
  if (namespace.data === undefined) return <PageWait crumbs={crumbs} title={name} query={namespace} />;
  return (
    <>
      <PageHead crumbs={crumbs} title={name} verdict={<Sentence namespace={namespace.data} />}>
        <p className="pq-dim" style={{ margin: '6px 0 0' }}>
          {policyInWords(namespace.data.policy)} ·{' '}
          {namespace.data.public ? 'everybody may pull' : 'members may pull'} ·{' '}
          {namespace.data.autoScan ? 'scans what is pushed' : 'does not scan by itself'}
        </p>
      </PageHead>
      <Tabs
        value={tab}
        keepMounted={false}
        onChange={(next) => {
          const changes = Object.fromEntries(cleared.map((name) => [name, undefined]));
          state.set({ ...changes, tab: next === 'images' || next === null ? undefined : next });
        }}
      >
        <Tabs.List mb="md">
          {tabs.map((value) => (
            <Tabs.Tab key={value} value={value}>
              {labels[value]}
            </Tabs.Tab>
          ))}
        </Tabs.List>
        <Tabs.Panel value={tab}>
          <TabBody tab={tab} namespace={namespace.data} />
        </Tabs.Panel>
      </Tabs>
    </>
  );
}
