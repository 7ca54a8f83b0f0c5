import type { ImageDetails, SecretFinding } from '../../api/answers.ts';
import { type SecretQuery, useSecrets } from '../../api/images.ts';
import { Choice } from '../../parts/choice.tsx';
import { type Column, DataTable } from '../../parts/data-table.tsx';
import { EmptyNote } from '../../parts/empty-note.tsx';
import { ErrorNote } from '../../parts/error-note.tsx';
import { given } from '../../parts/given.ts';
import { Note } from '../../parts/note.tsx';
import { PageTurner } from '../../parts/page-turner.tsx';
import { SearchBox } from '../../parts/search-box.tsx';
import { SeverityMark } from '../../parts/severity-mark.tsx';
import { severityOrder } from '../../parts/severity-order.ts';
import { oneOf, type SearchState, useSearchState } from '../../parts/use-search-state.ts';
import { revisionOf } from './revision-of.ts';
import './report.css';

const pageSize = 100;
const types = [
  'cloud',
  'code-host',
  'package-registry',
  'chat',
  'payment',
  'service',
  'database',
  'private-key',
  'token',
  'password',
] as const satisfies readonly SecretFinding['type'][];

function secretQuery(state: SearchState): SecretQuery {
  return given({
    limit: pageSize,
    cursor: state.get('cursor'),
    severity: oneOf(state.get('severity'), severityOrder),
    type: oneOf(state.get('type'), types),
    q: state.get('q'),
  });
}

function LayerCell({ secret }: { secret: SecretFinding }) {
  if (secret.layer === null) return <span className="pq-dim">config</span>;
  return (
    <span className="pq-nowrap" title={secret.layer.createdBy ?? secret.layer.digest}>
      {secret.layer.index + 1}{' '}
      {secret.fate !== null && (
        <span className="pq-tag">
          {secret.fate.kind} in {secret.fate.byLayer + 1}, still pulled
        </span>
      )}
    </span>
  );
}

const columns: readonly Column<SecretFinding>[] = [
  {
    id: 'title',
    label: 'Secret',
    cell: (secret) => (
      <span className="pq-nowrap" title={secret.rule}>
        {secret.title}{' '}
        {secret.exempted !== null && (
          <span className="pq-tag" title={`${secret.exempted.reason} (${secret.exempted.by})`}>
            allowed
          </span>
        )}
      </span>
    ),
  },
  { id: 'severity', label: 'Severity', cell: (secret) => <SeverityMark severity={secret.severity} /> },
  { id: 'type', label: 'Type', cell: (secret) => secret.type },
  { id: 'value', label: 'Value', cell: (secret) => <span className="pq-mono">{secret.masked}</span> },
  {
    id: 'path',
    label: 'Path',
    grow: true,
    cell: (secret) => (
      <span className="pq-mono" title={secret.path}>
        {secret.path}
      </span>
    ),
  },
  { id: 'line', label: 'Line', align: 'right', cell: (secret) => secret.line },
  { id: 'layer', label: 'Layer', cell: (secret) => <LayerCell secret={secret} /> },
];

function rowKey({ rule, path, line, masked, layer }: SecretFinding): string {
  return JSON.stringify([rule, path, line, masked, layer?.index, layer?.digest]);
}

function Filters({ state }: { state: SearchState }) {
  return (
    <search className="pq-filters pq-no-print">
      <SearchBox
        label="Search sensitive data"
        placeholder="Name or path"
        value={state.get('q')}
        onChange={(q) => state.set({ q }, { replace: true })}
      />
      <Choice
        label="Severity"
        any="Any severity"
        options={severityOrder.map((value) => ({ value, label: value }))}
        value={state.get('severity')}
        onChange={(severity) => state.set({ severity })}
      />
      <Choice
        label="Type"
        any="Any type"
        options={types.map((value) => ({ value, label: value }))}
        value={state.get('type')}
        onChange={(type) => state.set({ type })}
      />
    </search>
  );
}

function Advice() {
  return (
    <Note tone="plain" title="What to do">
      <p>
        Revoke each of them where it was issued: whoever has pulled the image has it. Then build the image
        without it (a build secret, or what the container is given when it starts), because a later layer that
        deletes the file leaves it in the image, and delete the old image and its tags.
      </p>
    </Note>
  );
}

/** Credentials in the layers and the config of an image; values are masked. */
export function SecretsTab({ image }: { image: ImageDetails }) {
  const state = useSearchState();
  const secrets = useSecrets({ id: image.id, query: secretQuery(state), revision: revisionOf(image) });
  const filtered = ['q', 'severity', 'type'].some((name) => state.get(name) !== undefined);
  if (secrets.error !== null && secrets.data === undefined) {
    return <ErrorNote error={secrets.error} onRetry={() => void secrets.refetch()} />;
  }
  const { counts, problem } = image.secrets;
  const nothing =
    counts === null
      ? 'This image was not searched for sensitive data yet: scan it again'
      : problem === undefined
        ? 'No sensitive data found'
        : 'No sensitive data found in what could be read';
  return (
    <>
      {problem !== undefined && (
        <Note tone="unsure" title={problem.reason}>
          <p>{problem.remedy}.</p>
        </Note>
      )}
      {secrets.data !== undefined && secrets.data.total > 0 && <Advice />}
      <section className="pq-panel" aria-label="Sensitive data">
        <Filters state={state} />
        <DataTable
          name="Sensitive data"
          chooseColumns
          columns={columns}
          rows={secrets.data?.items}
          rowKey={rowKey}
          empty={<EmptyNote title={filtered ? 'Nothing matches these filters' : nothing} />}
        />
        {secrets.data !== undefined && secrets.data.total > 0 && (
          <PageTurner
            state={state}
            shown={secrets.data.items.length}
            total={secrets.data.total}
            pageSize={pageSize}
            nextCursor={secrets.data.nextCursor}
            noun="secrets"
          />
        )}
      </section>
    </>
  );
}
