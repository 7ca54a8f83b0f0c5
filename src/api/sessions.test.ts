import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { apiCalls } from '../testing/api-calls.ts';
import { type ApiServer, startApiServer } from '../testing/api-server.ts';
import type { Operation } from './contract/operations/operation.ts';
import { type OperationId, operations } from './contract/operations/operations.ts';

let server: ApiServer;
beforeAll(async () => {
  server = await startApiServer();
});
afterAll(async () => {
  await server.close();
});

const json = { 'content-type': 'application/json' };

async function signIn(
  username = 'systemadmin',
): Promise<{ cookie: string; csrfToken: string; setCookie: string }> {
  const response = await fetch(`${server.url}/session`, {
    method: 'POST',
    headers: json,
    body: JSON.stringify({ username, password: server.password }),
  });
  const setCookie = response.headers.get('set-cookie') ?? '';
  const { csrfToken } = (await response.json()) as { csrfToken: string };
  return { cookie: setCookie.split(';')[0] ?? '', csrfToken, setCookie };
}

function basic(text: string): string {
  return `Basic ${Buffer.from(text).toString('base64')}`;
}

describe('sessions', () => {
  test('the cookie is out of reach of scripts and other sites, and ends', async () => {
    const { setCookie } = await signIn();
    expect(setCookie).toMatch(/^pratique_session=[\w-]{43}; /);
    for (const part of ['Path=/', 'HttpOnly', 'SameSite=Strict', 'Expires='])
      expect(setCookie).toContain(part);
    expect(setCookie).not.toContain('Secure'); // the test's external URL is http
  });

  test('an https address makes the cookie secure', async () => {
    const secure = await startApiServer({ externalUrl: 'https://registry.test' });
    try {
      const response = await fetch(`${secure.url}/session`, {
        method: 'POST',
        headers: json,
        body: JSON.stringify({ username: 'guest', password: secure.password }),
      });
      expect(response.headers.get('set-cookie')).toContain('Secure');
    } finally {
      await secure.close();
    }
  });

  test('signing out ends the session', async () => {
    const { cookie, csrfToken } = await signIn();
    const headers = { cookie, 'x-pratique-csrf': csrfToken };
    const before = await fetch(`${server.url}/session`, { headers });
    expect(await before.json()).toEqual({ account: { name: 'systemadmin', isAdmin: true }, csrfToken });
    expect((await fetch(`${server.url}/session`, { method: 'DELETE', headers })).status).toBe(204);
    expect((await fetch(`${server.url}/session`, { headers })).status).toBe(401);
  });

  test('a bearer token is made only when asked for, and sets no cookie', async () => {
    const body = JSON.stringify({ username: 'guest', password: server.password, kind: 'bearer' });
    const response = await fetch(`${server.url}/session`, { method: 'POST', headers: json, body });
    expect(response.headers.get('set-cookie')).toBeNull();
    const { token } = (await response.json()) as { token: string };
    const headers = { authorization: `Bearer ${token}` };
    expect((await fetch(`${server.url}/session`, { headers })).status).toBe(200);
  });

  test.each([
    ['Basic', basic('guest:wrong'), 401],
    ['Basic', basic('nobody:wrong'), 401],
    ['Basic', basic(':'), 401],
    ['Basic', 'Basic ~~~', 401],
    ['Basic with a NUL', basic('gu\0est:x'), 401],
    ['Bearer', 'Bearer x', 401],
    ['Bearer', 'Bearer', 401],
    ['a registry token', 'Bearer eyJhbGciOiJFZERTQSJ9.eyJzdWIiOiJyb290In0.c2ln', 401],
    ['Digest', 'Digest username="guest"', 401],
  ])('%s credentials %j are refused', async (_name, authorization, status) => {
    const response = await fetch(`${server.url}/namespaces`, { headers: { authorization } });
    expect(response.status).toBe(status);
    // Else a browser would lay its own dialog over the console.
    expect(response.headers.get('www-authenticate')).toBeNull();
  });

  test('Basic works without a session and needs no CSRF token', async () => {
    const response = await fetch(`${server.url}/namespaces`, {
      method: 'POST',
      headers: { ...json, authorization: basic(`systemadmin:${server.password}`) },
      body: JSON.stringify({ name: 'by-basic' }),
    });
    expect(response.status).toBe(201);
  });

  test('tokens in the address are ignored (threats.md E6)', async () => {
    expect((await fetch(`${server.url}/namespaces?token=x`)).status).toBe(401);
  });
});

describe('cross-site requests (threats.md A16)', () => {
  const mutating = (Object.entries(operations) as [OperationId, Operation][]) // the keys of the object itself
    .filter(([, { method, access }]) => method !== 'GET' && access.kind !== 'public');

  test.each(mutating.map(([id, { method }]) => ({ id, method })))(
    '$id by cookie needs token and JSON',
    async ({ id, method }) => {
      const { cookie, csrfToken } = await signIn();
      const { path, body } = await apiCalls[id](server, `csrf-${id}-systemadmin`.toLowerCase());
      const call = async (headers: Record<string, string>) => {
        const text = body === undefined && method === 'DELETE' ? {} : { body: JSON.stringify(body ?? {}) };
        const response = await fetch(`${server.url}${path}`, {
          method,
          headers: { cookie, ...headers },
          ...text,
        });
        return response.status;
      };
      expect(await call(json)).toBe(403);
      expect(await call({ ...json, 'x-pratique-csrf': 'x' })).toBe(403);
      expect(await call({ 'content-type': 'text/plain', 'x-pratique-csrf': csrfToken })).toBe(403);
      expect(await call({ 'content-type': 'application/x-www-form-urlencoded' })).toBe(403);
      expect(await call({ 'x-pratique-csrf': csrfToken, ...(method === 'DELETE' ? {} : json) })).toBeLessThan(
        300,
      );
    },
  );

  test('signing in takes JSON only', async () => {
    const body = JSON.stringify({ username: 'guest', password: server.password });
    const headers = { 'content-type': 'text/plain' };
    expect((await fetch(`${server.url}/session`, { method: 'POST', headers, body })).status).toBe(415);
  });
});

describe('guessing passwords', () => {
  test('the 11th wrong try is 429 with Retry-After, also over Basic', async () => {
    const statuses: number[] = [];
    for (let attempt = 0; attempt < 12; attempt += 1) {
      const response = await fetch(`${server.url}/session`, {
        method: 'POST',
        headers: json,
        body: JSON.stringify({ username: 'auditor', password: `wrong ${attempt}` }),
      });
      statuses.push(response.status);
      if (response.status === 429) expect(Number(response.headers.get('retry-after'))).toBeGreaterThan(0);
    }
    expect(statuses).toEqual([...Array.from({ length: 10 }, () => 401), 429, 429]);
    const headers = { authorization: basic('auditor:still wrong') };
    expect((await fetch(`${server.url}/namespaces`, { headers })).status).toBe(429);
  });
});
