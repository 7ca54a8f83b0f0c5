import { parentPort } from 'node:worker_threads';
import { type ExaminedManifest, examineManifest } from './examine-manifest.ts';

/** A manifest to examine; shared memory is read where it is, other bytes come as a copy. */
export interface ExaminationRequest {
  readonly number: number;
  readonly bytes: Uint8Array;
  readonly contentType: string | undefined;
}

export interface ExaminationAnswer {
  readonly number: number;
  readonly examined: ExaminedManifest;
}

parentPort?.on('message', ({ number, bytes, contentType }: ExaminationRequest) => {
  const examined = examineManifest(bytes, contentType);
  parentPort?.postMessage({ number, examined } satisfies ExaminationAnswer);
});
