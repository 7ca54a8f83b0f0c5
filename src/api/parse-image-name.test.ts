import { expect, test } from 'vitest';
import { parseImageName } from './parse-image-name.ts';

const digest = `sha256:${'a'.repeat(64)}`;

test.each([
  ['demo/app:1.0', 'demo', 'app', '1.0'],
  ['demo/app', 'demo', 'app', 'latest'],
  ['demo/team/app:1.0', 'demo', 'team/app', '1.0'],
  ['localhost:5000/demo/app:1.0', 'demo', 'app', '1.0'],
  ['registry.example/demo/app', 'demo', 'app', 'latest'],
  ['localhost/demo/app', 'demo', 'app', 'latest'],
  [`demo/app@${digest}`, 'demo', 'app', digest],
  [`demo/app:1.0@${digest}`, 'demo', 'app', digest],
])('parseImageName() reads %s', (text, namespace, repository, wanted) => {
  const name = parseImageName(text);
  expect(name).toMatchObject({ namespace, repository });
  expect(name?.reference.kind === 'digest' ? name.reference.digest : name?.reference.tag).toBe(wanted);
});

test.each([
  '',
  'app',
  'demo/',
  '/app',
  'demo/App',
  'demo/app:',
  'demo/app:a b',
  'demo/app@sha256:AB',
  'demo//app',
  'demo/../app',
])('parseImageName() refuses %j', (text) => {
  expect(parseImageName(text)).toBeUndefined();
});
