import { useFeeds } from '../api/advisories.ts';
import { EmptyNote } from './empty-note.tsx';

/** Nothing is known of any vulnerability yet, and what changes that here. */
export function NoAdvisories() {
  const isByHand = useFeeds().data?.origin === 'by-hand';
  return (
    <EmptyNote
      title="No advisories yet"
      command={isByHand ? 'npx pratique advisories import advisories.tar' : 'npx pratique advisories sync'}
    >
      Without them no vulnerability is known.{' '}
      {isByHand
        ? 'Nobody is asked for them here: bundles are imported by hand.'
        : 'They are read once a day, and now if you ask.'}
    </EmptyNote>
  );
}
