import { registryPoints } from '../registry/registry-points.ts';
import { fileStorePoints } from '../storage/file-store.ts';
import { collectorPoints } from '../upkeep/garbage-collector.ts';

/** `<point>:<nth>` of PRATIQUE_FAIL: this process is killed when it reaches the point for the nth time. */
export interface Failpoint {
  readonly point: string;
  readonly nth: number;
}

/** Every point there is. */
export const failpointNames: readonly string[] = [...fileStorePoints, ...registryPoints, ...collectorPoints];

/**
 * Kills this process as `kill -9` does when the point is reached; undefined when none is set, and then reaching a point
 * costs nothing. For tests of crashes only.
 */
export function failpointReacher(failpoint: Failpoint | undefined): ((point: string) => void) | undefined {
  if (failpoint === undefined) return undefined;
  let reached = 0;
  return (point) => {
    if (point !== failpoint.point) return;
    reached += 1;
    if (reached === failpoint.nth) process.kill(process.pid, 'SIGKILL');
  };
}

/** Undefined unless the text is `<point>:<nth>` with a point that exists. */
export function parseFailpoint(text: string): Failpoint | undefined {
  const [, point, nth] = /^([a-z.-]+):([1-9][0-9]{0,6})$/.exec(text) ?? [];
  if (point === undefined || !failpointNames.includes(point)) return undefined;
  return { point, nth: Number(nth) };
}
