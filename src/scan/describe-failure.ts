import { ImageUnreadableError } from '../inspection/image/image-unreadable-error.ts';
import { InspectionError, type InspectionFailure } from '../inspection/inspection-error.ts';
import type { ScanProblem } from '../report/scan-state.ts';
import { ManifestMissingError } from './stored-images.ts';

/** Adds to a failure the step in which it happened; the failure itself is the cause. */
export class ScanPhaseError extends Error {
  readonly code = 'scan_failed';
  readonly phase: string;
  constructor(phase: string, cause: unknown) {
    super(`Scan failed in phase ${phase}: ${textOf(cause)}`, { cause });
    this.name = 'ScanPhaseError';
    this.phase = phase;
  }
}

/** What people are told of a scan that was given up. */
export function describeFailure(error: unknown, attempts: number): ScanProblem {
  const phase = error instanceof ScanPhaseError ? error.phase : 'scan';
  const cause = error instanceof ScanPhaseError ? error.cause : error;
  return { phase, reason: `${textOf(cause)} (after ${attempts} attempts)`, remedy: remedyOf(cause) };
}

function remedyOf(cause: unknown): string {
  if (cause instanceof ManifestMissingError || codeOf(cause) === 'blob_missing') {
    return 'Push the image again, then scan it again';
  }
  if (cause instanceof InspectionError) return inspectionRemedies[cause.failure];
  if (cause instanceof ImageUnreadableError) return 'Build and push the image again with a current tool';
  return 'Scan it again; if it fails again, look for the same message in the log of the server';
}

const inspectionRemedies: Readonly<Record<InspectionFailure, string>> = {
  memory:
    'Look what is in it, or raise PRATIQUE_INSPECTION_MEMORY when the machine has that much, and scan it again',
  time: 'Look what is in it, or raise PRATIQUE_INSPECTION_TIME, and scan it again',
  stalled: 'Look what is in it, or raise PRATIQUE_INSPECTION_STALL, and scan it again; report the image',
  answer: 'Build the image again with fewer files in it',
  crashed: 'Scan it again; if it fails again, report the image',
};

function codeOf(cause: unknown): unknown {
  return typeof cause === 'object' && cause !== null && 'code' in cause ? cause.code : undefined;
}

function textOf(cause: unknown): string {
  return cause instanceof Error ? cause.message : String(cause);
}
