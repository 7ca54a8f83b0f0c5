import { PageHead } from '../layout/page-head.tsx';
import { ImageTable } from '../parts/image-table.tsx';
import { useSearchState } from '../parts/use-search-state.ts';
import { RefusedSentence } from './overview/refused-sentence.tsx';

/** Every image the account may see. */
export function ImagesPage() {
  const state = useSearchState();
  return (
    <>
      <PageHead title="Images" verdict={<RefusedSentence />} />
      <ImageTable state={state} />
    </>
  );
}
