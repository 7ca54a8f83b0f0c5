/** A setting that is unknown or bad: the start stops with this one line. */
export class SettingError extends Error {
  readonly code = 'bad_setting';
  constructor(message: string) {
    super(message);
    this.name = 'SettingError';
  }
}
