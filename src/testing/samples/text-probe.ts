import type { LayerProbe } from '../../inspection/image/layer-probe.ts';

/** Finds the text of `db/status` and of every file named `want.txt`: the least that shows which bytes an image has where. */
export const textProbe: LayerProbe<string> = {
  wants: (path) => path === 'db/status' || path === 'want.txt' || path.endsWith('/want.txt'),
  fileSizeBytesMax: () => 1000,
  knownPaths: ['db/status'],
  extract: (_, bytes) => {
    const text = bytes.toString();
    if (text.startsWith('broken')) throw new Error('must not be broken');
    return text === '' ? [] : [text];
  },
};
