/** Who acted, in events of commands: whoever may read the data folder. No account can bear this name. */
export const commandLineActor = '(command line)';
