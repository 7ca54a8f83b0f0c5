import createClient, { type Client } from 'openapi-fetch';
import { ApiError, apiErrorOf } from './api-error.ts';
import type { paths } from './schema.ts';

/** The typed client together with the token that proves to the server that a change comes from this console. */
export class Api {
  readonly client: Client<paths>;
  csrfToken: string | undefined;

  constructor() {
    this.client = createClient<paths>({ baseUrl: '/api/v1', credentials: 'same-origin' });
    this.client.use({
      onRequest: ({ request }) => {
        if (this.csrfToken !== undefined && request.method !== 'GET') {
          request.headers.set('x-pratique-csrf', this.csrfToken);
        }
        return request;
      },
    });
  }
}

interface Answer<Data> {
  readonly data?: Data;
  readonly error?: unknown;
  readonly response: Response;
}

/** Awaits a call of the client; gives its data, or throws an `ApiError`. */
export async function answerOf<Data>(call: Promise<Answer<Data>>): Promise<Data> {
  let answer: Answer<Data>;
  try {
    answer = await call;
  } catch (error) {
    if (error instanceof DOMException && error.name === 'AbortError') throw error;
    throw new ApiError({
      status: 0,
      code: 'UNREACHABLE',
      message: 'The server cannot be reached. Check that it runs; this page tries again by itself',
    });
  }
  if (!answer.response.ok) throw apiErrorOf(answer.response.status, answer.error);
  // An answer of status 204 has no data, and its operation's type says so.
  return answer.data as Data;
}
