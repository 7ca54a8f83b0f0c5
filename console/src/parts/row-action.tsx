import { Button } from '@mantine/core';

/** A small button in a row; `of` is what it acts on, for who cannot see the row. */
export function RowAction({ label, of, onClick }: { label: string; of: string; onClick: () => void }) {
  return (
    <Button variant="default" size="compact-xs" aria-label={`${label} ${of}`} onClick={onClick}>
      {label}
    </Button>
  );
}
