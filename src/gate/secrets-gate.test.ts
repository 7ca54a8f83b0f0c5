import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { createExemptions, type NewExemptions } from '../catalog/exemptions.ts';
import { notify } from '../database/notifications.ts';
import { buildImage, buildLayer } from '../testing/samples/build-image.ts';
import { secretSamples } from '../testing/samples/secret-samples.ts';
import { alpineFiles } from '../testing/samples/small-feed.ts';
import { ScanHarness } from '../testing/scan-harness.ts';

const github = secretSamples['github-token'] ?? '';
const image = buildImage({
  layers: [
    buildLayer(alpineFiles({ musl: '1.1.16-r10' })),
    { 'root/.netrc': `\n${github}` },
    { 'root/.wh..netrc': '' },
  ],
});
const base = { mode: 'enforce', states: { undetermined: 'allow' } };

let harness: ScanHarness;
let namespaceId: number;

beforeEach(async () => {
  harness = await ScanHarness.start();
  namespaceId = await harness.addNamespace('demo');
  await harness.push(namespaceId, image);
  await harness.scan(image.digest);
});
afterEach(() => harness.close());

async function setPolicy(policy: object) {
  await harness.database.db
    .updateTable('namespace')
    .set({ policy: JSON.stringify(policy) })
    .where('id', '=', namespaceId)
    .execute();
  await notify(harness.database.db, 'pratique_policy', String(namespaceId));
}

const verdict = async () => {
  const facts = await harness.facts.factsOf(image.digest);
  expect(facts).toBeDefined();
  return (await harness.verdicts.verdictOf({ namespaceId, repository: 'app', digest: image.digest })).verdict;
};

async function exempt(scope: Pick<NewExemptions, 'pathPattern' | 'repositoryPattern'>) {
  await createExemptions(harness.database.db, {
    namespaceId,
    vulnerabilityIds: ['SECRET:GITHUB-TOKEN'],
    reason: 'revoked',
    createdBy: 'ann',
    ...scope,
  });
  await notify(harness.database.db, 'pratique_policy', String(namespaceId));
}

describe('the gate with secrets', () => {
  it('lets them pass unless the policy asks, and refuses from its severity on, hidden ones too', async () => {
    await setPolicy(base);
    expect(await verdict()).toMatchObject({ kind: 'allow' });
    await setPolicy({ ...base, secrets: 'critical' });
    await expect.poll(verdict).toMatchObject({
      kind: 'block',
      reasons: [{ kind: 'secret', rule: 'github-token', path: 'root/.netrc', line: 2 }],
    });
  });

  it('lets what is exempted by rule and path pass, and nothing else', async () => {
    await setPolicy({ ...base, secrets: 'low' });
    await exempt({ pathPattern: 'srv/**' });
    await exempt({ repositoryPattern: 'other' });
    await expect.poll(verdict).toMatchObject({ kind: 'block' });
    await exempt({ pathPattern: 'root/*' });
    await expect.poll(verdict).toEqual({ kind: 'allow', exempted: 1 });
  });

  it('takes an image that was scanned before secrets were looked for as pending', async () => {
    const { db } = harness.database;
    await db.updateTable('image_report').set({ secrets_outcome: null, secret_facts: null }).execute();
    await db.deleteFrom('image_scan').where('category', '=', 'secrets').execute();
    await notify(db, 'pratique_facts', `image:${image.digest}`);
    await setPolicy({ ...base, secrets: 'critical', states: { ...base.states, pending: 'block' } });
    await expect.poll(verdict).toMatchObject({
      kind: 'block',
      reasons: [{ kind: 'state', state: 'pending', message: expect.stringMatching(/^secrets: /) }],
    });
  });
});
