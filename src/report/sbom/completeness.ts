import type { Doubt } from '../scan-state.ts';
import type { DescribedImage } from './described-image.ts';

/**
 * How far an inventory can be relied on. `incomplete`: a part of the image was not read. `unknown`: all was read, but
 * something in it could not be understood. `read`: neither; what no package manager knows of is in no inventory.
 */
export interface Completeness {
  readonly kind: 'read' | 'unknown' | 'incomplete';
  /** Sentences for people, without full stops; empty for `read`. */
  readonly reasons: readonly string[];
}

/** Doubts for which packages may be missing or carry the wrong name; the others are about advisories. */
const inventoryDoubts: ReadonlySet<Doubt['code']> = new Set([
  'unknown-distribution',
  'unreadable-file',
  'guessed-archive',
  'no-package-database',
]);

export function completenessOf({ problem, doubts }: DescribedImage): Completeness {
  const doubtful = doubts.filter(({ code }) => inventoryDoubts.has(code)).map(({ message }) => message);
  if (problem !== undefined) {
    return {
      kind: 'incomplete',
      reasons: [`A part of the image could not be read: ${problem.reason}`, ...doubtful],
    };
  }
  return { kind: doubtful.length === 0 ? 'read' : 'unknown', reasons: doubtful };
}

/** The same for people; undefined when there is nothing to say. */
export function completenessInWords({ kind, reasons }: Completeness): string | undefined {
  switch (kind) {
    case 'read':
      return undefined;
    case 'unknown':
      return `The list of packages may be incomplete. ${reasons.join('. ')}.`;
    case 'incomplete':
      return `The list of packages is incomplete. ${reasons.join('. ')}.`;
  }
}
