import { RelativeTime } from './relative-time.tsx';

/** When a secret ends. */
export function SecretExpiry({ expiresAt, expired }: { expiresAt: string | null; expired: boolean }) {
  if (expired) return <strong>Expired</strong>;
  return expiresAt === null ? <span className="pq-dim">never</span> : <RelativeTime at={expiresAt} />;
}

/** When it was last used, to the minute. */
export function LastUse({ at }: { at: string | null }) {
  return at === null ? <span className="pq-dim">never</span> : <RelativeTime at={at} />;
}
