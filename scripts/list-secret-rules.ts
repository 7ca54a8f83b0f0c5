import { secretRules } from '../src/inspection/secrets/secret-rules.ts';
import { secretVariable } from '../src/inspection/secrets/secret-variables.ts';

/** The table of docs/secret-rules.md: `node scripts/list-secret-rules.ts > docs/secret-rules.md`. */
export function secretRulesDocument(): string {
  const rules = [...secretRules, { ...secretVariable, id: secretVariable.rule }];
  const rows = rules.map(
    ({ id, title, type, severity }) => `| \`${id}\` | ${title} | ${type} | ${severity} |`,
  );
  return `# Secrets that are found

Made by \`node scripts/list-secret-rules.ts > docs/secret-rules.md\`. An exemption names a rule as \`secret:<rule>\`.

| rule | what | type | severity |
|---|---|---|---|
${rows.join('\n')}
`;
}

if (import.meta.main) process.stdout.write(secretRulesDocument());
