import type { ReactNode } from 'react';
import { CommandLine } from './command-line.tsx';
import './notes.css';

/** Says what would be here, and the command that puts it here. */
export function EmptyNote({
  title,
  children,
  command,
}: {
  title: string;
  children?: ReactNode;
  command?: string;
}) {
  return (
    <div className="pq-empty">
      <h2>{title}</h2>
      {children !== undefined && <p>{children}</p>}
      {command !== undefined && <CommandLine command={command} />}
    </div>
  );
}
