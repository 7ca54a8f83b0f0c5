import { openApiDocument } from './contract/openapi-document.ts';
import { operations } from './contract/operations.ts';

/** Version of the API's contract: the second number grows with every addition. */
const apiVersion = '1.0.0';

/** The OpenAPI document that is served, and that the console's client is generated from. */
export function apiDocument(): Record<string, unknown> {
  return openApiDocument(operations, apiVersion);
}
