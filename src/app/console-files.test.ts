import { mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import fastify, { type FastifyInstance } from 'fastify';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { registerConsole } from './console-files.ts';

/** What Chromium sends with a navigation, and with the request of a script. */
const navigation = 'text/html,application/xhtml+xml,application/xml;q=0.9,image/avif,*/*;q=0.8';
const subresource = '*/*';

describe('registerConsole()', () => {
  let folder: string;
  let server: FastifyInstance;

  beforeAll(async () => {
    folder = await mkdtemp(join(tmpdir(), 'pratique-console-'));
    await mkdir(join(folder, 'assets'));
    await writeFile(join(folder, 'index.html'), '<title>the console</title>');
    await writeFile(join(folder, 'assets/index-1a2b.js'), 'export {};');
    server = fastify();
    await registerConsole(server, folder);
  });

  afterAll(async () => {
    await server.close();
    await rm(folder, { recursive: true });
  });

  const get = (path: string, accept: string) =>
    server.inject({ method: 'GET', url: path, headers: { accept } });

  test.each(['/', '/images/3?finding=1', '/namespaces/my.team', '/vulnerabilities/CVE-2016-9841'])(
    'serves its page to a browser that opens %s',
    async (path) => {
      const answer = await get(path, navigation);
      expect(answer.statusCode).toBe(200);
      expect(answer.body).toContain('the console');
      expect(answer.headers['cache-control']).toBe('no-cache');
      expect(answer.headers['content-security-policy']).toContain("default-src 'none'");
    },
  );

  test.each([
    ['/assets/index-gone.js', subresource],
    ['/assets/index-gone.js', navigation],
    ['/favicon.gone', 'image/avif,image/webp,*/*;q=0.8'],
    ['/api/v1/nothing', navigation],
    ['/v2/nothing/here', navigation],
  ])('answers 404 for %s asked with Accept: %s', async (path, accept) => {
    const answer = await get(path, accept);
    expect(answer.statusCode).toBe(404);
    expect(answer.json()).toMatchObject({ error: { code: 'not-found' } });
  });

  test('lets a script be kept for ever, by its name', async () => {
    const answer = await get('/assets/index-1a2b.js', subresource);
    expect(answer.statusCode).toBe(200);
    expect(answer.headers['cache-control']).toContain('immutable');
  });
});
