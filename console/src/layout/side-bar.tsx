import { Button } from '@mantine/core';
import { IconLogout } from '@tabler/icons-react';
import { Link, NavLink } from 'react-router';
import { useSystem } from '../api/advisories.ts';
import { useSignOut } from '../api/session.ts';
import { UnsureMark } from '../parts/unsure-mark.tsx';
import { BrandMark } from './brand-mark.tsx';
import { GlobalSearch } from './global-search.tsx';
import { places } from './places.ts';

function FeedState() {
  const system = useSystem();
  if (system.data === undefined || system.data.feeds.ready) return null;
  return (
    <Link to="/advisories" title={system.data.feeds.message}>
      <UnsureMark>Nothing can be judged yet</UnsureMark>
    </Link>
  );
}

function PlaceLink({ to, label, letter, Icon }: (typeof places)[number]) {
  return (
    <li>
      <NavLink to={to} end={to === '/'} title={`g ${letter}`}>
        <Icon size={16} stroke={1.6} aria-hidden="true" />
        {label}
      </NavLink>
    </li>
  );
}

function placesFor(admins: boolean) {
  return places
    .filter(({ isOfAdmins }) => isOfAdmins === admins)
    .map((place) => <PlaceLink key={place.to} {...place} />);
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
          {placesFor(false)}
          {isAdmin && (
            <>
              <li className="pq-nav-gap" aria-hidden="true" />
              {placesFor(true)}
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
