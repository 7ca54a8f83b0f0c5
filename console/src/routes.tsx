import { type ComponentType, lazy } from 'react';
import { createBrowserRouter } from 'react-router';
import { ConsoleFrame } from './layout/console-frame.tsx';
import { PageFault } from './layout/page-fault.tsx';
import { SignInPage } from './pages/sign-in-page.tsx';

/** A page whose code is loaded when it is first opened. */
function page(load: () => Promise<ComponentType>) {
  return lazy(async () => ({ default: await load() }));
}

const OverviewPage = page(async () => (await import('./pages/overview-page.tsx')).OverviewPage);
const ImagesPage = page(async () => (await import('./pages/images-page.tsx')).ImagesPage);
const ImagePage = page(async () => (await import('./pages/image-page.tsx')).ImagePage);
const VulnerabilitiesPage = page(
  async () => (await import('./pages/vulnerabilities-page.tsx')).VulnerabilitiesPage,
);
const VulnerabilityPage = page(
  async () => (await import('./pages/vulnerability-page.tsx')).VulnerabilityPage,
);
const SearchPage = page(async () => (await import('./pages/search-page.tsx')).SearchPage);
const ComparisonPage = page(async () => (await import('./pages/comparison-page.tsx')).ComparisonPage);
const NamespacesPage = page(async () => (await import('./pages/namespaces-page.tsx')).NamespacesPage);
const NamespacePage = page(async () => (await import('./pages/namespace-page.tsx')).NamespacePage);
const AdvisoriesPage = page(async () => (await import('./pages/advisories-page.tsx')).AdvisoriesPage);
const AccessTokensPage = page(async () => (await import('./pages/access-tokens-page.tsx')).AccessTokensPage);
const AccountPage = page(async () => (await import('./pages/account-page.tsx')).AccountPage);
const RobotsPage = page(async () => (await import('./pages/robots-page.tsx')).RobotsPage);
const WebhooksPage = page(async () => (await import('./pages/webhooks-page.tsx')).WebhooksPage);
const EventsPage = page(async () => (await import('./pages/events-page.tsx')).EventsPage);
const UsersPage = page(async () => (await import('./pages/users-page.tsx')).UsersPage);
const NotFoundPage = page(async () => (await import('./pages/not-found-page.tsx')).NotFoundPage);

export function createRouter() {
  return createBrowserRouter([
    { path: '/sign-in', Component: SignInPage },
    {
      path: '/',
      Component: ConsoleFrame,
      children: [
        {
          ErrorBoundary: PageFault,
          children: [
            { index: true, Component: OverviewPage },
            { path: 'images', Component: ImagesPage },
            { path: 'images/:id', Component: ImagePage },
            { path: 'images/:id/compare', Component: ComparisonPage },
            { path: 'search', Component: SearchPage },
            { path: 'vulnerabilities', Component: VulnerabilitiesPage },
            { path: 'vulnerabilities/:id', Component: VulnerabilityPage },
            { path: 'namespaces', Component: NamespacesPage },
            { path: 'namespaces/:namespace', Component: NamespacePage },
            { path: 'advisories', Component: AdvisoriesPage },
            { path: 'tokens', Component: AccessTokensPage },
            { path: 'account', Component: AccountPage },
            { path: 'users', Component: UsersPage },
            { path: 'robots', Component: RobotsPage },
            { path: 'webhooks', Component: WebhooksPage },
            { path: 'events', Component: EventsPage },
            { path: '*', Component: NotFoundPage },
          ],
        },
      ],
    },
  ]);
}
