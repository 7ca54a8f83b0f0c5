import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { capText, textBytesMax } from './cap-text.ts';

describe('capText()', () => {
  it('keeps text that fits, odd characters and all', () => {
    expect(capText('<script>alert(1)</script>')).toBe('<script>alert(1)</script>');
    expect(capText('a'.repeat(textBytesMax))).toHaveLength(textBytesMax);
  });

  it('replaces what PostgreSQL cannot store', () => {
    expect(capText('a\0b')).toBe('a\u{fffd}b');
    expect(capText('a\ud800b')).toBe('a\u{fffd}b');
  });

  it('cuts between characters and says so', () => {
    expect(capText('é'.repeat(200))).toBe(`${'é'.repeat(126)}…`);
  });

  it('never exceeds the bound', () => {
    fc.assert(
      fc.property(fc.string({ unit: 'binary', maxLength: 600 }), (text) => {
        const capped = capText(text);
        expect(Buffer.byteLength(capped)).toBeLessThanOrEqual(textBytesMax);
        expect(Buffer.from(capped).toString()).toBe(capped);
        expect(capped).not.toContain('\0');
      }),
    );
  });
});
