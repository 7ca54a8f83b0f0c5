import { setPriority } from 'node:os';

/**
 * `node ping-times.ts <url> <authorization> <ms>`: asks for the URL again and again, for so long and 20 times at least, and prints the milliseconds of
 * each answer as JSON, shortest first. A process of its own, so that the load of a test's other clients is not measured; it goes first where it
 * may. Exit code 1 when an answer is not 200.
 */
async function main(url: string, authorization: string, durationMs: number): Promise<void> {
  goFirst();
  const times: number[] = [];
  const ask = async () => {
    const startedMs = performance.now();
    const answer = await fetch(url, { headers: { authorization } });
    await answer.arrayBuffer();
    if (answer.status !== 200) throw new Error(`Asked for ${url}, got ${answer.status}`);
    return performance.now() - startedMs;
  };
  for (let warm = 0; warm < 20; warm += 1) await ask();
  const endMs = performance.now() + durationMs;
  while (performance.now() < endMs || times.length < 20) times.push(await ask());
  console.log(JSON.stringify(times.sort((one, other) => one - other)));
}

/** Needs root. */
function goFirst(): void {
  try {
    setPriority(-10);
  } catch {
    // Then it waits for its turn at the processor like everybody, and the times are longer than they need be.
  }
}

const [url = '', authorization = '', durationMs = ''] = process.argv.slice(2);
await main(url, authorization, Number(durationMs));
