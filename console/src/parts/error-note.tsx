import { Button } from '@mantine/core';
import type { ReactNode } from 'react';
import { ApiError } from '../api/api-error.ts';
import { Note } from './note.tsx';

function remedyOf(error: Error): string {
  if (!(error instanceof ApiError))
    return 'This is a fault of the console: reload the page, and report it if it comes back.';
  if (error.status === 0) return 'Nothing was changed.';
  if (error.status === 401) return 'Your session has ended: sign in again.';
  if (error.status === 403) return 'Your role does not allow this: ask an administrator of the namespace.';
  if (error.status === 404) return 'It may have been deleted, or you may not be a member of its namespace.';
  if (error.status >= 500) return 'The server had a fault: its log says more. Nothing was changed.';
  return 'Change what the message names and try again.';
}

/** What happened and what to do about it. */
export function ErrorNote({
  error,
  remedy = remedyOf(error),
  onRetry,
}: {
  error: Error;
  /** Absent: what may help against errors of its kind. */
  remedy?: ReactNode;
  onRetry?: () => void;
}) {
  return (
    <Note tone="error" title={error.message}>
      <p>
        {remedy}
        {error instanceof ApiError && error.code !== 'UNREACHABLE' && (
          <span className="pq-dim"> Code {error.code}.</span>
        )}
      </p>
      {onRetry !== undefined && (
        <Button variant="default" onClick={onRetry}>
          Try again
        </Button>
      )}
    </Note>
  );
}
