import Type, { type Static } from 'typebox';
import { closed, component } from './component.ts';
import { FixedSource } from './fix-source.ts';
import { MalwareEngineName, MalwareTypeName } from './malware.ts';
import { SecretTypeName } from './secret.ts';
import { SeverityName } from './severity.ts';

/** Why a pull is refused or warned of; of one of the four kinds. */
export const Reason = Type.Union([
  component('VulnerabilityReason', {
    kind: Type.Literal('vulnerability'),
    id: Type.String(),
    severity: SeverityName,
    packageName: Type.String(),
    installedVersion: Type.String(),
    fixedVersion: Type.Optional(Type.String()),
    fixedSource: Type.Optional(FixedSource),
    knownExploited: Type.Boolean(),
  }),
  component('SecretReason', {
    kind: Type.Literal('secret'),
    rule: Type.String(),
    title: Type.String(),
    type: SecretTypeName,
    severity: SeverityName,
    path: Type.String(),
    line: Type.Integer({ description: 'Of the first' }),
    count: Type.Integer({ description: 'Secrets of the rule at the path' }),
  }),
  component('MalwareReason', {
    kind: Type.Literal('malware'),
    signature: Type.String(),
    engine: MalwareEngineName,
    type: MalwareTypeName,
    severity: SeverityName,
    path: Type.String(),
    layerIndex: Type.Integer({ description: 'Of the lowest layer that has it' }),
    count: Type.Integer({ description: 'Layers that have it at the path' }),
  }),
  component('StateReason', {
    kind: Type.Literal('state'),
    state: Type.Enum(['pending', 'failed', 'incomplete', 'unsupported', 'undetermined']),
    message: Type.String(),
  }),
]);

export const VerdictKind = Type.Enum(['allow', 'warn', 'hold', 'block']);

/** What the gate would do with a pull now; at most 5 reasons, worst first, `reasonCount` counts all. */
export const Verdict = component('Verdict', {
  kind: VerdictKind,
  reasons: Type.Array(Reason),
  reasonCount: Type.Integer(),
  exempted: Type.Integer({ description: 'Findings that the allowlist took out of the judgement' }),
  holdSeconds: Type.Optional(Type.Integer()),
});
export type Verdict = Static<typeof Verdict>;

export const VerdictQuery = closed({
  image: Type.String({ minLength: 1, maxLength: 512, examples: ['demo/app:1.0', 'demo/app@sha256:…'] }),
  wait: Type.Optional(Type.Integer({ minimum: 0, maximum: 300, description: 'Seconds to wait for a scan' })),
});

/** The gate's answer for one image, with all reasons. */
export const ImageVerdict = component('ImageVerdict', {
  verdict: VerdictKind,
  reasons: Type.Array(Reason),
  exempted: Type.Integer(),
  digest: Type.String(),
  reportUrl: Type.String(),
});
