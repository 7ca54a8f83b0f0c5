import { Skeleton } from '@mantine/core';

/** The shape of a page while its code or data is on the way. */
export function PageSkeleton() {
  return (
    <div role="status" aria-label="Loading">
      <Skeleton height={12} width={160} mt={4} mb={12} radius={2} />
      <Skeleton height={26} width="55%" mb={24} radius={2} />
      <Skeleton height={320} radius={3} />
    </div>
  );
}
