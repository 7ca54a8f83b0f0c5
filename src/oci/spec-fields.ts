import type { JsonObject } from './strict-json.ts';

/**
 * The key of the object that Go's encoding/json would take for one of the spec's fields although it is spelt otherwise,
 * or undefined. Go folds case, and with it U+017F (long s) to `s` and U+212A (Kelvin sign) to `k`: skopeo copies the
 * layers of `"Layers"` where a reader that is exact sees those of `"layers"` (threats.md §0.9).
 */
export function misspeltField(object: JsonObject, fields: ReadonlySet<string>): string | undefined {
  let folded: Set<string> | undefined;
  for (const key of object.keys()) {
    if (fields.has(key)) continue;
    folded ??= new Set([...fields].map(foldKey));
    if (folded.has(foldKey(key))) return key;
  }
  return undefined;
}

function foldKey(key: string): string {
  return key
    .replace(/[A-Z]/g, (letter) => letter.toLowerCase())
    .replaceAll('\u017f', 's')
    .replaceAll('\u212a', 'k');
}
