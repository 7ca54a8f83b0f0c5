import { buffer } from 'node:stream/consumers';
import type { ChildTask, TaskDesk, TaskResult } from './_child-task.ts';
import { combineLayers } from './combine-layers.ts';
import { unpackReport } from './packed-report.ts';
import type { ScanProbe, ScanReport } from './scan-probe.ts';

/** Lays the reports that are the desk's sources on one another. The answer is a `CombinedLayers` as JSON. */
export async function combineReports(
  desk: TaskDesk,
  task: Extract<ChildTask, { readonly kind: 'combine' }> & { readonly probe: ScanProbe },
): Promise<TaskResult> {
  const reports: ScanReport[] = [];
  let bytesRead = 0;
  for (let index = 0; index < task.reportCount; index += 1) {
    const bytes = await buffer(await desk.open(index));
    reports.push(await unpackReport(bytes));
    bytesRead += bytes.length;
    desk.progress(bytesRead);
  }
  return { answer: combineLayers({ ...task.request, reports, knownPaths: task.probe.knownPaths ?? [] }) };
}
