import type { components } from './schema.ts';

/** The server's answers under the names of its OpenAPI document. */
type Schemas = components['schemas'];

export type Image = Schemas['Image'];
export type ImageDetails = Schemas['ImageDetails'];
export type Scan = Schemas['Scan'];
export type Doubt = Schemas['Doubt'];
export type Verdict = Schemas['Verdict'];
export type Reason = Verdict['reasons'][number];
export type SeveritySummary = Schemas['SeveritySummary'];
export type Severity = Finding['severity'];
export type Finding = Schemas['Finding'];
export type SeveritySource = Finding['ratings'][number]['source'];
/** A source, or `highest`: whichever rates worst. */
export type SeverityChoice = Namespace['severityOrder'][number];
export type SecretFinding = Schemas['SecretFinding'];
export type MalwareFinding = Schemas['MalwareFinding'];
export type MalwareEngine = Schemas['MalwareEngine'];
export type SbomFormat = Schemas['SbomToAttach']['format'];
export type ImagePackage = Schemas['ImagePackage'];
export type FindingChange = Schemas['FindingChange'];
export type Vulnerability = Schemas['Vulnerability'];
export type SearchAnswer = Schemas['Search'];
export type HeldPackage = Schemas['HeldPackage'];
export type OpenVulnerability = Schemas['OpenVulnerability'];
export type Comparison = Schemas['Comparison'];
export type ComparedFinding = Schemas['ComparedFinding'];
export type ComparedPackage = Schemas['ComparedPackage'];
export type Namespace = Schemas['Namespace'];
export type Policy = Schemas['Policy'];
export type PolicyChange = Schemas['PolicyChange'];
export type PolicyPreview = Schemas['PolicyPreview'];
export type Exemption = Schemas['Exemption'];
export type ExemptionCreate = Schemas['ExemptionCreate'];
export type ImmutabilityRule = Schemas['ImmutabilityRule'];
export type ImmutabilityRuleCreate = Schemas['ImmutabilityRuleCreate'];
export type ImmutabilityPreview = Schemas['ImmutabilityPreview'];
export type Member = Schemas['Member'];
export type Role = Member['role'];
export type AuditEvent = Schemas['Event'];
export type Feed = Schemas['Feed'];
export type AdvisoryBundle = Schemas['AdvisoryBundle'];
export type FeedUpdate = Schemas['FeedUpdate'];
export type Repository = Schemas['Repository'];
export type AccessToken = Schemas['AccessToken'];
export type AccessTokenCreate = Schemas['AccessTokenCreate'];
export type Robot = Schemas['Robot'];
export type RobotGrant = Schemas['RobotGrant'];
export type OpenSession = Schemas['OpenSession'];
export type RobotSecret = Schemas['RobotSecret'];
export type RobotSecretCreate = Schemas['RobotSecretCreate'];
export type Webhook = Schemas['Webhook'];
export type WebhookCreate = Schemas['WebhookCreate'];
export type WebhookChange = Schemas['WebhookChange'];
export type WebhookDelivery = Schemas['WebhookDelivery'];
export type User = Schemas['User'];
export type Session = Schemas['Session'];
export type System = Schemas['System'];

export interface Page<Item> {
  readonly items: readonly Item[];
  readonly nextCursor: string | null;
  readonly total: number;
  readonly totalIsEstimate?: boolean;
  readonly totalIsMinimum?: boolean;
}
