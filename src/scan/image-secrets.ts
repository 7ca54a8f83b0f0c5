import type { InspectedSecrets } from '../inspection/inspect-secrets.ts';
import type { SecretFact, SecretFacts } from '../report/image-secrets.ts';
import { addCounts, factLimits, keepWithin } from '../report/keep-within.ts';

/** What policy judges: one fact per rule and path. `findings` are worst first. */
export function secretFacts({
  findings,
  omitted,
}: Pick<InspectedSecrets, 'findings' | 'omitted'>): SecretFacts {
  const facts = new Map<string, SecretFact>();
  for (const { rule, title, type, severity, path, line } of findings) {
    const key = `${rule}\n${path}`;
    const known = facts.get(key);
    facts.set(
      key,
      known === undefined
        ? { rule, title, type, severity, path, line, count: 1 }
        : { ...known, count: known.count + 1 },
    );
  }
  const { kept, omitted: left } = keepWithin([...facts.values()], factLimits);
  return { found: kept, omitted: addCounts(omitted, left) };
}
