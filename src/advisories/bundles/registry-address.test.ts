import { expect, it } from 'vitest';
import { parseRegistryAddress } from './registry-address.ts';

it.each([
  ['oci://registry.example.org/team/advisories', 'https://registry.example.org', 'latest'],
  ['oci://registry.example.org:8443/a/b/c:v1', 'https://registry.example.org:8443', 'v1'],
  ['oci+http://registry.example.org/a/b:v1', 'http://registry.example.org', 'v1'],
  ['oci://[::1]:5000/a/b', 'http://[::1]:5000', 'latest'],
  [`oci://localhost/a/b@sha256:${'0'.repeat(64)}`, 'http://localhost', `sha256:${'0'.repeat(64)}`],
])('parseRegistryAddress() reads %s', (text, origin, reference) => {
  expect(parseRegistryAddress(text)).toMatchObject({ text, origin, reference });
});

it.each([
  'oci://',
  'oci://host',
  'oci://host/UPPER',
  'oci://u:p@host/a',
  'oci://host/a:b:c',
  'oci://host/a@sha256:0',
  'https://host/a',
])('parseRegistryAddress() refuses %s', (text) => {
  expect(() => parseRegistryAddress(text)).toThrow('it must be oci://host');
});
