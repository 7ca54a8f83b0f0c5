import { Switch } from '@mantine/core';
import { Link } from 'react-router';
import type { Finding, ImageDetails } from '../../api/answers.ts';
import { type FindingQuery, useFindings } from '../../api/images.ts';
import { Choice } from '../../parts/choice.tsx';
import type { Column } from '../../parts/data-table.tsx';
import { EmptyNote } from '../../parts/empty-note.tsx';
import { findingKey, findingRowKey } from '../../parts/finding-key.ts';
import { given } from '../../parts/given.ts';
import { PagedTable } from '../../parts/paged-table.tsx';
import { percent } from '../../parts/percent.ts';
import { RelativeTime } from '../../parts/relative-time.tsx';
import { SearchBox } from '../../parts/search-box.tsx';
import { SeverityChoice } from '../../parts/severity-choice.tsx';
import { SeverityMark } from '../../parts/severity-mark.tsx';
import { severityOrder } from '../../parts/severity-order.ts';
import { oneOf, type SearchState, useSearchState } from '../../parts/use-search-state.ts';
import { FixedVersion } from './fixed-version.tsx';
import { NothingFound } from './nothing-found.tsx';
import { revisionOf } from './revision-of.ts';
import './report.css';

const pageSize = 100;
const origins = ['own', 'base'] as const;
const sorts = [
  '-risk',
  'risk',
  '-severity',
  'severity',
  'id',
  '-id',
  'package',
  '-package',
  'epss',
  '-epss',
  'layer',
  '-layer',
] as const;

function findingQuery(state: SearchState): FindingQuery {
  return given({
    limit: pageSize,
    cursor: state.get('cursor'),
    severity: oneOf(state.get('severity'), severityOrder),
    fixable: state.get('fixable') === 'true' ? true : undefined,
    fromBase: fromBase(state),
    q: state.get('q'),
    sort: oneOf(state.get('sort'), sorts),
  });
}

/** Undefined: wherever it comes from. */
function fromBase(state: SearchState): boolean | undefined {
  const origin = oneOf(state.get('from'), origins);
  return origin === undefined ? undefined : origin === 'base';
}

/** `Listed by CISA on 2026-01-02, to be fixed by 2026-01-23` */
function listingInWords(entry: Finding['exploitation']): string {
  if (entry === null) return 'Listed by CISA';
  return `Listed by CISA on ${entry.addedOn}${entry.dueOn === null ? '' : `, to be fixed by ${entry.dueOn}`}`;
}

function Marks({ finding }: { finding: Finding }) {
  return (
    <>
      {finding.knownExploited && (
        <span className="pq-tag" data-tone="exploited" title={listingInWords(finding.exploitation)}>
          known exploited
        </span>
      )}{' '}
      {finding.informational !== null && (
        <span className="pq-tag" title="RustSec warns of this, and calls it no vulnerability">
          {finding.informational}
        </span>
      )}{' '}
      {finding.undetermined && <span className="pq-tag pq-hatched">could not compare</span>}{' '}
      {finding.exempted !== null && (
        <span className="pq-tag" title={`${finding.exempted.reason} (${finding.exempted.by})`}>
          allowed
        </span>
      )}
    </>
  );
}

function LayerCell({ finding }: { finding: Finding }) {
  return (
    <span className="pq-nowrap">
      {finding.fromBase === true && <span className="pq-dim">base </span>}
      {finding.place.layerIndex + 1}
    </span>
  );
}

function columnsOf(state: SearchState): readonly Column<Finding>[] {
  return [
    {
      id: 'id',
      label: 'Vulnerability',
      sortKey: 'id',
      cell: (finding) => (
        <span className="pq-nowrap">
          <Link to={state.link({ finding: findingKey(finding) })} title={finding.aliases.join(', ')}>
            {finding.id}
          </Link>{' '}
          <Marks finding={finding} />
        </span>
      ),
    },
    {
      id: 'severity',
      label: 'Severity',
      sortKey: '-severity',
      cell: (finding) => <SeverityMark severity={finding.severity} />,
    },
    { id: 'package', label: 'Package', sortKey: 'package', cell: (finding) => finding.package.name },
    {
      id: 'version',
      label: 'Installed',
      cell: (finding) => <span className="pq-mono pq-nowrap">{finding.package.version}</span>,
    },
    { id: 'fix', label: 'Fixed in', cell: (finding) => <FixedVersion finding={finding} /> },
    {
      id: 'epss',
      label: 'EPSS',
      align: 'right',
      sortKey: '-epss',
      cell: (finding) =>
        finding.epss === null ? (
          <span className="pq-dim" title="FIRST gives none">
            —
          </span>
        ) : (
          <span title={finding.epssOn === null ? 'FIRST' : `FIRST, ${finding.epssOn}`}>
            {percent(finding.epss)}
          </span>
        ),
    },
    {
      id: 'risk',
      label: 'Risk',
      align: 'right',
      sortKey: '-risk',
      cell: (finding) => (
        <span title="Weight of the severity × EPSS, 0 to 10; what is known exploited stands first">
          {finding.risk < 0.005 ? '<0.01' : finding.risk.toFixed(2)}
        </span>
      ),
    },
    {
      id: 'layer',
      label: 'Layer',
      align: 'right',
      sortKey: 'layer',
      cell: (finding) => <LayerCell finding={finding} />,
    },
    {
      id: 'path',
      label: 'Path',
      grow: true,
      cell: (finding) => (
        <span className="pq-mono" title={finding.place.path}>
          {finding.place.path}
        </span>
      ),
    },
    {
      id: 'seen',
      label: 'First seen',
      align: 'right',
      cell: (finding) => <RelativeTime at={finding.firstSeenAt} />,
    },
  ];
}

function Filters({ state, image }: { state: SearchState; image: ImageDetails }) {
  return (
    <>
      <SearchBox state={state} label="Search findings" placeholder="Id or package" />
      <SeverityChoice state={state} />
      {image.base !== null && (
        <Choice
          state={state}
          param="from"
          label="Layers"
          any="All layers"
          options={[
            { value: 'own', label: 'Own layers only' },
            { value: 'base', label: 'Base layers only' },
          ]}
        />
      )}
      <Switch
        size="xs"
        label="Only with a fix"
        checked={state.get('fixable') === 'true'}
        onChange={(event) => state.set({ fixable: event.currentTarget.checked ? 'true' : undefined })}
      />
    </>
  );
}

/** Vulnerability × package × place. */
export function FindingsTab({ image }: { image: ImageDetails }) {
  const state = useSearchState();
  const findings = useFindings({ id: image.id, query: findingQuery(state), revision: revisionOf(image) });
  const filtered = ['q', 'severity', 'fixable', 'from'].some((name) => state.get(name) !== undefined);
  return (
    <PagedTable
      name="Findings"
      list={findings}
      state={state}
      pageSize={pageSize}
      noun="findings"
      filters={<Filters state={state} image={image} />}
      chooseColumns
      columns={columnsOf(state)}
      rowKey={findingRowKey}
      isOpen={(finding) => state.get('finding') === findingKey(finding)}
      onRow={(finding) => state.set({ finding: findingKey(finding) }, { keepPage: true })}
      sort={{ state, default: '-risk' }}
      empty={
        filtered ? <EmptyNote title="No finding matches these filters" /> : <NothingFound image={image} />
      }
    />
  );
}
