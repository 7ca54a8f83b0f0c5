const unitsPerCall = 8192;

/**
 * Decodes UTF-8, or returns undefined when the bytes are not valid (RFC 3629: no overlong form, no surrogate, none above
 * U+10FFFF). Written out because pure folders have no `TextDecoder`.
 */
export function decodeUtf8(bytes: Uint8Array): string | undefined {
  let text = '';
  const units = new Uint16Array(unitsPerCall);
  let count = 0;
  let index = 0;
  while (index < bytes.length) {
    const first = bytes[index] ?? 0;
    if (first < 0x80) {
      units[count++] = first;
      index += 1;
    } else {
      const point = decodePoint(bytes, index);
      if (point === undefined) return undefined;
      index += point.lengthBytes;
      if (point.value < 0x10000) units[count++] = point.value;
      else {
        units[count++] = 0xd7c0 + (point.value >> 10);
        units[count++] = 0xdc00 + (point.value & 0x3ff);
      }
    }
    // Room for a pair is left.
    if (count >= unitsPerCall - 1) {
      text += textOf(units, count);
      count = 0;
    }
  }
  return text + textOf(units, count);
}

/** `apply` takes the array as it is; spread would make a list of it first. */
function textOf(units: Uint16Array, count: number): string {
  return Reflect.apply(String.fromCharCode, undefined, units.subarray(0, count));
}

function decodePoint(bytes: Uint8Array, index: number): { value: number; lengthBytes: number } | undefined {
  const first = bytes[index] ?? 0;
  const lengthBytes = first >= 0xf0 ? 4 : first >= 0xe0 ? 3 : 2;
  if (first < 0xc2 || first > 0xf4) return undefined;
  let value = first & (0x7f >> lengthBytes);
  for (let offset = 1; offset < lengthBytes; offset += 1) {
    const next = bytes[index + offset];
    if (next === undefined || (next & 0xc0) !== 0x80) return undefined;
    value = (value << 6) | (next & 0x3f);
  }
  const smallest = lengthBytes === 4 ? 0x10000 : lengthBytes === 3 ? 0x800 : 0x80;
  const isSurrogate = value >= 0xd800 && value <= 0xdfff;
  return value < smallest || isSurrogate || value > 0x10ffff ? undefined : { value, lengthBytes };
}
