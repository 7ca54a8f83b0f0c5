import { Skeleton } from '@mantine/core';
import type { ReactNode } from 'react';
import { Link } from 'react-router';
import { type ImageCount, useImageCount } from './use-image-count.ts';

function Refused({ refused, total }: { refused: ImageCount; total: ImageCount }): ReactNode {
  if (refused.total === 0 && refused.isEstimate)
    return `Few or none of ${total.words} images would be refused`;
  if (refused.total === 0)
    return total.total === 1
      ? 'The one image would not be refused'
      : `None of ${total.words} images would be refused`;
  return (
    <>
      <Link to="/images?verdict=block">{refused.words}</Link> of <Link to="/images">{total.words}</Link>{' '}
      {total.total === 1 ? 'image' : 'images'} would be refused
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
  if (total.total === 0) return <>There are no images yet.</>;
  return (
    <>
      <Refused refused={refused} total={total} />
      {unsure.total > 0 && (
        <>
          ; <Link to="/images?state=undetermined">{unsure.words}</Link> could not be judged for sure
        </>
      )}
      .
    </>
  );
}
