import { Agent, request } from 'node:http';
import { parentPort, workerData } from 'node:worker_threads';

/** What the worker is told. */
export interface PullOrder {
  readonly url: string;
  readonly authorization: string;
  /** Paths of manifests, asked for in turn. */
  readonly paths: readonly string[];
  readonly everyMs: number;
}

/** What it tells when it is asked to, of the time since it was asked last. */
export interface PullTimes {
  readonly count: number;
  readonly p50Ms: number;
  readonly p99Ms: number;
  readonly failures: number;
}

// Pulls at a steady pace, whether the last one was answered or not, as many clients together do. Any message asks for
// the times.

const { url, authorization, paths, everyMs } = workerData as PullOrder; // given by judge-again.ts
const agent = new Agent({ keepAlive: true, maxSockets: 64 });
const headers = { authorization, accept: 'application/vnd.oci.image.manifest.v1+json' };
let timesMs: number[] = [];
let failures = 0;
let turn = 0;

function pull(): void {
  const startedMs = performance.now();
  const path = paths[turn % paths.length] ?? '/';
  turn += 1;
  const asked = request(`${url}${path}`, { agent, headers }, (answer) => {
    answer.resume();
    answer.on('end', () => {
      timesMs.push(performance.now() - startedMs);
      if (answer.statusCode !== 200) failures += 1;
    });
  });
  asked.on('error', () => {
    failures += 1;
  });
  asked.end();
}

setInterval(pull, everyMs);
parentPort?.on('message', () => {
  const sorted = timesMs.sort((a, b) => a - b);
  const at = (share: number) => sorted[Math.floor(sorted.length * share)] ?? Number.NaN;
  const times: PullTimes = { count: sorted.length, p50Ms: at(0.5), p99Ms: at(0.99), failures };
  timesMs = [];
  failures = 0;
  parentPort?.postMessage(times);
});
