import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { parseScopes, scopesMax } from './parse-scope.ts';

const read = (...texts: string[]) => {
  const { repositories, catalog } = parseScopes(texts);
  return { catalog, repositories: repositories.map(({ name, actions }) => [name.full, [...actions]]) };
};

describe('parseScopes()', () => {
  it.each([
    ['repository:ns/app:pull', [['ns/app', ['pull']]]],
    [
      'repository:ns/app:push,pull repository:ns/b:pull',
      [
        ['ns/app', ['push', 'pull']],
        ['ns/b', ['pull']],
      ],
    ],
    ['repository:ns/app:pull repository:ns/app:push', [['ns/app', ['pull', 'push']]]],
    ['repository:ns/app:*', [['ns/app', ['pull', 'push', 'delete']]]],
    ['repository:ns/app:admin', [['ns/app', []]]],
    ['repository:busybox:pull', []],
    ['repository:NS/app:pull', []],
    ['repository:ns/../x:pull', []],
    ['repository:ns%2Fapp:pull', []],
    ['repository(plugin):ns/app:pull', []],
    ['repository:host:5000/ns/app:pull', []],
    ['repository:ns/app', []],
    ['registry:catalog:pull', []],
    ['', []],
  ])('reads %j', (text, repositories) => {
    expect(read(text)).toEqual({ catalog: false, repositories });
  });

  it('reads several parameters and the catalog', () => {
    expect(read('registry:catalog:*', 'repository:a/b:pull')).toEqual({
      catalog: true,
      repositories: [['a/b', ['pull']]],
    });
  });

  it(`looks at ${scopesMax} scopes at most`, () => {
    const texts = Array.from({ length: 500 }, (_, number) => `repository:ns/r${number}:pull`);
    expect(parseScopes(texts).repositories).toHaveLength(scopesMax);
  });

  it('gives only names and actions that exist, for any text (A8)', () => {
    const words = fc.constantFrom(
      'repository',
      ':',
      ',',
      ' ',
      '*',
      'pull',
      'push',
      'a/b',
      '..',
      '%2F',
      'A',
      'registry',
    );
    fc.assert(
      fc.property(fc.array(fc.oneof(words, fc.string()), { maxLength: 20 }), (parts) => {
        for (const { name, actions } of parseScopes([parts.join('')]).repositories) {
          expect(name.full).toMatch(/^[a-z0-9._-]+(?:\/[a-z0-9._-]+)+$/);
          for (const action of actions) expect(['pull', 'push', 'delete']).toContain(action);
        }
      }),
      { numRuns: 2_000 },
    );
  });
});
