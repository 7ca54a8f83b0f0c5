import Type, { type Static } from 'typebox';
import { FromBase } from './base-image.ts';
import { closed, component, Instant } from './component.ts';
import { Exempted, FileFate, FileLayer } from './file-finding.ts';
import { pageQuery } from './page.ts';
import { SeverityName } from './severity.ts';

export const SecretTypeName = Type.Enum([
  'cloud',
  'code-host',
  'package-registry',
  'chat',
  'payment',
  'service',
  'database',
  'private-key',
  'token',
  'password',
]);

/** A credential in an image; its value is nowhere kept. */
export const SecretFinding = component('SecretFinding', {
  kind: Type.Literal('secret'),
  rule: Type.String({ description: 'Exemptions name it as secret:<rule>' }),
  title: Type.String(),
  type: SecretTypeName,
  severity: SeverityName,
  masked: Type.String({ description: 'At most the first two characters, then asterisks' }),
  path: Type.String({ description: 'Of a file, or of the config: config:env/NAME, config:history/3, …' }),
  line: Type.Integer(),
  layer: Type.Union([FileLayer, Type.Null()], {
    description: 'Null: it stands in the config of the image',
  }),
  fromBase: FromBase,
  fate: FileFate,
  firstSeenAt: Instant,
  exempted: Exempted,
});
export type SecretFinding = Static<typeof SecretFinding>;

export const SecretQuery = closed({
  ...pageQuery,
  severity: Type.Optional(SeverityName),
  type: Type.Optional(SecretTypeName),
  exempted: Type.Optional(Type.Boolean()),
  q: Type.Optional(Type.String({ maxLength: 255, description: 'Part of a rule, a title or a path' })),
});
export type SecretQuery = Static<typeof SecretQuery>;
