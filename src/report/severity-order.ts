import { type SeveritySource, severitySources } from './severity.ts';

/** `highest`: whichever source rates it worst. */
export type SeverityChoice = SeveritySource | 'highest';

/** Whose rating of a vulnerability is shown and judged by: the first that gives one. What is not in it never counts. */
export type SeverityOrder = readonly SeverityChoice[];

const choices: readonly SeverityChoice[] = [...severitySources, 'highest'];

/** The distribution, then the ecosystem, then CVSS from new to old (semantics.md §1). */
export const defaultSeverityOrder: SeverityOrder = severitySources;

/** What a setting must be, for messages. */
export const severityOrderMust = `one or more of ${choices.join(', ')}, each once`;

/** The order in a list of names; undefined when it is empty, or a name is unknown or stands twice. */
export function parseSeverityOrder(names: readonly string[]): SeverityOrder | undefined {
  const order = names.flatMap((name) => choices.find((choice) => choice === name) ?? []);
  const isWhole = order.length === names.length && new Set(order).size === names.length;
  return isWhole && order.length > 0 ? order : undefined;
}

/** What is stored of a namespace's setting: null for the default order, however it is asked for. */
export function storedSeverityOrder(order: SeverityOrder | null): string | null {
  const key = severityOrderKey(order ?? defaultSeverityOrder);
  return key === severityOrderKey(defaultSeverityOrder) ? null : key;
}

/** An order as one word: equal for equal orders. */
export function severityOrderKey(order: SeverityOrder): string {
  return order.join(',');
}

/** The order of a namespace, from what is stored of its setting. */
export function readSeverityOrder(stored: string | null | undefined): SeverityOrder {
  return stored === null || stored === undefined ? defaultSeverityOrder : severityOrderOfKey(stored);
}

/** Throws on what `severityOrderKey()` did not write. */
export function severityOrderOfKey(key: string): SeverityOrder {
  const order = parseSeverityOrder(key.split(','));
  if (order === undefined)
    throw new TypeError(
      `Cannot read the order of severity sources "${key}": it must be ${severityOrderMust}`,
    );
  return order;
}
