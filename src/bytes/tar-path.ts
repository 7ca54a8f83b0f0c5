import { ArchiveError } from './archive-error.ts';

const nonAsciiPattern = /[\u0080-\u00ff]/;
const oddComponentPattern = /(?:^|\/)\.{0,2}(?:\/|$)/;
/** Private code points that stand for bytes which are no UTF-8. */
const markPattern = /[\uf780-\uf7ff]/;

/**
 * Text of a name's bytes. Bytes that are not UTF-8 become private code points U+F780–U+F7FF one by one, so that two
 * different names never become one (a whiteout of the one would hide the other). Throws `ArchiveError` for a NUL byte.
 */
export function decodeName(bytes: Buffer, start = 0, end = bytes.length): string {
  const latin1 = bytes.toString('latin1', start, end);
  if (latin1.includes('\0'))
    throw new ArchiveError('ambiguous', 'Cannot read the archive: a name holds a NUL byte');
  if (!nonAsciiPattern.test(latin1)) return latin1;
  const text = bytes.toString('utf8', start, end);
  const isExact =
    Buffer.byteLength(text) === end - start && !text.includes('\ufffd') && !markPattern.test(text);
  if (isExact) return text;
  return latin1.replace(/[\u0080-\u00ff]/g, (byte) => String.fromCharCode(0xf700 + byte.charCodeAt(0)));
}

/**
 * The path below the root, without empty and `.` components. Throws `ArchiveError` for `..`: readers differ in whether
 * links are followed before it.
 */
export function cleanPath(name: string): string {
  let start = 0;
  let end = name.length;
  if (name.startsWith('./')) start = 2;
  while (start < end && name.charCodeAt(start) === 0x2f) start += 1;
  while (end > start && name.charCodeAt(end - 1) === 0x2f) end -= 1;
  const path = start === 0 && end === name.length ? name : name.slice(start, end);
  if (path === '' || !oddComponentPattern.test(path)) return path;
  const components = path.split('/').filter((component) => component !== '' && component !== '.');
  if (components.includes('..')) {
    throw new ArchiveError('ambiguous', `Cannot read the archive: name "${name}" must not hold ".."`);
  }
  return components.join('/');
}
