import { expect, it } from 'vitest';
import { parseConfig } from './parse-config.ts';

const diffId = `sha256:${'b'.repeat(64)}`;

it('parseConfig() reads platform, diff ids and history', () => {
  const config = {
    architecture: 'arm64',
    os: 'linux',
    variant: 'v8',
    created: '2026-01-02T03:04:05Z',
    config: { Env: ['A=b'], Labels: { Os: 'x' } },
    rootfs: { type: 'layers', diff_ids: [diffId] },
    history: [
      { created: '2026-01-02T03:04:05Z', created_by: 'ADD rootfs' },
      { created_by: 'ENV A=b', empty_layer: true, comment: 'buildkit' },
    ],
  };
  expect(parseConfig(Buffer.from(JSON.stringify(config)))).toEqual({
    kind: 'ok',
    config: {
      architecture: 'arm64',
      os: 'linux',
      variant: 'v8',
      createdAt: '2026-01-02T03:04:05Z',
      diffIds: [diffId],
      history: [
        { createdBy: 'ADD rootfs', createdAt: '2026-01-02T03:04:05Z', emptyLayer: false },
        { createdBy: 'ENV A=b', comment: 'buildkit', emptyLayer: true },
      ],
      texts: [
        { kind: 'text', place: 'config:architecture', value: 'arm64' },
        { kind: 'text', place: 'config:os', value: 'linux' },
        { kind: 'text', place: 'config:variant', value: 'v8' },
        { kind: 'text', place: 'config:created', value: '2026-01-02T03:04:05Z' },
        { kind: 'variable', place: 'config:env/A', name: 'A', value: 'b' },
        { kind: 'variable', place: 'config:label/Os', name: 'Os', value: 'x' },
        { kind: 'command', place: 'config:history/0', value: '2026-01-02T03:04:05Z' },
        { kind: 'command', place: 'config:history/0', value: 'ADD rootfs' },
        { kind: 'command', place: 'config:history/1', value: 'ENV A=b' },
        { kind: 'command', place: 'config:history/1', value: 'buildkit' },
      ],
    },
  });
});

it.each([
  '{}',
  '{"rootfs":{}}',
  '{"rootfs":{"diff_ids":["sha256:x"]}}',
  '{"rootfs":{"diff_ids":[]},"RootFS":{"diff_ids":[]}}',
  '{"rootfs":{"diff_ids":[],"Diff_Ids":[]}}',
  '{"rootfs":{"diff_ids":[]},"history":{}}',
  '[]',
])('parseConfig() refuses %s', (text) => {
  expect(parseConfig(Buffer.from(text))).toMatchObject({ kind: 'invalid' });
});

it('parseConfig() takes a config without history', () => {
  expect(parseConfig(Buffer.from('{"rootfs":{"diff_ids":null},"history":null}'))).toMatchObject({
    kind: 'ok',
    config: { diffIds: [], history: [], os: '', architecture: '' },
  });
});
