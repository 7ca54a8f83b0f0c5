/** Shortest and longest password, in characters (NIST SP 800-63B §3.1.1: at least 8, no rules of composition). */
export const passwordLengthMin = 8;
export const passwordLengthMax = 1024;

/** What guessers try first, in lower case; of those with fewer characters the length is refused. */
const commonest: ReadonlySet<string> = new Set([
  'password',
  'password1',
  'password12',
  'password123',
  'passw0rd',
  'p@ssw0rd',
  'p@ssword',
  '12345678',
  '123456789',
  '1234567890',
  '87654321',
  '11223344',
  '123123123',
  'qwertyui',
  'qwertyuiop',
  'qwerty123',
  'qwertz123',
  '1q2w3e4r',
  '1qaz2wsx',
  'abcdefgh',
  'abcd1234',
  'iloveyou',
  'changeme',
  'letmein1',
  'welcome1',
  'admin123',
  'administrator',
  'harbor12345',
  'pratique',
]);

/** Why a password may not be set, as the end of a sentence; undefined when it may. */
export function passwordFault(password: string, user: string): string | undefined {
  const { length } = [...password];
  if (length < passwordLengthMin)
    return `it must have at least ${passwordLengthMin} characters, got ${length}`;
  if (length > passwordLengthMax)
    return `it must have at most ${passwordLengthMax} characters, got ${length}`;
  const folded = password.toLowerCase();
  if (folded === user.toLowerCase()) return "it must not be the user's name";
  if (new Set(folded).size < 3) return 'it must have more than two different characters';
  return commonest.has(folded) ? 'it must not be one of those that are guessed first' : undefined;
}
