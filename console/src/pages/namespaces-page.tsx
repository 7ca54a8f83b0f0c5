import { Link, useNavigate } from 'react-router';
import type { Namespace, Page } from '../api/answers.ts';
import { useNamespaces } from '../api/namespaces.ts';
import { PageHead } from '../layout/page-head.tsx';
import { byteSize } from '../parts/byte-size.ts';
import { CreateButton } from '../parts/create-button.tsx';
import type { Column } from '../parts/data-table.tsx';
import { EmptyNote } from '../parts/empty-note.tsx';
import { given } from '../parts/given.ts';
import { PagedTable } from '../parts/paged-table.tsx';
import { policyInWords } from '../parts/policy-in-words.ts';
import { RelativeTime } from '../parts/relative-time.tsx';
import { SearchBox } from '../parts/search-box.tsx';
import { useSearchState } from '../parts/use-search-state.ts';
import { CreateNamespace } from './namespace/create-namespace.tsx';

const pageSize = 50;

const columns: readonly Column<Namespace>[] = [
  {
    id: 'name',
    label: 'Namespace',
    cell: (namespace) => <Link to={`/namespaces/${namespace.name}`}>{namespace.name}</Link>,
  },
  { id: 'policy', label: 'Policy', grow: true, cell: (namespace) => policyInWords(namespace.policy) },
  {
    id: 'refused',
    label: 'Refused',
    align: 'right',
    cell: (namespace) => (
      <Link to={`/namespaces/${namespace.name}?verdict=block`} className="pq-nowrap">
        {namespace.blockedCount} of {namespace.imageCount}
      </Link>
    ),
  },
  {
    id: 'scan',
    label: 'Scans what is pushed',
    cell: (namespace) => (namespace.autoScan ? 'Yes' : <span className="pq-dim">No</span>),
  },
  {
    id: 'access',
    label: 'Who may pull',
    cell: (namespace) => (namespace.public ? 'Everybody' : <span className="pq-dim">Members</span>),
  },
  {
    id: 'used',
    label: 'Holds',
    align: 'right',
    cell: ({ usedBytes, quotaBytes }) => (
      <span className="pq-nowrap">
        {byteSize(usedBytes)}
        {quotaBytes !== null && <span className="pq-dim"> of {byteSize(quotaBytes)}</span>}
      </span>
    ),
  },
  { id: 'role', label: 'Your role', cell: (namespace) => namespace.role },
  {
    id: 'created',
    label: 'Created',
    align: 'right',
    cell: (namespace) => <RelativeTime at={namespace.createdAt} />,
  },
];

/** "1 of 3 namespaces refuses unsafe images"; undefined while it cannot be told from the rows at hand. */
function sentenceOf(page: Page<Namespace> | undefined): string | undefined {
  if (page === undefined || page.total === 0 || page.items.length < page.total) return undefined;
  const refusing = page.items.filter((namespace) => namespace.policy.mode === 'enforce').length;
  if (refusing === 0) return 'No namespace refuses unsafe images.';
  const namespaces = page.total === 1 ? 'namespace' : 'namespaces';
  return `${refusing} of ${page.total} ${namespaces} ${refusing === 1 ? 'refuses' : 'refuse'} unsafe images.`;
}

/** Namespaces with what each of them refuses. */
export function NamespacesPage() {
  const state = useSearchState();
  const navigate = useNavigate();
  const namespaces = useNamespaces(
    given({ limit: pageSize, q: state.get('q'), cursor: state.get('cursor') }),
  );
  const verdictPage = state.get('q') === undefined ? namespaces.data : undefined;
  return (
    <>
      <PageHead
        title="Namespaces"
        actions={
          <CreateButton label="Create namespace">{(dialog) => <CreateNamespace {...dialog} />}</CreateButton>
        }
        {...given({ verdict: sentenceOf(verdictPage) })}
      />
      <PagedTable
        name="Namespaces"
        list={namespaces}
        state={state}
        pageSize={pageSize}
        noun="namespaces"
        columns={columns}
        rowKey={(namespace) => namespace.name}
        onRow={(namespace) => void navigate(`/namespaces/${namespace.name}`)}
        filters={<SearchBox state={state} label="Search namespaces" placeholder="Name" />}
        empty={
          state.get('q') === undefined ? (
            <EmptyNote title="No namespaces yet" command="npx pratique admin namespace create demo">
              A namespace holds repositories, and the policy that says which of their images may be pulled.
            </EmptyNote>
          ) : (
            <EmptyNote title="No namespace has this in its name" />
          )
        }
      />
    </>
  );
}
