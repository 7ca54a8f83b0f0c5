import type { ImageDetails } from '../../api/answers.ts';

/** Changes whenever the findings of the image may have changed, so that they are asked again. */
export function revisionOf(image: ImageDetails): string {
  return JSON.stringify([
    image.inspectedAt,
    image.severity,
    image.secrets,
    image.malware,
    image.verdict.exempted,
    image.verdict.kind,
  ]);
}
