import { deleteManifest } from '../../catalog/delete-content.ts';
import { listExemptions } from '../../catalog/exemptions.ts';
import { readImageRows } from '../../lists/image-list.ts';
import { secretKey } from '../../report/image-secrets.ts';
import { factsRatedIn } from '../../report/rated-in-order.ts';
import { readImageSecrets } from '../../scan/reports/image-secrets-store.ts';
import { type PlacedPackageDetails, readReportDetails } from '../../scan/reports/report-details.ts';
import { CountCache } from '../answers/count-cache.ts';
import type { VerdictCounts } from '../answers/count-verdicts.ts';
import { listImages, type Total } from '../answers/list-images.ts';
import { selectSecrets } from '../answers/list-secrets.ts';
import type { NamespaceVerdictCounts } from '../answers/namespace-verdict-counts.ts';
import { pageOfFindings } from '../answers/page-of-findings.ts';
import { readableBase } from '../answers/readable-base.ts';
import { showImage } from '../answers/show-image.ts';
import { showImageDetails } from '../answers/show-image-details.ts';
import { type ApiDependencies, externalUrlOf } from '../api-dependencies.ts';
import type { AtMost } from '../at-most.ts';
import type { HandlersOf } from '../call.ts';
import type { ImagePackage } from '../contract/finding.ts';
import { tagGuardOf } from '../decide-tag-move.ts';
import { conflict, notFound } from '../errors.ts';
import { pageOf } from '../page-of.ts';
import { recordChange } from '../record-change.ts';
import { visibleImages } from '../visible-images.ts';

export function imageHandlers(
  dependencies: ApiDependencies & {
    readonly verdictCounts: NamespaceVerdictCounts;
    readonly searches: AtMost;
  },
): HandlersOf<'listImages' | 'getImage' | 'deleteImage' | 'listFindings' | 'listSecrets' | 'listPackages'> {
  const { db, facts, verdicts, searches, now: clock } = dependencies;
  const totals = {
    byFilter: new CountCache<Total>({ now: clock, sizeOf: ({ total }) => total }),
    verdictsByFilter: new CountCache<VerdictCounts>({ now: clock, sizeOf: ({ images }) => images }),
    verdictsByNamespace: dependencies.verdictCounts,
  };
  return {
    listImages: async ({ query, caller, now }) => {
      const list = async () => {
        const filter = await visibleImages(db, { caller, filter: query, right: 'read' });
        return await listImages(dependencies, { filter, query, now, totals });
      };
      return await (query.holds === undefined ? list() : searches.run(list));
    },

    getImage: async ({ image, namespace, caller, now, request }) => {
      const [row] = await readImageRows(db, [image.id]);
      if (row === undefined) throw notFound(`Cannot find image ${image.id}: it has just been deleted`);
      const [[verdict], imageFacts] = await Promise.all([
        verdicts.verdictsOf([row], { now }),
        facts.factsOf(image.digest),
      ]);
      if (verdict === undefined) throw notFound(`Cannot find image ${image.id}: it has just been deleted`);
      const shown = showImage(row, { verdict, facts: imageFacts });
      const { severityOrder } = await verdicts.policyOf(namespace.id);
      return await showImageDetails(dependencies, {
        image,
        shown,
        facts: imageFacts === undefined ? undefined : factsRatedIn(imageFacts, severityOrder),
        externalUrl: externalUrlOf(dependencies, request),
        base: await readableBase(db, { image, caller }),
      });
    },

    deleteImage: async (call) => {
      const { image, namespace, caller, request } = call;
      const { repository, repositoryId, digest } = image;
      const { id: namespaceId, name } = namespace;
      const guarded = { namespaceId, namespace: name, repositoryId, repository };
      const result = await deleteManifest(db, {
        repositoryId,
        digest,
        decideTagMove: tagGuardOf(dependencies, { caller, request, repository: guarded }),
        onDeleted: async (transaction, freedBytes) => {
          const subject = `${repository}@${digest}`;
          await recordChange(transaction, call, { kind: 'image.deleted', subject, details: { freedBytes } });
        },
      });
      if (result.kind === 'not-found') {
        throw notFound(`Cannot find image ${image.id}: it has just been deleted`);
      }
      if (result.kind === 'refused') throw conflict(result.message, result.detail);
      return { freedBytes: result.freedBytes };
    },

    listFindings: async ({ image, namespace, query, caller, now }) =>
      await pageOfFindings(dependencies, { image, namespaceId: namespace.id, query, caller, now }),

    listSecrets: async ({ image, namespace, query, caller, now }) => {
      const [found, exemptions, base] = await Promise.all([
        readImageSecrets(db, image.digest),
        listExemptions(db, namespace.id),
        readableBase(db, { image, caller }),
      ]);
      const { repository, digest } = image;
      const items = selectSecrets(found, query, { exemptions, repository, digest, now, base });
      return pageOf({ list: 'secrets', items, request: query, keyOf: secretKey, show: (item) => item });
    },

    listPackages: async ({ image, query }) => {
      const report = await readReportDetails(dependencies, image.digest);
      const search = query.q?.toLowerCase();
      const items = (report?.packages ?? []).filter(
        ({ package: { name, version } }) =>
          search === undefined || `${name} ${version}`.toLowerCase().includes(search),
      );
      return pageOf({ list: 'packages', items, request: query, keyOf: packageKey, show: showPackage });
    },
  };
}

function packageKey({ purl, place }: PlacedPackageDetails): string {
  return [purl, place.layerIndex, place.layerDigest, place.path].join('\n');
}

function showPackage(placed: PlacedPackageDetails): ImagePackage {
  const { package: installed, place, purl, ownedByDistribution } = placed;
  const { ecosystem, name, version, sourceName, sourceVersion } = installed;
  const { layerIndex, layerDigest, path, createdBy } = place;
  return {
    ecosystem,
    name,
    version,
    purl,
    sourceName,
    sourceVersion,
    place: { layerIndex, layerDigest, path, createdBy: createdBy ?? null },
    ownedByDistribution,
  };
}
