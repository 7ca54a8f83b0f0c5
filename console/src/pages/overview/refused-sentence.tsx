import { Skeleton } from '@mantine/core';
import { Link } from 'react-router';
import { useImageCount } from './use-image-count.ts';

/** "3 of 214 images would be refused": the numbers lead to the rows that they count. */
export function RefusedSentence() {
  const total = useImageCount({});
  const refused = useImageCount({ verdict: 'block' });
  if (total === undefined || refused === undefined) return <Skeleton height={28} width={380} radius={2} />;
  if (total === 0) return <>There are no images yet.</>;
  if (refused === 0)
    return <>None of {total === 1 ? 'the 1 image' : `the ${total} images`} would be refused.</>;
  return (
    <>
      <Link to="/images?verdict=block">{refused}</Link> of <Link to="/images">{total}</Link>{' '}
      {total === 1 ? 'image' : 'images'} would be refused.
    </>
  );
}
