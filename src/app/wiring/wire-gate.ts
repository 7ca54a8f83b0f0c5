import type { Notifications } from '../../database/notifications.ts';
import { NamespacePolicies } from '../../gate/namespace-policies.ts';
import { PolicyPullGuard } from '../../gate/pull-guard.ts';
import { ScanningPushObserver } from '../../gate/push-observer.ts';
import { ScanChanges } from '../../gate/scan-changes.ts';
import { TagGuard } from '../../gate/tag-guard.ts';
import { Verdicts } from '../../gate/verdicts.ts';
import type { JobEnqueuer } from '../../jobs/queue.ts';
import type { ImageFactsStore } from '../../scan/reports/image-facts-store.ts';
import { systemClock } from '../clock.ts';
import type { Installation } from '../installation.ts';

/** The guards that the registry asks, and what they judge by. */
export interface Gate {
  readonly verdicts: Verdicts;
  readonly pullGuard: PolicyPullGuard;
  readonly tagGuard: TagGuard;
  readonly pushObserver: ScanningPushObserver;
  /** Ends the waiting of held pulls. */
  close(): void;
}

export function createGate(
  installation: Installation,
  parts: {
    readonly facts: ImageFactsStore;
    readonly listener: Notifications;
    readonly enqueuer: JobEnqueuer;
    readonly externalUrl: string;
  },
): Gate {
  const { db } = installation.connection;
  const { facts, listener, externalUrl } = parts;
  const policies = new NamespacePolicies({ db, listener });
  const changes = new ScanChanges(listener);
  const verdicts = new Verdicts({ db, facts, policies, changes, now: systemClock });
  return {
    verdicts,
    pullGuard: new PolicyPullGuard({ db, verdicts, externalUrl }),
    tagGuard: new TagGuard(),
    pushObserver: new ScanningPushObserver(parts.enqueuer),
    close: () => {
      changes.close();
      policies.close();
    },
  };
}
