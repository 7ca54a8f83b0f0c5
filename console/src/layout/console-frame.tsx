import { Suspense, useCallback, useState } from 'react';
import { Navigate, Outlet, useLocation } from 'react-router';
import { useSession } from '../api/session.ts';
import { ErrorNote } from '../parts/error-note.tsx';
import { KeyHelp } from './key-help.tsx';
import { PageSkeleton } from './page-skeleton.tsx';
import { SideBar } from './side-bar.tsx';
import { useKeys } from './use-keys.ts';
import './console-frame.css';

/** The bar on the left and the page; leads to the sign-in page when nobody is signed in. */
export function ConsoleFrame() {
  const session = useSession();
  const [isHelping, setHelping] = useState(false);
  useKeys(useCallback(() => setHelping(true), []));
  const location = useLocation();
  if (session.isPending) return null;
  if (session.data === null) {
    const next = encodeURIComponent(location.pathname + location.search);
    return <Navigate to={`/sign-in?next=${next}`} replace />;
  }
  const isAdmin = session.data?.account.isAdmin ?? false;
  return (
    <div className="pq-frame">
      <a className="pq-skip" href="#page">
        Skip to the page
      </a>
      <SideBar isAdmin={isAdmin} accountName={session.data?.account.name ?? ''} />
      <KeyHelp isAdmin={isAdmin} opened={isHelping} onClose={() => setHelping(false)} />
      <main className="pq-page" id="page">
        {session.data === undefined && session.error !== null ? (
          <ErrorNote error={session.error} onRetry={() => void session.refetch()} />
        ) : (
          <Suspense fallback={<PageSkeleton />}>
            <Outlet />
          </Suspense>
        )}
      </main>
    </div>
  );
}
