import type { ImageDetails } from '../../api/answers.ts';
import { EmptyNote } from '../../parts/empty-note.tsx';
import { standingOf } from '../../parts/standing.ts';

/** Why the list of findings is empty: only a whole look with good data means that there are none. */
export function NothingFound({ image }: { image: ImageDetails }) {
  switch (standingOf(image)) {
    case 'clean':
      return (
        <EmptyNote title="Nothing found">
          Every layer was read, with advisories that are good for it.
        </EmptyNote>
      );
    case 'scanning':
      return <EmptyNote title="Being scanned">Findings stand here as soon as the scan ends.</EmptyNote>;
    case 'not-scanned':
      return <EmptyNote title="Not scanned">Scan it to see what is in it.</EmptyNote>;
    case 'not-applicable':
      return <EmptyNote title="Nothing to scan">There is nothing in it that can be scanned.</EmptyNote>;
    default:
      return (
        <EmptyNote title="No findings, but that says little">
          Something could not be looked at: see the reason above.
        </EmptyNote>
      );
  }
}
