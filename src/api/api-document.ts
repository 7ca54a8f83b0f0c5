import { openApiDocument } from './contract/operations/openapi-document.ts';
import { operations } from './contract/operations/operations.ts';

/** Version of the API's contract: the second number grows with every addition. */
const apiVersion = '1.0.0';

/** The OpenAPI document that is served, and that the console's client is generated from. */
export function apiDocument(): Record<string, unknown> {
  return openApiDocument(operations, apiVersion);
}
