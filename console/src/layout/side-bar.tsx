import { Button } from '@mantine/core';
import {
  IconBell,
  IconBug,
  IconDatabase,
  IconFolders,
  IconGauge,
  IconHistory,
  IconKey,
  IconLogout,
  IconRobot,
  IconStack2,
  IconUsers,
} from '@tabler/icons-react';
import { Link, NavLink } from 'react-router';
import { useSystem } from '../api/advisories.ts';
import { useSignOut } from '../api/session.ts';
import { UnsureMark } from '../parts/unsure-mark.tsx';
import { BrandMark } from './brand-mark.tsx';
import { GlobalSearch } from './global-search.tsx';

const places = [
  { to: '/', label: 'Overview', Icon: IconGauge },
  { to: '/images', label: 'Images', Icon: IconStack2 },
  { to: '/vulnerabilities', label: 'Vulnerabilities', Icon: IconBug },
  { to: '/namespaces', label: 'Namespaces', Icon: IconFolders },
  { to: '/advisories', label: 'Advisories', Icon: IconDatabase },
  { to: '/tokens', label: 'Access tokens', Icon: IconKey },
] as const;

const adminPlaces = [
  { to: '/users', label: 'Users', Icon: IconUsers },
  { to: '/robots', label: 'Robots', Icon: IconRobot },
  { to: '/webhooks', label: 'Notifications', Icon: IconBell },
  { to: '/events', label: 'Audit log', Icon: IconHistory },
] as const;

function FeedState() {
  const system = useSystem();
  if (system.data === undefined || system.data.feeds.ready) return null;
  return (
    <Link to="/advisories" title={system.data.feeds.message}>
      <UnsureMark>Nothing can be judged yet</UnsureMark>
    </Link>
  );
}

/** The slim bar on the left: where one can go, and who is signed in. */
export function SideBar({ isAdmin, accountName }: { isAdmin: boolean; accountName: string }) {
  const signOut = useSignOut();
  const system = useSystem();
  return (
    <div className="pq-frame-bar">
      <Link to="/" className="pq-brand">
        <BrandMark />
        Pratique
      </Link>
      <GlobalSearch />
      <nav aria-label="Console">
        <ul className="pq-nav">
          {places.map(({ to, label, Icon }) => (
            <li key={to}>
              <NavLink to={to} end={to === '/'}>
                <Icon size={16} stroke={1.6} aria-hidden="true" />
                {label}
              </NavLink>
            </li>
          ))}
          {isAdmin && (
            <>
              <li className="pq-nav-gap" aria-hidden="true" />
              {adminPlaces.map(({ to, label, Icon }) => (
                <li key={to}>
                  <NavLink to={to}>
                    <Icon size={16} stroke={1.6} aria-hidden="true" />
                    {label}
                  </NavLink>
                </li>
              ))}
            </>
          )}
        </ul>
      </nav>
      <div className="pq-bar-foot">
        <FeedState />
        <div>
          <div className="pq-break">
            <Link to="/account" title="Your password and sessions">
              {accountName}
            </Link>
            {isAdmin && <span className="pq-dim"> · admin</span>}
          </div>
          {system.data !== undefined && <div className="pq-dim">Version {system.data.version}</div>}
        </div>
        <Button
          variant="default"
          size="compact-xs"
          justify="flex-start"
          leftSection={<IconLogout size={14} />}
          loading={signOut.isPending}
          onClick={() => signOut.mutate()}
        >
          Sign out
        </Button>
      </div>
    </div>
  );
}
