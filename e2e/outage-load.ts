import { randomBytes } from 'node:crypto';
import { setTimeout as sleep } from 'node:timers/promises';
import {
  type Answer,
  type RegistryClient,
  type TestImage,
  testImage,
} from '../src/testing/registry-client.ts';

const pushers = 6;
const pullers = 4;

interface Acknowledged {
  readonly repository: string;
  readonly image: TestImage;
}

/** Pushes and pulls that go on while the database goes and comes; every answer must be a success or a proper 503. */
export class OutageLoad {
  /** What was answered 201. */
  readonly acknowledged = new Map<string, Acknowledged>();
  readonly problems: string[] = [];
  refusedCount = 0;
  #pulledCount = 0;
  #isStopping = false;
  readonly #client: RegistryClient;
  readonly #running: Promise<void>[] = [];

  constructor(client: RegistryClient) {
    this.#client = client;
  }

  start(): void {
    for (let number = 0; number < pushers; number += 1) this.#running.push(this.#push(number));
    for (let number = 0; number < pullers; number += 1) this.#running.push(this.#pull(number));
  }

  async stop(): Promise<void> {
    this.#isStopping = true;
    await Promise.all(this.#running);
  }

  summary(): string {
    return `${this.acknowledged.size} pushes acknowledged, ${this.#pulledCount} pulls, ${this.refusedCount} refused with 503`;
  }

  async #push(number: number): Promise<void> {
    const repository = number % 2 === 0 ? 'team/shared' : `team/own-${number}`;
    for (let round = 0; !this.#isStopping; round += 1) {
      const image = testImage(`${number} ${round} ${randomBytes(4).toString('hex')}`);
      const isStored = this.#judge(
        'push',
        await this.#client.pushImage(repository, `t${round % 5}`, image),
        [201],
      );
      if (isStored) this.acknowledged.set(`${repository}@${image.digest}`, { repository, image });
      else await sleep(50);
    }
  }

  async #pull(number: number): Promise<void> {
    for (let at = number; !this.#isStopping; at += 1) {
      const all = [...this.acknowledged.values()];
      const one = all[at % Math.max(1, all.length)];
      if (one === undefined) {
        await sleep(50);
        continue;
      }
      const path = `/v2/${one.repository}/manifests/${one.image.digest}`;
      if (this.#judge('pull', await this.#client.send(path), [200])) this.#pulledCount += 1;
      else await sleep(50);
    }
  }

  #judge(what: string, answer: Answer, expected: readonly number[]): boolean {
    if (expected.includes(answer.status)) return true;
    if (answer.status === 503 && answer.headers.get('retry-after') !== null && answer.codes.length === 1) {
      this.refusedCount += 1;
      return false;
    }
    // An upload whose end was acknowledged to nobody is gone: the client begins anew, as it does after a 503.
    if (answer.status !== 404 || what !== 'push')
      this.problems.push(`${what}: ${answer.status} ${answer.message}`);
    return false;
  }
}
