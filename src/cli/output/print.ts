/** Writes a line of a command's result to standard output. */
export function print(text: string): void {
  process.stdout.write(`${text}\n`);
}
