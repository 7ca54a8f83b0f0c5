import { chatRules } from './rules/chat.ts';
import { cloudRules } from './rules/cloud.ts';
import { codeHostRules } from './rules/code-hosts.ts';
import { credentialRules } from './rules/credentials.ts';
import { packageRegistryRules } from './rules/package-registries.ts';
import { paymentRules } from './rules/payment.ts';
import { saasRules } from './rules/saas.ts';
import type { SecretRule } from './secret-rule.ts';

/** Every rule there is, the surest first: where two find the same text, the first one names it. */
export const secretRules: readonly SecretRule[] = [
  ...cloudRules,
  ...codeHostRules,
  ...packageRegistryRules,
  ...chatRules,
  ...paymentRules,
  ...saasRules,
  ...credentialRules,
];
