const shownCharacters = 2;
const asterisks = '******';

/** The first two characters, of short secrets none: what is shown lets nobody guess the rest, nor how long it is. */
export function maskSecret(secret: string): string {
  const shown = secret.length >= 8 ? secret.slice(0, shownCharacters) : '';
  return `${shown.replace(/[^\x21-\x7e]/g, '*')}${asterisks}`;
}
