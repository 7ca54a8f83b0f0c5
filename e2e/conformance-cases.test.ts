import { afterAll, beforeAll } from 'vitest';
import { blobCases } from './conformance/blob-cases.ts';
import { dataSetCases } from './conformance/data-set-cases.ts';
import { errorCases } from './conformance/error-cases.ts';
import { manifestCases } from './conformance/manifest-cases.ts';
import { referrerCases } from './conformance/referrer-cases.ts';
import { tagCases } from './conformance/tag-cases.ts';
import { startTarget, type Target } from './conformance/target.ts';
import { uploadCases } from './conformance/upload-cases.ts';

// Our own reading of the OCI distribution specification, for machines that have no built suite (CONTRIBUTING.md).
let target: Target;
beforeAll(async () => {
  target = await startTarget();
});
afterAll(async () => await target?.server.close());

const started = () => target;
blobCases(started);
uploadCases(started);
dataSetCases(started);
manifestCases(started);
referrerCases(started);
tagCases(started);
errorCases(started);
