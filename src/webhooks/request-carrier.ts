import type { EgressAnswer, EgressClient } from '../egress/egress-client.ts';
import { EgressFailedError, EgressRefusedError } from '../egress/egress-error.ts';
import type { Attempt, AttemptWanted, Carrier } from './attempt.ts';
import { payloadOf } from './payload.ts';
import { signatureHeaders } from './sign-delivery.ts';

/** Sends a message as a signed request. */
export class RequestCarrier implements Carrier {
  readonly #options: {
    readonly egress: EgressClient;
    readonly now: () => Date;
    readonly externalUrl: string;
  };

  constructor(options: {
    readonly egress: EgressClient;
    readonly now: () => Date;
    /** Without a slash at its end. */
    readonly externalUrl: string;
  }) {
    this.#options = options;
  }

  async attempt({ message, opened, signal }: AttemptWanted): Promise<Attempt> {
    const { egress, now, externalUrl } = this.#options;
    const { format } = opened.webhook;
    const { secrets } = opened;
    if (format === 'email' || secrets === undefined) throw new Error('Cannot send a mail as a request');
    const { body, contentType } = payloadOf(message, { format, externalUrl });
    const signed = signatureHeaders({ id: message.id, at: now(), body, secret: secrets.secret });
    try {
      const headers = { ...signed, 'content-type': contentType };
      return attemptOf(await egress.post({ url: secrets.url, headers, body, signal }));
    } catch (error) {
      if (error instanceof EgressRefusedError || error instanceof EgressFailedError)
        return { error: error.message };
      throw error;
    }
  }
}

function attemptOf({ status, retryAfterSeconds }: EgressAnswer): Attempt {
  if (status >= 200 && status < 300) return { status };
  const error =
    status >= 300 && status < 400
      ? `it answered with status ${status}, a redirect, which is not followed`
      : `it answered with status ${status}`;
  return {
    status,
    error,
    // Gone: for good, as RFC 9110 and the Standard Webhooks have it.
    isFinal: status === 410,
    ...(retryAfterSeconds === undefined ? {} : { retryAfterSeconds }),
  };
}
