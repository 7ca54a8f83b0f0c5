import { promisify } from 'node:util';
import { deflateRaw, inflateRaw } from 'node:zlib';
import type { ScanReport } from './scan-probe.ts';

const deflateAsync = promisify(deflateRaw);
const inflateAsync = promisify(inflateRaw);

/** The report of a layer as it is stored and handed on: nobody but an inspection process looks into it. */
export interface PackedReport {
  /** As in the report. */
  readonly diffId?: string;
  /** As in the report. */
  readonly incomplete?: { readonly code: string; readonly message: string };
  /** The report as JSON, in raw deflate (RFC 1951). */
  readonly bytes: Buffer;
}

export async function packReport(report: ScanReport): Promise<PackedReport> {
  const { diffId, incomplete } = report;
  return {
    ...(diffId === undefined ? {} : { diffId }),
    ...(incomplete === undefined ? {} : { incomplete }),
    bytes: await deflateAsync(JSON.stringify(report)),
  };
}

/** `bytes`: of `packReport()`, in the same version of the inspector. */
export async function unpackReport(bytes: Buffer): Promise<ScanReport> {
  const text = await inflateAsync(bytes);
  return JSON.parse(text.toString('utf8')) as ScanReport; // written above alone
}
