import { beforeAll, describe, expect, it } from 'vitest';
import { type TestImage, testImage } from '../../src/testing/registry-client.ts';
import { expectAbsent, expectContent, expectDeletable, expectRefused } from './expect-answer.ts';
import { nextOf } from './next-page.ts';
import type { Repository, Target } from './target.ts';

/** In the order of their bytes, which is one of the two that spec.md#listing-tags allows. */
const tags = ['1.10', '1.2', 'Zulu', '_first', 'alpha', 'beta-1', 'beta.1', 'x'.repeat(128)];

/** spec.md#listing-tags, #deleting-tags; `_catalog` of the Docker registry API. */
export function tagCases(target: () => Target): void {
  describe('tags', () => {
    const image = testImage('tagged');
    let repository: Repository;
    beforeAll(async () => {
      repository = await target().repository('tags');
      for (const tag of [...tags].sort((a, b) => b.slice(1).localeCompare(a.slice(1)))) {
        expect((await repository.client.pushImage(repository.name, tag, image)).status).toBe(201);
      }
    });
    const list = async (query = '') => {
      const answer = await repository.client.send(repository.path(`tags/list${query}`));
      expect(answer.status).toBe(200);
      expect(answer.headers.get('content-type')).toBe('application/json');
      const body = JSON.parse(answer.bytes.toString('utf8'));
      expect(body.name).toBe(repository.name);
      return { tags: body.tags, next: nextOf(answer) };
    };

    it('are listed whole and in order', async () => {
      expect(await list()).toEqual({ tags, next: undefined });
    });

    it.each([
      ['?n=3', tags.slice(0, 3), true],
      ['?n=8', tags, false],
      ['?n=100', tags, false],
      ['?n=0', [], false],
      ['?n=0&last=1.2', [], false],
      ['?n=2&last=Zulu', ['_first', 'alpha'], true],
      ['?n=2&last=beta-1', tags.slice(6), false],
      ['?last=alpha', tags.slice(5), false],
      ['?last=b', tags.slice(5), false],
      [`?last=${tags.at(-1)}`, [], false],
      ['?n=2&last=zzz', [], false],
    ])('are listed in part by %s', async (query, expected, hasMore) => {
      const page = await list(query);
      expect(page.tags).toEqual(expected);
      expect(page.next !== undefined).toBe(hasMore);
    });

    it('are listed page by page along the Link header (RFC 8288)', async () => {
      const pages: string[][] = [];
      for (let query: string | undefined = '?n=3'; query !== undefined; ) {
        const page = await list(query);
        pages.push(page.tags);
        query = page.next === undefined ? undefined : new URL(page.next, target().url).search;
      }
      expect(pages).toEqual([tags.slice(0, 3), tags.slice(3, 6), tags.slice(6)]);
    });

    it.each(['?n=-1', '?n=many', '?n=1.5'])('are not listed by %s', async (query) => {
      expectRefused(await repository.client.send(repository.path(`tags/list${query}`)), 400, 'UNSUPPORTED');
    });

    it('are none in a repository that has content and no tag', async () => {
      const untagged = await target().repository('untagged');
      const pushed = await untagged.client.pushImage(untagged.name, image.digest, image);
      expect(pushed.status).toBe(201);
      const answer = await untagged.client.send(untagged.path('tags/list'));
      expect(JSON.parse(answer.bytes.toString('utf8'))).toEqual({ name: untagged.name, tags: [] });
    });

    it('move, and go without what they name', async () => {
      const moving = await target().repository('tags-moving');
      const [before, after] = [testImage('before'), testImage('after')];
      const at = (reference: string) => moving.path(`manifests/${reference}`);
      for (const one of [before, after]) {
        expect((await moving.client.pushImage(moving.name, 'moving', one)).status).toBe(201);
        await expectContent(moving, at('moving'), one);
      }
      expect((await moving.client.pushManifest(moving.name, 'other', after)).status).toBe(201);
      await expectDeletable(moving, at('moving'), 'MANIFEST_UNKNOWN');
      for (const one of [before, after]) await expectContent(moving, at(one.digest), one);
      // spec.md#deleting-manifests: with a manifest go the tags that point to it.
      await expectDeletable(moving, at(after.digest), 'MANIFEST_UNKNOWN');
      await expectAbsent(moving, at('other'), 'MANIFEST_UNKNOWN');
      const answer = await moving.client.send(moving.path('tags/list'));
      expect(JSON.parse(answer.bytes.toString('utf8')).tags).toEqual([]);
    });
  });
  catalogCases(target, testImage('in the catalog'));
}

function catalogCases(target: () => Target, image: TestImage): void {
  describe('the catalog', () => {
    const names = ['catalog/a', 'catalog/b/c', 'catalog/d'];
    const full = names.map((name) => `clients/${name}`);
    beforeAll(async () => {
      for (const name of [...names].reverse()) {
        const repository = await target().repository(name);
        expect((await repository.client.pushImage(repository.name, 'one', image)).status).toBe(201);
      }
    });
    const list = async (query: string) => {
      const client = await target().signIn(target().server.reader, ['registry:catalog:*']);
      const answer = await client.send(`/v2/_catalog${query}`);
      expect(answer.status).toBe(200);
      const { repositories }: { repositories: string[] } = JSON.parse(answer.bytes.toString('utf8'));
      return { repositories, next: nextOf(answer) };
    };

    it('lists repositories in order, whole and in part', async () => {
      const whole = await list('');
      expect(whole.next).toBeUndefined();
      expect(whole.repositories).toEqual(expect.arrayContaining(full));
      expect(whole.repositories).toEqual([...whole.repositories].sort());
      expect((await list('?n=2&last=clients/catalog/')).repositories).toEqual(full.slice(0, 2));
      expect(await list('?n=0')).toEqual({ repositories: [], next: undefined });
    });

    it('goes on along the Link header', async () => {
      const { next } = await list('?n=2&last=clients/catalog/');
      const { repositories } = await list(new URL(next ?? '', target().url).search);
      expect(repositories[0]).toBe(full[2]);
    });

    it('is not for a token that does not name it', async () => {
      const repository = await target().repository(names[0] ?? '');
      expectRefused(await repository.client.send('/v2/_catalog'), 401, 'UNAUTHORIZED');
    });
  });
}
