import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { type CommandResult, command, hasProgram, mustRun } from './clients.ts';
import { waitUntil } from './server-process.ts';

/** A containerd daemon with folders of its own, and `ctr` that talks to it. */
export interface Containerd {
  ctr(...args: string[]): Promise<string>;
  /** Like `ctr()`, but a failure is an answer. */
  tryCtr(...args: string[]): Promise<CommandResult>;
  stop(): Promise<void>;
}

/** Nothing that needs a kernel module, and no CRI, which would want a network. */
const disabledPlugins = [
  'io.containerd.grpc.v1.cri',
  'io.containerd.internal.v1.opt',
  ...['aufs', 'btrfs', 'devmapper', 'overlayfs', 'zfs'].map((name) => `io.containerd.snapshotter.v1.${name}`),
];

/** Whether the daemon can be started here: it is installed and we are root. With CI=true it must be so. */
export function canRunContainerd(): boolean {
  if (!['containerd', 'ctr'].every(hasProgram)) return false;
  if (process.getuid?.() === 0) return true;
  if (process.env['CI'] === 'true') throw new Error('Cannot run containerd in CI: it needs root, got none');
  return false;
}

export async function startContainerd(folder: string): Promise<Containerd> {
  mkdirSync(folder, { recursive: true });
  const socket = join(folder, 'containerd.sock');
  const config = join(folder, 'config.toml');
  writeFileSync(
    config,
    `version = 2
root = ${JSON.stringify(join(folder, 'root'))}
state = ${JSON.stringify(join(folder, 'state'))}
disabled_plugins = ${JSON.stringify(disabledPlugins)}
[grpc]
  address = ${JSON.stringify(socket)}
[ttrpc]
  address = ${JSON.stringify(`${socket}.ttrpc`)}
`,
  );
  const daemon = spawn('containerd', ['--config', config], { stdio: ['ignore', 'ignore', 'pipe'] });
  let printed = '';
  daemon.stderr.setEncoding('utf8').on('data', (text: string) => {
    printed += text;
  });
  const options = ['--address', socket, '--namespace', 'pratique'];
  const containerd: Containerd = {
    ctr: (...args) => mustRun('ctr', [...options, ...args]),
    tryCtr: (...args) => command('ctr', [...options, ...args]),
    stop: async () => {
      if (daemon.exitCode !== null || daemon.signalCode !== null) return;
      const ended = once(daemon, 'exit');
      daemon.kill('SIGTERM');
      await ended;
    },
  };
  await waitUntil('containerd answers', async () => {
    if (daemon.exitCode !== null) throw new Error(`containerd ended with ${daemon.exitCode}:\n${printed}`);
    return (await containerd.tryCtr('version')).code === 0;
  });
  return containerd;
}
