import { Link } from 'react-router';
import { CommandLine } from '../../parts/command-line.tsx';
import { loginCommand, pushCommand } from '../../parts/push-command.ts';

/** What puts the first image here. */
export function FirstSteps() {
  return (
    <section className="pq-panel pq-empty" aria-label="First steps">
      <h2>Push a first image</h2>
      <p>
        <Link to="/namespaces">Create a namespace</Link>, sign in with your registry client, and copy an image
        into it. It is inspected as soon as it is here.
      </p>
      <CommandLine command={loginCommand()} />
      <div style={{ height: 8 }} />
      <CommandLine command={pushCommand('demo')} />
    </section>
  );
}
