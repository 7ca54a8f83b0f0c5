import { Skeleton } from '@mantine/core';
import type { ReactNode } from 'react';
import { Link } from 'react-router';
import { useImageCount } from './use-image-count.ts';

function Refused({ refused, total }: { refused: number; total: number }): ReactNode {
  if (refused === 0)
    return total === 1 ? 'The one image would not be refused' : `None of ${total} images would be refused`;
  return (
    <>
      <Link to="/images?verdict=block">{refused}</Link> of <Link to="/images">{total}</Link>{' '}
      {total === 1 ? 'image' : 'images'} would be refused
    </>
  );
}

/** "3 of 214 images would be refused": the numbers lead to the rows that they count. */
export function RefusedSentence() {
  const total = useImageCount({});
  const refused = useImageCount({ verdict: 'block' });
  const unsure = useImageCount({ state: 'undetermined' });
  if (total === undefined || refused === undefined || unsure === undefined) {
    return <Skeleton height={28} width={380} radius={2} />;
  }
  if (total === 0) return <>There are no images yet.</>;
  return (
    <>
      <Refused refused={refused} total={total} />
      {unsure > 0 && (
        <>
          ; <Link to="/images?state=undetermined">{unsure}</Link> could not be judged for sure
        </>
      )}
      .
    </>
  );
}
