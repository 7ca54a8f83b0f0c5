import {
  defaultSeverityOrder,
  parseSeverityOrder,
  type SeverityOrder,
  severityOrderMust,
} from '../../report/severity-order.ts';

/** What `parseSeveritySources()` takes, for messages. */
export const severitySourcesMust = `${severityOrderMust}, with commas between; or default`;

/** An order of severity sources as the command line has it; undefined: it is none. */
export function parseSeveritySources(text: string): SeverityOrder | undefined {
  return text === 'default' ? defaultSeverityOrder : parseSeverityOrder(text.split(','));
}
