import { InvalidArgumentError, Option } from 'commander';

/** `--since <instant>`, a `Date` in `since` of the command's options. */
export function sinceOption(): Option {
  return new Option('--since <instant>', 'not before, such as 2026-01-31 or 2026-01-31T12:00Z').argParser(
    (text: string) => {
      const at = new Date(text);
      if (Number.isNaN(at.getTime())) throw new InvalidArgumentError('It must be an instant of ISO 8601.');
      return at;
    },
  );
}

/** `--limit <count>`, a number in `limit` of the command's options. */
export function limitOption(options: {
  /** What it is the most of. */
  readonly what: string;
  readonly max: number;
  readonly default: number;
}): Option {
  const { what, max } = options;
  return new Option('--limit <count>', `${what}, up to ${max}`)
    .argParser((text: string) => {
      const limit = Number(text);
      if (Number.isInteger(limit) && limit >= 1 && limit <= max) return limit;
      throw new InvalidArgumentError(`It must be a whole number from 1 to ${max}.`);
    })
    .default(options.default);
}
