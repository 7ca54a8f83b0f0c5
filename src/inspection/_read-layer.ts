import type { TaskDesk, TaskResult } from './_child-task.ts';
import { inspectLayer } from './image/inspect-layer.ts';
import { packReport } from './packed-report.ts';
import type { ScanProbe } from './scan-probe.ts';

/** Reads the layer that is the desk's only source. The answer is a `PackedReport` without its bytes. */
export async function readLayer(desk: TaskDesk, probe: ScanProbe): Promise<TaskResult> {
  const report = await inspectLayer({
    open: () => desk.open(0),
    probe,
    onProgress: (inflatedBytes) => desk.progress(inflatedBytes),
  });
  const { bytes, ...answer } = await packReport(report);
  return { answer, bytes };
}
