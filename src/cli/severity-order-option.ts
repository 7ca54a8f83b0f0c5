import { InvalidArgumentError, Option } from 'commander';
import { parseSeveritySources, severitySourcesMust } from '../app/settings/parse-severity-sources.ts';

export type SeverityOrderValue = NonNullable<ReturnType<typeof parseSeveritySources>>;

/** `--severity-order <sources>`, with the order in `severityOrder` of the command's options. */
export function severityOrderOption(): Option {
  return new Option(
    '--severity-order <sources>',
    `whose rating of a vulnerability counts first: ${severitySourcesMust}`,
  ).argParser(parseOrder);
}

function parseOrder(text: string): SeverityOrderValue {
  const order = parseSeveritySources(text);
  if (order === undefined) throw new InvalidArgumentError(`It must be ${severitySourcesMust}.`);
  return order;
}
