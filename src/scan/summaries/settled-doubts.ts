import { type FeedKnowledge, lagFrom } from '../../advisories/feed-doubts.ts';
import { isRenamed } from '../../inspection/inventory/os/support-doubts.ts';
import type { Distribution } from '../../report/distribution.ts';
import type { Doubt } from '../../report/scan-state.ts';
import { imageDoubts } from './image-doubts.ts';

/** What the doubts of an image hang on beside its packages; columns of `image_report`, JSON as PostgreSQL writes it. */
export interface SettledKey {
  readonly isUnsupported: boolean;
  readonly distribution: string | null;
  readonly ecosystems: string;
  /** Of the image itself. */
  readonly own: string;
  readonly newestAtMs: number | null;
}

interface Judging {
  readonly now: Date;
  readonly feedAgeMaxDays: number;
}

/** The doubts that do not hang on packages, worked out once for all images that are alike in this. */
export class SettledDoubts {
  readonly #knowledge: FeedKnowledge;
  readonly #judging: Judging;
  readonly #known = new Map<string, readonly Doubt[]>();
  readonly #lags = new Map<string | null, number>();
  readonly #differing = new Map<string, boolean>();
  readonly #renamed = new Map<string, boolean>();

  constructor(knowledge: FeedKnowledge, judging: Judging) {
    this.#knowledge = knowledge;
    this.#judging = judging;
  }

  of(key: SettledKey): readonly Doubt[] {
    const text = this.#textOf(key);
    const known = this.#known.get(text);
    if (known !== undefined) return known;
    const doubts = this.#workOut(key);
    this.#known.set(text, doubts);
    return doubts;
  }

  /** Whether a scan would call the packages of the image otherwise. */
  isRenamed({ isUnsupported, distribution }: SettledKey): boolean {
    if (isUnsupported || distribution === null) return false;
    const known = this.#renamed.get(distribution) ?? isRenamed(parseDistribution(distribution));
    this.#renamed.set(distribution, known);
    return known;
  }

  /** Whether what is shown (JSON) differs for another reason than the image's packages. */
  differsFrom(shown: string, key: SettledKey): boolean {
    const text = `${this.#textOf(key)}\n${shown}`;
    const known = this.#differing.get(text);
    if (known !== undefined) return known;
    const ofImage = new Set((JSON.parse(key.own) as readonly Doubt[]).map(({ message }) => message));
    const settled = (JSON.parse(shown) as readonly Doubt[]).filter(
      ({ code, message }) => code !== 'undetermined-version' || ofImage.has(message),
    );
    const wanted = this.of(key);
    const differs =
      settled.length !== wanted.length ||
      settled.some(
        ({ code, message }, index) => code !== wanted[index]?.code || message !== wanted[index].message,
      );
    this.#differing.set(text, differs);
    return differs;
  }

  #textOf(key: SettledKey): string {
    if (key.isUnsupported) return '';
    const { distribution, ecosystems, own, newestAtMs } = key;
    const isYoung = newestAtMs !== null && newestAtMs > this.#lagFromMs(distribution);
    return `${distribution}\n${ecosystems}\n${own}\n${isYoung ? newestAtMs : ''}`;
  }

  /** Only of images that were built after this does it matter when they were. */
  #lagFromMs(distribution: string | null): number {
    const known = this.#lags.get(distribution);
    if (known !== undefined) return known;
    const from =
      distribution === null ? undefined : lagFrom(this.#knowledge, parseDistribution(distribution));
    const fromMs = from?.getTime() ?? Number.POSITIVE_INFINITY;
    this.#lags.set(distribution, fromMs);
    return fromMs;
  }

  #workOut(key: SettledKey): readonly Doubt[] {
    if (key.isUnsupported) return [];
    return imageDoubts({
      own: JSON.parse(key.own) as readonly Doubt[], // written by write-report.ts alone
      packages: [],
      distribution: key.distribution === null ? undefined : parseDistribution(key.distribution),
      ecosystems: JSON.parse(key.ecosystems) as readonly string[], // text[] of the table
      newestAt: key.newestAtMs === null ? undefined : new Date(key.newestAtMs),
      knowledge: this.#knowledge,
      ...this.#judging,
    });
  }
}

function parseDistribution(json: string): Distribution {
  return JSON.parse(json) as Distribution; // written by write-report.ts alone
}
