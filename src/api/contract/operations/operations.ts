import { accessTokenOperations } from './access-token-operations.ts';
import { accountOperations } from './account-operations.ts';
import { comparisonOperations } from './comparison-operations.ts';
import { historyOperations } from './history-operations.ts';
import { imageOperations } from './image-operations.ts';
import { namespaceOperations } from './namespace-operations.ts';
import { robotOperations } from './robot-operations.ts';
import { ruleOperations } from './rule-operations.ts';
import { sbomOperations } from './sbom-operations.ts';
import { searchOperations } from './search-operations.ts';
import { webhookOperations } from './webhook-operations.ts';

/** The whole API by `operationId`. */
export const operations = {
  ...accountOperations,
  ...accessTokenOperations,
  ...robotOperations,
  ...namespaceOperations,
  ...ruleOperations,
  ...imageOperations,
  ...historyOperations,
  ...comparisonOperations,
  ...sbomOperations,
  ...searchOperations,
  ...webhookOperations,
};

export type Operations = typeof operations;
export type OperationId = keyof Operations;
