import type { Message } from './message.ts';
import type { OpenedWebhook } from './webhook-store.ts';

/** What one attempt is about. */
export interface AttemptWanted {
  readonly message: Message;
  readonly opened: OpenedWebhook;
  /** Who has not got the mail yet; absent: nobody has. */
  readonly outstanding?: readonly string[];
  /** Whom the mail server refused for good in attempts before. */
  readonly refused: readonly string[];
  readonly signal: AbortSignal;
}

/** What came of it. */
export interface Attempt {
  /** HTTP status, or code of an SMTP reply; absent: there was none. */
  readonly status?: number;
  /** Absent: it was delivered. Nothing that the other side wrote is in it. */
  readonly error?: string;
  /** Another attempt would come to the same. */
  readonly isFinal?: boolean;
  readonly retryAfterSeconds?: number;
  /** Of a mail: who still has to get it, and whom the mail server has refused for good. */
  readonly outstanding?: readonly string[];
  readonly refused?: readonly string[];
}

/** Takes a message to where one sort of webhook sends it. Throws only when the attempt was not made. */
export interface Carrier {
  attempt(wanted: AttemptWanted): Promise<Attempt>;
}
