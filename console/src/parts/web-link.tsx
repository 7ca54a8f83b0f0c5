import type { ReactNode } from 'react';
import { webAddress } from './public-links.ts';

/** A link out of the console; plain text when the address is not one of the web. */
export function WebLink({ url, children }: { url: string; children?: ReactNode }) {
  const address = webAddress(url);
  if (address === undefined) return <span className="pq-break">{children ?? url}</span>;
  return (
    <a href={address} target="_blank" rel="noopener noreferrer" className="pq-break">
      {children ?? url}
    </a>
  );
}
