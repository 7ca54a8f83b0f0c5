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
