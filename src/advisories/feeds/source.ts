import { join, resolve } from 'node:path';
import { fileURLToPath } from 'node:url';

/** Where feed data is read from: an address on the web, or a file or folder of this machine. */
export type Source =
  | { readonly kind: 'http'; readonly address: string }
  | { readonly kind: 'file'; readonly address: string; readonly path: string };

/**
 * Takes `https://…`, `http://…`, `file:///abs`, `file:relative` or a plain path; paths are relative to the working directory.
 * What is a source already stays as it is.
 */
export function parseSource(text: string | Source): Source {
  if (typeof text !== 'string') return text;
  if (/^https?:\/\//i.test(text)) return { kind: 'http', address: text.replace(/\/+$/, '') };
  return fileSource(pathOf(text));
}

function pathOf(text: string): string {
  if (!text.startsWith('file:')) return resolve(text);
  return text.startsWith('file:/') ? fileURLToPath(new URL(text)) : resolve(text.slice('file:'.length));
}

function fileSource(path: string): Source {
  return { kind: 'file', path, address: `file:${path}` };
}

/** A file or folder of this machine that messages and `FeedStatus.source` call by another name. */
export function namedSource(path: string, address: string): Source {
  return { kind: 'file', path, address };
}

/** A file below a root; segments are plain names, which are encoded for the web. */
export function sourceBelow(root: Source, ...segments: readonly string[]): Source {
  if (root.kind === 'file') {
    const address = [root.address, ...segments].join('/');
    return { kind: 'file', path: join(root.path, ...segments), address };
  }
  return { kind: 'http', address: [root.address, ...segments.map(encodeURIComponent)].join('/') };
}
