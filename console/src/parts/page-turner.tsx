import { Button, Group } from '@mantine/core';
import type { Page } from '../api/answers.ts';
import { counted } from './counted.ts';
import { totalInWords } from './total-in-words.ts';
import type { SearchState } from './use-search-state.ts';

/** Which rows are shown of how many, and the way to the next; the place is in the address, so Back goes back. */
export function PageTurner({
  state,
  page: { items, nextCursor, ...counts },
  pageSize,
  noun,
}: {
  state: SearchState;
  page: Page<unknown>;
  pageSize: number;
  noun: string;
}) {
  const { total } = counts;
  const page = Math.max(1, Number.parseInt(state.get('page') ?? '1', 10) || 1);
  const first = (page - 1) * pageSize + 1;
  if (total === 0) return null;
  const range = `${first}–${first + items.length - 1} of ${totalInWords(counts)} ${noun}`;
  return (
    <Group justify="space-between" px="sm" py={6} className="pq-turner">
      <span className="pq-dim">{items.length === total ? counted(total, noun) : range}</span>
      <Group gap={6}>
        {page > 1 && (
          <Button
            variant="default"
            size="compact-xs"
            onClick={() => state.set({ cursor: undefined, page: undefined }, { keepPage: true })}
          >
            First page
          </Button>
        )}
        {nextCursor !== null && (
          <Button
            variant="default"
            size="compact-xs"
            onClick={() => state.set({ cursor: nextCursor, page: String(page + 1) }, { keepPage: true })}
          >
            Next page
          </Button>
        )}
      </Group>
    </Group>
  );
}
