import { expect, it } from 'vitest';
import { isTokenServiceOf } from './token-service.ts';

it.each([
  ['https://registry-1.docker.io', 'https://auth.docker.io/token', true],
  ['https://registry.example.org:5050', 'https://gitlab.example.org/jwt/auth', true],
  ['https://ghcr.io', 'https://ghcr.io/token', true],
  ['https://registry.corp.co.uk', 'https://auth.corp.co.uk/', true],
  ['http://127.0.0.1:5000', 'http://localhost:5000/token', true],
  ['http://registry.example.org', 'https://auth.example.org/', true],
  ['https://registry.example.org', 'http://auth.example.org/', false],
  ['https://registry.example.org', 'https://example.net/', false],
  ['https://registry.example.org', 'https://example.org.evil.net/', false],
  ['https://registry.example.org', 'https://evilexample.org/', false],
  ['https://evil.co.uk', 'https://bank.co.uk/', false],
  ['https://registry.example.org', 'https://203.0.113.7/', false],
  ['http://203.0.113.7:5000', 'http://203.0.113.7:5001/', false],
  ['http://203.0.113.7:5000', 'http://203.0.113.8:5000/', false],
  ['http://127.0.0.1:5000', 'http://127.0.0.1:5001/token', false],
  ['https://registry', 'https://auth/', false],
  ['https://registry.example.org', 'https://localhost/', false],
])('isTokenServiceOf() of %s says of %s: %s (threats.md B3)', (origin, realm, expected) => {
  expect(isTokenServiceOf(origin, new URL(realm))).toBe(expected);
});
