import type { ReactNode } from 'react';
import { Link } from 'react-router';
import './page-head.css';

export interface Crumb {
  readonly label: string;
  readonly to: string;
}

/** Where one is, and the answer of the page as one sentence; `children` are its reasons. */
export function PageHead({
  crumbs = [],
  title,
  verdict,
  actions,
  children,
}: {
  crumbs?: readonly Crumb[];
  title: string;
  /** The answer of the page; the title when absent. */
  verdict?: ReactNode;
  actions?: ReactNode;
  children?: ReactNode;
}) {
  return (
    <header className="pq-head">
      <title>{`${title} · Pratique`}</title>
      <nav aria-label="Breadcrumb" className="pq-crumbs">
        {crumbs.map((crumb) => (
          <span key={crumb.to}>
            <Link to={crumb.to}>{crumb.label}</Link>
            <span aria-hidden="true"> / </span>
          </span>
        ))}
        {verdict !== undefined && <span aria-current="page">{title}</span>}
      </nav>
      <div className="pq-head-row">
        <h1>{verdict ?? title}</h1>
        {actions !== undefined && <div className="pq-head-actions pq-no-print">{actions}</div>}
      </div>
      {children}
    </header>
  );
}
