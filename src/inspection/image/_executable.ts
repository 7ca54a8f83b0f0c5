/** Leading bytes that `isExecutable()` looks at. */
export const executableMagicBytes = 8;

/** ELF, PE and Mach-O by their magic. A Java class shares one with universal Mach-O and is told by its version. */
export function isExecutable(head: Buffer): boolean {
  if (head.length < executableMagicBytes) return false;
  switch (head.readUInt32BE(0)) {
    case 0x7f454c46:
    case 0xfeedface:
    case 0xfeedfacf:
    case 0xcefaedfe:
    case 0xcffaedfe:
      return true;
    case 0xcafebabe:
      // The number of architectures in Mach-O, the class file version (45 and up) in Java.
      return head.readUInt32BE(4) < 45;
    default:
      return head[0] === 0x4d && head[1] === 0x5a;
  }
}
