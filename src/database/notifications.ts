import { type Kysely, sql } from 'kysely';
import pg from 'pg';
import type { Tables } from './tables.ts';

/** Sends `payload` on `channel`; inside a transaction it is delivered when that commits. At most 8000 bytes. */
export async function notify(db: Kysely<Tables>, channel: string, payload: string): Promise<void> {
  await sql`select pg_notify(${channel}, ${payload})`.execute(db);
}

interface Subscription {
  readonly channel: string;
  readonly receive: (payload: string) => void;
  readonly missed: (() => void) | undefined;
}

export interface NotificationsOptions {
  readonly config: pg.ClientConfig;
  /** Told of every broken connection; the next attempt follows by itself. */
  readonly onError?: (error: unknown) => void;
  /** A statement that each new connection runs first: what it locks is held as long as this process and the connection live. */
  readonly atConnect?: string;
  /** How often the connection is checked, in milliseconds; a dead one is noticed within twice this. Default 2000. */
  readonly heartbeatMs?: number;
}

/**
 * One connection that listens for PostgreSQL notifications and reconnects when it breaks. While `isListening()` is
 * false, and from the break until it was noticed, notifications are lost: subscribers learn of it through `missed`.
 */
export class Notifications {
  readonly #config: pg.ClientConfig;
  readonly #onError: (error: unknown) => void;
  readonly #atConnect: string | undefined;
  readonly #heartbeatMs: number;
  readonly #subscriptions = new Set<Subscription>();
  #client: pg.Client | undefined;
  #listening = false;
  /** Something may have been missed since somebody listened. */
  #wasLost = false;
  #closed = false;
  #timer: NodeJS.Timeout | undefined;
  #failures = 0;
  /** Channels that were just subscribed to and are not listened on yet. */
  #unheard = 0;
  #asking: Promise<unknown> = Promise.resolve();

  constructor(options: NotificationsOptions) {
    this.#config = options.config;
    this.#onError = options.onError ?? (() => {});
    this.#atConnect = options.atConnect;
    this.#heartbeatMs = options.heartbeatMs ?? 2_000;
  }

  /** Connects; throws when the first attempt fails. Later breaks are repaired in the background. */
  async start(): Promise<void> {
    await this.#connect();
  }

  /** True while a live connection listens on every subscribed channel. */
  isListening(): boolean {
    return this.#listening && this.#unheard === 0;
  }

  /**
   * Calls `receive` with every payload on `channel`, in order, until the returned function is called.
   * `missed` is called after a reconnect: anything may have happened in between.
   */
  subscribe(channel: string, receive: (payload: string) => void, missed?: () => void): () => void {
    const subscription: Subscription = { channel, receive, missed };
    const isNew = ![...this.#subscriptions].some((other) => other.channel === channel);
    this.#subscriptions.add(subscription);
    const client = this.#client;
    if (isNew && client !== undefined) {
      this.#unheard += 1;
      this.#ask(client, `listen ${pg.escapeIdentifier(channel)}`)
        .catch((error) => this.#lose(client, error))
        .finally(() => {
          this.#unheard -= 1;
        });
    }
    return () => this.#subscriptions.delete(subscription);
  }

  async close(): Promise<void> {
    this.#closed = true;
    this.#listening = false;
    clearTimeout(this.#timer);
    const client = this.#client;
    this.#client = undefined;
    await client?.end().catch(() => {});
  }

  async #connect(): Promise<void> {
    const client = new pg.Client({ connectionTimeoutMillis: 5_000, ...this.#config, keepAlive: true });
    client.on('error', (error) => this.#lose(client, error));
    client.on('end', () => this.#lose(client, new Error('the connection was closed')));
    client.on('notification', ({ channel, payload }) => this.#deliver(channel, payload ?? ''));
    this.#client = client;
    const connected = client.connect();
    // What is subscribed to meanwhile waits for the connection.
    this.#asking = connected;
    try {
      await connected;
      if (this.#atConnect !== undefined) await client.query(this.#atConnect);
      for (const channel of new Set([...this.#subscriptions].map((subscription) => subscription.channel))) {
        await this.#ask(client, `listen ${pg.escapeIdentifier(channel)}`);
      }
    } catch (cause) {
      if (this.#client === client) this.#client = undefined;
      void client.end().catch(() => {});
      throw cause;
    }
    if (this.#closed || this.#client !== client) return;
    this.#failures = 0;
    // Before anybody may trust a cache again.
    if (this.#wasLost) for (const subscription of this.#subscriptions) subscription.missed?.();
    this.#wasLost = false;
    this.#listening = true;
    this.#beat(client);
  }

  /** One statement after the other: `pg` wants a client to be idle when it is asked. */
  async #ask(client: pg.Client, statement: string): Promise<void> {
    const earlier = this.#asking;
    const asking = earlier.catch(() => {}).then(() => client.query(statement));
    this.#asking = asking;
    await asking;
  }

  #deliver(channel: string, payload: string): void {
    for (const subscription of this.#subscriptions) {
      if (subscription.channel === channel) subscription.receive(payload);
    }
  }

  /** A peer that vanished without a word is found only by asking. */
  #beat(client: pg.Client): void {
    this.#timer = setTimeout(() => {
      const deadline = setTimeout(
        () => this.#lose(client, new Error('the connection does not answer')),
        this.#heartbeatMs,
      );
      this.#ask(client, 'select 1')
        .then(
          () => {
            if (this.#client === client && !this.#closed) this.#beat(client);
          },
          (error) => this.#lose(client, error),
        )
        .finally(() => clearTimeout(deadline));
    }, this.#heartbeatMs);
  }

  #lose(client: pg.Client, error: unknown): void {
    if (this.#client !== client || this.#closed) return;
    this.#client = undefined;
    this.#listening = false;
    this.#wasLost = true;
    clearTimeout(this.#timer);
    this.#onError(error);
    void client.end().catch(() => {});
    this.#reconnect();
  }

  #reconnect(): void {
    const delayMs = Math.min(100 * 2 ** this.#failures, 2_000);
    this.#failures += 1;
    this.#timer = setTimeout(() => {
      this.#connect().catch((error) => {
        if (this.#closed) return;
        this.#onError(error);
        this.#reconnect();
      });
    }, delayMs);
  }
}
