import type { ReactNode } from 'react';
import { ErrorNote } from '../parts/error-note.tsx';
import { type Crumb, PageHead } from './page-head.tsx';
import { PageSkeleton } from './page-skeleton.tsx';

/** Stands for a page whose subject is on the way, or did not come. */
export function PageWait({
  crumbs,
  title,
  query,
  remedy,
}: {
  crumbs: readonly Crumb[];
  title: string;
  query: { readonly error: Error | null; readonly refetch: () => unknown };
  /** What to do about a subject that is not there; absent: what may help as a rule. */
  remedy?: ReactNode;
}) {
  if (query.error === null) return <PageSkeleton />;
  return (
    <>
      <PageHead crumbs={crumbs} title={title} />
      <ErrorNote error={query.error} remedy={remedy} onRetry={() => void query.refetch()} />
    </>
  );
}
