import type { ReactNode } from 'react';
import type { Page } from '../../api/answers.ts';
import { Choice } from '../../parts/choice.tsx';
import type { Column } from '../../parts/data-table.tsx';
import { EmptyNote } from '../../parts/empty-note.tsx';
import { given } from '../../parts/given.ts';
import { Note } from '../../parts/note.tsx';
import { PagedTable } from '../../parts/paged-table.tsx';
import { SearchBox } from '../../parts/search-box.tsx';
import { SeverityChoice } from '../../parts/severity-choice.tsx';
import { severityOrder } from '../../parts/severity-order.ts';
import { oneOf, type SearchState, useSearchState } from '../../parts/use-search-state.ts';
import './report.css';

const pageSize = 100;

/** What a list of findings in files is asked for, from the page's address; keys without a value are left out. */
export function fileFindingQuery<Type extends string>(state: SearchState, types: readonly Type[]) {
  return given({
    limit: pageSize,
    cursor: state.get('cursor'),
    severity: oneOf(state.get('severity'), severityOrder),
    type: oneOf(state.get('type'), types),
    q: state.get('q'),
  });
}

interface FileFindingsProps<Finding> {
  /** As the tab says it: `Sensitive data`. */
  readonly name: string;
  /** Of several: `secrets`. */
  readonly noun: string;
  readonly placeholder: string;
  readonly types: readonly string[];
  readonly columns: readonly Column<Finding>[];
  readonly rowKey: (finding: Finding) => string;
  readonly found: {
    readonly data: Page<Finding> | undefined;
    readonly error: Error | null;
    readonly refetch: () => unknown;
  };
  /** Why there may be more than is listed. */
  readonly problem: { readonly reason: string; readonly remedy: string } | undefined;
  /** What is said when nothing is found, and no filter leaves anything out. */
  readonly nothing: string;
  /** What to do about findings; shown when there are any. */
  readonly advice: ReactNode;
  /** Below the table. */
  readonly children?: ReactNode;
}

function Filters({
  state,
  name,
  placeholder,
  types,
}: Pick<FileFindingsProps<unknown>, 'name' | 'placeholder' | 'types'> & { state: SearchState }) {
  return (
    <>
      <SearchBox state={state} label={`Search ${name.toLowerCase()}`} placeholder={placeholder} />
      <SeverityChoice state={state} />
      <Choice state={state} param="type" label="Type" any="Any type" options={types} />
    </>
  );
}

/** A tab of what was found in an image's files: filters, table, pages, and what could not be told. */
export function FileFindings<Finding extends object>(props: FileFindingsProps<Finding>) {
  const { name, noun, columns, rowKey, found, problem, nothing, advice, children } = props;
  const state = useSearchState();
  const filtered = ['q', 'severity', 'type'].some((key) => state.get(key) !== undefined);
  const hasAny = found.data !== undefined && found.data.total > 0;
  return (
    <div style={{ display: 'grid', gap: 16 }}>
      {problem !== undefined && (
        <Note tone="unsure" title={problem.reason}>
          <p>{problem.remedy}.</p>
        </Note>
      )}
      {hasAny && (
        <Note tone="plain" title="What to do">
          {advice}
        </Note>
      )}
      <PagedTable
        name={name}
        list={found}
        state={state}
        pageSize={pageSize}
        noun={noun}
        filters={<Filters {...props} state={state} />}
        chooseColumns
        columns={columns}
        rowKey={rowKey}
        empty={<EmptyNote title={filtered ? 'Nothing matches these filters' : nothing} />}
      />
      {children}
    </div>
  );
}
