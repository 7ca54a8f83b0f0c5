import { Suspense } from 'react';
import { Navigate, Outlet, useLocation } from 'react-router';
import { useSession } from '../api/session.ts';
import { ErrorNote } from '../parts/error-note.tsx';
import { PageSkeleton } from './page-skeleton.tsx';
import { SideBar } from './side-bar.tsx';
import './console-frame.css';

/** The bar on the left and the page; leads to the sign-in page when nobody is signed in. */
export function ConsoleFrame() {
  const session = useSession();
  const location = useLocation();
  if (session.isPending) return null;
  if (session.data === null) {
    const next = encodeURIComponent(location.pathname + location.search);
    return <Navigate to={`/sign-in?next=${next}`} replace />;
  }
  return (
    <div className="pq-frame">
      <a className="pq-skip" href="#page">
        Skip to the page
      </a>
      <SideBar
        isAdmin={session.data?.account.isAdmin ?? false}
        accountName={session.data?.account.name ?? ''}
      />
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
