/** Exit codes: 0 fine, 1 a result that the caller asked to fail on, 2 could not tell, 3 usage or environment error. */
export const exitCodes = { ok: 0, failed: 1, undetermined: 2, environment: 3 } as const;

/** What the commands are given besides their own arguments. */
export interface CommandContext {
  /** Settings file of `--config`. */
  readonly settingsFile: string | undefined;
  /** Sets the exit code of the process. */
  setExitCode(code: number): void;
}
