import { ociManifestMediaType } from '../src/oci/media-types.ts';
import { type CostlyManifest, costlyManifests } from './costly-manifests.ts';

/** Ends even when who started it is gone. */
const secondsMax = 120;

/**
 * `node manifest-flood.ts <kind> <repository URL> <authorization> <connections>`: pushes costly manifests over so many
 * connections until SIGTERM and until one was not merely told to wait, for two minutes at most, and then prints how often each status was answered, as JSON.
 */
async function main(kind: CostlyManifest, url: string, authorization: string, connections: number) {
  const bodies = Array.from({ length: 5 }, (_, number) => Buffer.from(costlyManifests[kind](number)));
  const answered: Record<string, number> = {};
  let isToldToEnd = false;
  let isTooLong = false;
  process.once('SIGTERM', () => {
    isToldToEnd = true;
  });
  setTimeout(() => {
    isTooLong = true;
  }, secondsMax * 1_000).unref();
  const isRead = () => Object.keys(answered).some((status) => !['429', 'cut'].includes(status));
  const isOver = () => isTooLong || (isToldToEnd && isRead());
  const push = async (number: number) => {
    while (!isOver()) {
      const body = bodies[number % bodies.length] ?? Buffer.of();
      const headers = { authorization, 'content-type': ociManifestMediaType };
      const answer = await fetch(`${url}/manifests/costly-${number}`, { method: 'PUT', headers, body }).catch(
        () => undefined, // one that this busy process did not send in time was cut
      );
      await answer?.arrayBuffer().catch(() => undefined);
      const status = answer?.status ?? 'cut';
      answered[status] = (answered[status] ?? 0) + 1;
    }
  };
  console.log('begun');
  await Promise.all(Array.from({ length: connections }, (_, number) => push(number)));
  console.log(JSON.stringify(answered));
}

const [kind = '', url = '', authorization = '', connections = ''] = process.argv.slice(2);
await main(kind as CostlyManifest, url, authorization, Number(connections)); // named by the test
