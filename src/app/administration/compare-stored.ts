import { findImage } from '../../api/find-image.ts';
import { parseImageName } from '../../api/parse-image-name.ts';
import type { Database } from '../../database/database.ts';
import type { Digest } from '../../oci/digest.ts';
import { severityOrderOfKey } from '../../report/severity-order.ts';
import { compareImages, type ImageComparison } from '../../scan/comparison/compare-images.ts';
import { readPackageFacts } from '../../scan/matches/read-package-facts.ts';
import { readFacts } from '../../scan/reports/read-facts.ts';
import { systemClock } from '../clock.ts';
import { feedAgeMaxDays } from '../feed-age.ts';
import type { Installation } from '../installation.ts';
import { StartError } from '../start-error.ts';

/** Two stored images compared. */
export interface StoredComparison extends ImageComparison {
  readonly before: { readonly name: string; readonly digest: Digest };
  readonly after: { readonly name: string; readonly digest: Digest };
}

/** `before` and `after` as `namespace/repository:tag` or with a digest. Throws `StartError`, with one line for people. */
export async function compareStored(
  { connection: { db } }: Installation,
  names: { readonly before: string; readonly after: string },
): Promise<StoredComparison> {
  const before = { name: names.before, ...(await findStored(db, names.before)) };
  const after = { name: names.after, ...(await findStored(db, names.after)) };
  const facts = await readFacts(db, {
    digests: [before.digest, after.digest],
    now: systemClock(),
    feedAgeMaxDays,
    readPackages: readPackageFacts,
  });
  const [factsBefore, factsAfter] = [facts.get(before.digest), facts.get(after.digest)];
  if (factsBefore === undefined || factsAfter === undefined)
    throw new StartError(`Cannot compare "${names.before}" with "${names.after}": one has just been deleted`);
  const comparison = await compareImages(db, {
    before: factsBefore,
    after: factsAfter,
    severityOrder: after.severityOrder,
  });
  return {
    ...comparison,
    before: { name: before.name, digest: before.digest },
    after: { name: after.name, digest: after.digest },
  };
}

async function findStored(db: Database, text: string) {
  const name = parseImageName(text);
  const found = name === undefined ? undefined : await findImage(db, name);
  if (name === undefined || found === undefined)
    throw new StartError(
      `Cannot compare "${text}": it must be an image that is stored here, as namespace/repository:tag or with a digest`,
    );
  const row = await db
    .selectFrom('namespace')
    .select('severity_order')
    .where('name', '=', name.namespace)
    .executeTakeFirst();
  const key = row?.severity_order ?? undefined;
  return {
    digest: found.digest,
    ...(key === undefined ? {} : { severityOrder: severityOrderOfKey(key) }),
  };
}
