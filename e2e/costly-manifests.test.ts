import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { text } from 'node:stream/consumers';
import { setTimeout as sleep } from 'node:timers/promises';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { RegistryClient } from '../src/testing/registry-client.ts';
import { ApiClient } from './api-client.ts';
import { type CostlyManifest, costlyContent } from './costly-manifests.ts';
import { adminAuthorization, projectRoot, type ServerProcess, startServerProcess } from './server-process.ts';

/** `npm run soak:slow` sets it, on a machine that does nothing else. */
const isAlone = process.env['PRATIQUE_TEST_SLOW_CLIENTS'] !== undefined;
const connections = 50;
const durationMs = isAlone ? 20_000 : 3_000;
/**
 * C6 asks for a p99 below 100 ms, which the soak asserts. Here the processor may be somebody else's, and half of the pings tell
 * enough: one such manifest that is read at once holds all of them up for hundreds of milliseconds, fifty for many seconds.
 */
const p50MsMax = isAlone ? 100 : 1_000;

let server: ServerProcess;
let authorization: string;
beforeAll(async () => {
  const silent = 'file:/nonexistent';
  server = await startServerProcess({
    environment: { PRATIQUE_ADVISORIES: silent, PRATIQUE_LOG_LEVEL: 'error' },
  });
  await new ApiClient(server.url).call('POST', '/namespaces', { name: 'costly', autoScan: false });
  const answer = await fetch(`${server.url}/token?scope=repository:costly/app:pull,push`, {
    headers: { authorization: adminAuthorization },
  });
  authorization = `Bearer ${JSON.parse(await answer.text()).token}`;
  const client = new RegistryClient(server.url, { authorization });
  expect((await client.pushBlob('costly/app', costlyContent)).status).toBe(201);
});
afterAll(async () => {
  await server.stop();
  server.clean();
});

function run(script: string, ...args: readonly string[]): ChildProcess {
  return spawn(process.execPath, [join(projectRoot, 'e2e', script), ...args], {
    stdio: ['ignore', 'pipe', 'inherit'],
  });
}

/** What the process printed before it ended by itself. */
async function printed(child: ChildProcess): Promise<string> {
  if (child.stdout === null) throw new Error('The process has no output');
  const [output] = await Promise.all([text(child.stdout), once(child, 'exit')]);
  return output;
}

function residentMib(): number {
  const status = readFileSync(`/proc/${server.child.pid}/status`, 'utf8');
  return Number(/VmRSS:\s+(\d+)/.exec(status)?.[1]) / 1024;
}

async function pingTimes(forMs: number): Promise<readonly number[]> {
  return JSON.parse(await printed(run('ping-times.ts', `${server.url}/v2/`, authorization, String(forMs))));
}

function quantileOf(times: readonly number[], share: number): number {
  return times[Math.floor(times.length * share)] ?? Number.NaN;
}

const kinds: readonly (readonly [CostlyManifest, string])[] = [
  ['nested', '400'],
  ['wide', '400'],
  ['values', '400'],
  ['keys', '201'],
  ['layers', '201'],
];

describe(`${connections} connections that push manifests of 4 MiB`, () => {
  it.each(kinds)(
    'which are costly by %s: others are answered at once (threats.md C6)',
    async (kind, status) => {
      const alone = await pingTimes(isAlone ? durationMs : 1_000);
      // After ordinary requests: what these take the server keeps in any case.
      const beforeMib = residentMib();
      const flood = run(
        'manifest-flood.ts',
        kind,
        `${server.url}/v2/costly/app`,
        authorization,
        `${connections}`,
      );
      const flooded = printed(flood);
      await sleep(1_000);
      let peakMib = 0;
      const watch = setInterval(() => {
        peakMib = Math.max(peakMib, residentMib());
      }, 50);
      const times = await pingTimes(durationMs);
      flood.kill('SIGTERM');
      const answered = JSON.parse((await flooded).split('\n')[1] ?? '') as Record<string, number>;
      clearInterval(watch);
      const figures = {
        pings: times.length,
        p99AloneMs: quantileOf(alone, 0.99),
        p50Ms: quantileOf(times, 0.5),
        p99Ms: quantileOf(times, 0.99),
        maxMs: times.at(-1),
      };
      console.log(JSON.stringify({ kind, ...figures, growthMib: peakMib - beforeMib, answered }));
      expect(answered[status]).toBeGreaterThan(0);
      expect(Object.keys(answered).filter((one) => ![status, '429', 'cut'].includes(one))).toEqual([]);
      expect(peakMib - beforeMib).toBeLessThan(200);
      expect(figures.p50Ms).toBeLessThan(p50MsMax);
      if (isAlone) expect(figures.p99Ms).toBeLessThan(100);
    },
  );
});
