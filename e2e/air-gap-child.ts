import { readFileSync } from 'node:fs';
import { connect } from 'node:net';
import { networkInterfaces } from 'node:os';
import { ApiClient, type FindingItem } from './api-client.ts';
import { command, mustRun, sharedFolder } from './clients.ts';
import { nestedJars } from './nested-jars.ts';
import { pushWithSkopeo, realImage } from './real-images.ts';
import { adminPassword, startServerProcess } from './server-process.ts';

/** What happened in a network namespace that has a loopback interface and no route. */
export interface AirGapReport {
  readonly interfaces: readonly string[];
  /** Code of the error that a connection to the outside ends with. */
  readonly outside: string;
  /** From the start of the server until the findings were there. */
  readonly elapsedMs: number;
  readonly refused: string;
  readonly imported: string;
  readonly doubts: readonly string[];
  readonly findings: readonly {
    readonly id: string;
    readonly package: string;
    readonly installed: string;
    readonly fixed: string | null;
  }[];
  readonly feeds: readonly {
    readonly name: string;
    readonly lastSuccessAt: string;
    readonly lastError: string | null;
  }[];
}

// Run by air-gap.test.ts inside the namespace; prints an AirGapReport.
const [bundle = '', publicKey = ''] = process.argv.slice(2);

async function connectOutside(): Promise<string> {
  const socket = connect({ host: '192.0.2.1', port: 443 });
  const error = await new Promise<NodeJS.ErrnoException>((resolve) => socket.once('error', resolve));
  return error.code ?? error.message;
}

function interfaceNames(): readonly string[] {
  const lines = readFileSync('/proc/net/dev', 'utf8').split('\n').slice(2);
  return [
    ...new Set([
      ...lines.map((line) => line.split(':')[0]?.trim() ?? ''),
      ...Object.keys(networkInterfaces()),
    ]),
  ].filter((name) => name !== '');
}

async function main(): Promise<AirGapReport> {
  const startedMs = performance.now();
  const shared = sharedFolder();
  if (shared === undefined) throw new Error('the shared data must be there');
  const server = await startServerProcess({
    environment: { PRATIQUE_ADVISORY_BUNDLE: 'manual', PRATIQUE_ADVISORY_KEYS: publicKey },
  });
  try {
    const environment = { PRATIQUE_DATA: server.dataFolder, PRATIQUE_ADVISORY_BUNDLE: 'manual' };
    const main = ['src/cli/main.ts', 'advisories', 'import', bundle];
    const { stderr: refused } = await command(process.execPath, main, environment);
    const imported = await mustRun(process.execPath, main, {
      ...environment,
      PRATIQUE_ADVISORY_KEYS: publicKey,
    });
    const api = new ApiClient(server.url, { name: 'admin', password: adminPassword });
    await api.call('POST', '/namespaces', { name: 'gap', autoScan: true });
    const alpine = realImage(shared, 'alpine-3.4.0');
    const withJars = alpine.map((image) => ({ ...image, layers: [...image.layers, nestedJars()] }));
    await pushWithSkopeo(server, 'gap/app:1', withJars);
    const image = await api.scannedImage('gap', 'app', '1');
    const findings = await api.all<FindingItem>(`/images/${image.id}/findings`);
    const { items: feeds } = await api.call<{ items: AirGapReport['feeds'] }>('GET', '/advisories');
    return {
      interfaces: interfaceNames(),
      outside: await connectOutside(),
      elapsedMs: performance.now() - startedMs,
      refused,
      imported,
      doubts: image.doubts.map(({ code }) => code),
      findings: findings.map((finding) => ({
        id: finding.id,
        package: finding.package.name,
        installed: finding.package.version,
        fixed: finding.fixedVersion,
      })),
      feeds: feeds.map(({ name, lastSuccessAt, lastError }) => ({ name, lastSuccessAt, lastError })),
    };
  } finally {
    await server.stop();
    server.clean();
  }
}

console.log(JSON.stringify(await main()));
