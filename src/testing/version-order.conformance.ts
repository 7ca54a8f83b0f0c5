import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import type { Comparison, VersionOrder } from '../versions/version-order.ts';
import { processorMs } from './processor-time.ts';

const opposite: Readonly<Record<Comparison, Comparison>> = {
  less: 'greater',
  equal: 'equal',
  greater: 'less',
  undetermined: 'undetermined',
};

export interface ConformanceInput {
  readonly name: string;
  readonly order: VersionOrder;
  /** Pieces that versions are strung together from, so that close and odd ones come up often. */
  readonly pieces: readonly string[];
  /** Texts that are no versions of this order. */
  readonly invalid: readonly string[];
}

/** What every version order must hold: it is a partial order, honest about what it cannot read, and quick on hostile input. */
export function versionOrderConformance({ name, order, pieces, invalid }: ConformanceInput): void {
  const version = fc
    .array(fc.constantFrom(...pieces), { minLength: 1, maxLength: 8 })
    .map((list) => list.join(''));

  describe(`${name} as a version order`, () => {
    it('is antisymmetric, and equal to itself or undetermined', () => {
      fc.assert(
        fc.property(version, version, (a, b) => {
          expect(order.compare(b, a)).toBe(opposite[order.compare(a, b)]);
          expect(['equal', 'undetermined']).toContain(order.compare(a, a));
        }),
        { numRuns: 1000 },
      );
    });

    it('is transitive', () => {
      fc.assert(
        fc.property(version, version, version, (a, b, c) => {
          const [ab, bc] = [order.compare(a, b), order.compare(b, c)];
          const climbs = ['less', 'equal'].includes(ab) && ['less', 'equal'].includes(bc);
          if (climbs) expect(['less', 'equal', 'undetermined']).toContain(order.compare(a, c));
          if (ab === 'equal' && bc !== 'undetermined') expect(order.compare(a, c)).toBe(bc);
        }),
        { numRuns: 3000 },
      );
    });

    it('answers the same when it remembers, and compares any two versions unless it is partial', () => {
      const versions = fc.array(version, { minLength: 2, maxLength: 12 });
      fc.assert(
        fc.property(versions, (all) => {
          const remembering = order.remembering?.() ?? order;
          const isVersion = (text: string) => order.compare(text, text) === 'equal';
          for (const a of all) {
            for (const b of all) {
              const answer = order.compare(a, b);
              expect([a, b, remembering.compare(a, b)]).toEqual([a, b, answer]);
              if (order.isPartial !== true && isVersion(a) && isVersion(b))
                expect(answer).not.toBe('undetermined');
            }
            const isAmong = all.some((one) => order.compare(one, a) === 'equal');
            expect(remembering.equalsAny?.(a, all) ?? isAmong).toBe(isAmong);
          }
        }),
        { numRuns: 200 },
      );
    });

    it('answers undetermined, both ways round, for what is not a version', () => {
      for (const text of invalid) {
        expect([text, order.compare(text, '1.0.0'), order.compare('1.0.0', text)]).toEqual([
          text,
          'undetermined',
          'undetermined',
        ]);
      }
    });

    it('answers any text without a throw', () => {
      fc.assert(
        fc.property(fc.string({ unit: 'binary' }), fc.string({ unit: 'binary' }), (a, b) => {
          expect(Object.keys(opposite)).toContain(order.compare(a, b));
        }),
        { numRuns: 1000 },
      );
    });

    it('compares versions of 1 MiB in linear time', () => {
      const startedAt = processorMs();
      for (const piece of ['1', '1.', '.', 'a', '-', '~', '0', '_p', '1-', ' ']) {
        const long = `1${piece.repeat(2 ** 20 / piece.length)}`;
        expect(Object.keys(opposite)).toContain(order.compare(long, `${long}1`));
      }
      expect(processorMs() - startedAt).toBeLessThan(10_000);
    });
  });
}
