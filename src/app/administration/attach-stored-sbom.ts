import { attachSbom } from '../../api/attach-sbom.ts';
import { parseImageName } from '../../api/parse-image-name.ts';
import { findNamespace } from '../../catalog/namespaces.ts';
import { ScanningPushObserver } from '../../gate/push-observer.ts';
import { isTarget } from '../../inspection/image/open-target.ts';
import { GraphileQueue } from '../../jobs/graphile-queue.ts';
import type { Digest } from '../../oci/digest.ts';
import { overQuotaInWords } from '../../registry/admit-bytes.ts';
import { attachDocument } from '../../registry/manifests/attach-document.ts';
import type { Installation } from '../installation.ts';
import { programVersion } from '../program-version.ts';
import { StartError } from '../start-error.ts';
import { openBlobStore } from '../wiring/wire-blobs.ts';
import { chooseStoredImage, describeParts, undescribed } from './choose-stored-image.ts';
import { commandLineActor } from './command-line-actor.ts';
import type { SbomFormatName } from './sbom-format.ts';

export interface AttachedSbom {
  /** `namespace/repository@<digest of the image>` */
  readonly image: string;
  /** Of the artifact's manifest. */
  readonly digest: Digest;
  readonly artifactType: string;
  /** False: the same document was attached before. */
  readonly isNew: boolean;
  /** Why packages may be missing from it, in sentences; absent: no reason is known. */
  readonly warning?: string;
}

/**
 * Pushes the bill of materials of an image that is stored here as a referrer of it, as the API does. Throws `StartError` and
 * `PlatformMissingError`, each with one line for people.
 */
export async function attachStoredSbom(asked: {
  readonly installation: Installation;
  /** `namespace/repository:tag` or `namespace/repository@sha256:…` */
  readonly target: string;
  readonly format: SbomFormatName;
  /** `os/architecture[/variant]`; absent: the only image, or the one of this machine's platform. */
  readonly platform?: string;
}): Promise<AttachedSbom> {
  const { installation, target, format } = asked;
  const { connection, config } = installation;
  const { db } = connection;
  const refuse = (must: string) => new StartError(`Cannot attach the SBOM of "${target}": it must ${must}`);
  const name = isTarget(target) ? undefined : parseImageName(target);
  if (name === undefined)
    throw refuse('be an image of this registry (namespace/repository:tag or namespace/repository@sha256:…)');
  const { namespace, repository } = name;
  const { id, digest: subject, repositoryId } = await chooseStoredImage({ ...asked, name });
  const namespaceId = (await findNamespace(db, namespace))?.id;
  if (namespaceId === undefined) throw refuse('be stored here, but it has just been deleted');
  const store = await openBlobStore(config);
  const pushObserver = new ScanningPushObserver(new GraphileQueue({ connection }));
  const result = await attachSbom(
    {
      ...(await describeParts(installation)),
      attachDocument: (document) => attachDocument({ db, store, pushObserver }, document),
      version: programVersion(),
    },
    {
      requester: { name: commandLineActor, client: '' },
      repository: { namespaceId, namespace, repositoryId, repository },
      digest: subject,
      format,
    },
  );
  const fullName = `${namespace}/${repository}`;
  switch (result.kind) {
    case 'attached': {
      const { imageId: _, kind: _kind, ...attached } = result;
      return { ...attached, image: `${fullName}@${subject}` };
    }
    case 'over-quota':
      throw new StartError(overQuotaInWords({ namespace, subject: fullName, over: result }));
    case 'too-large':
      throw refuse(
        `have at most ${result.sizeBytesMax} bytes, got ${result.sizeBytes}; write it to a file with --output`,
      );
    case 'gone':
      throw refuse('be stored here, but it has just been deleted');
    default:
      throw undescribed({ target, id }, result);
  }
}
