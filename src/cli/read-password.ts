import { text } from 'node:stream/consumers';

/** The password of `--password-stdin`, without the line's end; undefined when the option was not given. */
export async function readPassword(isAsked: boolean): Promise<string | undefined> {
  if (!isAsked) return undefined;
  return (await text(process.stdin)).replace(/\r?\n$/, '');
}
