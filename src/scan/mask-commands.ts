import { maskSecretsIn } from '../inspection/secrets/text-secrets.ts';

/** Characters that are searched of all commands of a build together (threats.md D9). */
const searchedLengthMax = 512 * 1024;
const notSearched = '(not shown: the build history is too long to be searched for secrets)';

/** Commands of a build history as they may be kept and shown: without the secrets that are found in them (threats.md E4). */
export function maskCommands(commands: readonly string[]): readonly string[] {
  let searchedLength = 0;
  return commands.map((command) => {
    searchedLength += command.length;
    return searchedLength > searchedLengthMax ? notSearched : maskSecretsIn(command);
  });
}
