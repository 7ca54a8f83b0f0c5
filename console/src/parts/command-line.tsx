import { CopyAction } from './copy-action.tsx';
import './notes.css';

/** A command to be run in a shell, with a button that copies it. */
export function CommandLine({ command }: { command: string }) {
  return (
    <div className="pq-command">
      <code>{command}</code>
      <CopyAction value={command} label="Copy command" />
    </div>
  );
}
