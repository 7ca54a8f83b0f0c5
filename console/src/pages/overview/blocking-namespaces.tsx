import { Link, useNavigate } from 'react-router';
import type { Namespace } from '../../api/answers.ts';
import { useNamespaces } from '../../api/namespaces.ts';
import { type Column, DataTable } from '../../parts/data-table.tsx';
import { policyInWords } from '../../parts/policy-in-words.ts';

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
      <Link to={`/namespaces/${namespace.name}?verdict=block`}>
        {namespace.blockedCount} of {namespace.imageCount}
      </Link>
    ),
  },
];

/** What every namespace refuses. */
export function BlockingNamespaces() {
  const navigate = useNavigate();
  const namespaces = useNamespaces({ limit: 20 });
  return (
    <section className="pq-panel" aria-label="Namespaces">
      <h2 className="pq-section-head">
        Namespaces <Link to="/namespaces">All namespaces</Link>
      </h2>
      <DataTable
        name="Namespaces with their policy"
        columns={columns}
        rows={namespaces.data?.items}
        rowKey={(namespace) => namespace.name}
        onRow={(namespace) => void navigate(`/namespaces/${namespace.name}`)}
        empty={null}
      />
    </section>
  );
}
