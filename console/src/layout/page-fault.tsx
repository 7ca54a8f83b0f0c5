import { useRouteError } from 'react-router';
import { ErrorNote } from '../parts/error-note.tsx';

/** Stands where a page broke, so that the rest of the console stays usable. */
export function PageFault() {
  const fault = useRouteError();
  return <ErrorNote error={fault instanceof Error ? fault : new Error('This page broke')} />;
}
