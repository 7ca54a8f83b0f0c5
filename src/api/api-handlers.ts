import { NamespaceVerdictCounts } from './answers/namespace-verdict-counts.ts';
import type { ApiDependencies } from './api-dependencies.ts';
import { AtMost } from './at-most.ts';
import type { Handlers } from './call.ts';
import { accessTokenHandlers } from './routes/access-token-handlers.ts';
import { advisoryHandlers } from './routes/advisory-handlers.ts';
import { comparisonHandlers } from './routes/comparison-handlers.ts';
import { eventHandlers } from './routes/event-handlers.ts';
import { exemptionHandlers } from './routes/exemption-handlers.ts';
import { findingHistoryHandlers } from './routes/finding-history-handlers.ts';
import { imageHandlers } from './routes/image-handlers.ts';
import { immutabilityHandlers } from './routes/immutability-handlers.ts';
import { malwareHandlers } from './routes/malware-handlers.ts';
import { memberHandlers } from './routes/member-handlers.ts';
import { namespaceHandlers } from './routes/namespace-handlers.ts';
import { registryRobotHandlers } from './routes/registry-robot-handlers.ts';
import { repositoryHandlers } from './routes/repository-handlers.ts';
import { robotHandlers } from './routes/robot-handlers.ts';
import { sbomHandlers } from './routes/sbom-handlers.ts';
import { scanHandlers } from './routes/scan-handlers.ts';
import { searchHandlers } from './routes/search-handlers.ts';
import { sessionHandlers } from './routes/session-handlers.ts';
import { systemHandlers } from './routes/system-handlers.ts';
import { userHandlers } from './routes/user-handlers.ts';
import { verdictHandlers } from './routes/verdict-handlers.ts';
import { webhookHandlers } from './routes/webhook-handlers.ts';

/** A handler for every operation of the contract. */
export function apiHandlers(dependencies: ApiDependencies): Handlers {
  const counting = { ...dependencies, verdictCounts: new NamespaceVerdictCounts(dependencies) };
  // Few at once: they read much, and pulls need the database too (threats.md F10).
  const searching = { ...counting, searches: new AtMost({ atOnce: 3, patienceMs: 5_000 }) };
  return {
    ...sessionHandlers(dependencies),
    ...userHandlers(dependencies),
    ...accessTokenHandlers(dependencies),
    ...robotHandlers(dependencies),
    ...registryRobotHandlers(dependencies),
    ...systemHandlers(dependencies),
    ...namespaceHandlers(counting),
    ...malwareHandlers(dependencies),
    ...memberHandlers(dependencies),
    ...eventHandlers(dependencies),
    ...exemptionHandlers(dependencies),
    ...immutabilityHandlers(dependencies),
    ...repositoryHandlers(dependencies),
    ...findingHistoryHandlers(dependencies),
    ...imageHandlers(searching),
    ...comparisonHandlers(dependencies),
    ...sbomHandlers(dependencies),
    ...scanHandlers(dependencies),
    ...verdictHandlers(dependencies),
    ...advisoryHandlers(dependencies),
    ...searchHandlers(searching),
    ...webhookHandlers(dependencies),
  };
}
