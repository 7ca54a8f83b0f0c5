import { isDeepStrictEqual } from 'node:util';
import { processorMs } from './processor-time.ts';
import { createNumbers, mutateBytes } from './samples/mutate-bytes.ts';

/** Mutations of each sample: `npm run fuzz` sets 10,000, as threats.md D9 asks; the unit tests have seconds. */
export const fuzzMutations = Number(process.env['PRATIQUE_TEST_MUTATIONS'] ?? '200');

/** For tests that fuzz: minutes on a busy machine. */
export const fuzzTimeoutMs = 600_000;

/** threats.md D9: no broken file may take longer; each is a few KiB, so that a hundredth of it would be much. */
const parseMsMax = 5000;

/**
 * Gives mutations of the bytes to `parse`, the same in every run. Throws, with the mutant in base64, when `parse` throws
 * what `isRefusal` does not know, takes longer than 5 s, or returns what JSON does not give back as it was.
 */
export function fuzzParser(options: {
  readonly bytes: Buffer;
  readonly parse: (mutant: Buffer) => unknown;
  /** Errors that are an answer; none when absent. */
  readonly isRefusal?: (error: unknown) => boolean;
  readonly mutations?: number;
}): void {
  const { bytes, parse, isRefusal = () => false, mutations = fuzzMutations } = options;
  const numbers = createNumbers(20_261_121 + bytes.length);
  for (let count = 0; count < mutations; count += 1) {
    const mutant = mutateBytes(bytes, numbers);
    const startedAt = processorMs();
    try {
      const found = parse(mutant);
      if (found !== undefined && !isDeepStrictEqual(JSON.parse(JSON.stringify(found)), found))
        throw new Error('JSON gives back another value');
    } catch (cause) {
      if (!isRefusal(cause)) throw new Error(describe('is not understood', count, mutant), { cause });
    }
    const tookMs = processorMs() - startedAt;
    if (tookMs > parseMsMax) throw new Error(describe(`takes ${Math.round(tookMs)} ms`, count, mutant));
  }
}

function describe(problem: string, count: number, mutant: Buffer): string {
  return `mutation ${count} ${problem}: ${mutant.toString('base64').slice(0, 20_000)}`;
}
