import type { Answer } from '../../src/testing/registry-client.ts';

/** Where the next page is by the Link header (RFC 8288 §3); undefined at the end. */
export function nextOf(answer: Answer): string | undefined {
  const header = answer.headers.get('link');
  if (header === null) return undefined;
  const [, address] = /^<([^>]+)>; rel="next"$/.exec(header) ?? [];
  if (address === undefined) throw new Error(`Cannot read the Link header "${header}"`);
  return address;
}
