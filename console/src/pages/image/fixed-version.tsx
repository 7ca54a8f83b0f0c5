import type { Finding } from '../../api/answers.ts';
import { FixedIn } from '../../parts/fixed-in.tsx';

const words: Readonly<Record<Finding['fixState'], string>> = {
  fixed: 'fixed',
  'not-fixed': 'none yet',
  'wont-fix': 'won’t fix',
  'end-of-life': 'end of life',
};

/** The version to upgrade to, or why there is none. */
export function FixedVersion({ finding }: { finding: Finding }) {
  const { fixedVersion, fixState, undetermined } = finding;
  if (fixedVersion !== null) return <FixedIn version={fixedVersion} source={finding.package.source?.name} />;
  // A version that nobody can compare is below or above the fixed one, nobody knows.
  return <span className="pq-dim">{undetermined ? 'could not tell' : words[fixState]}</span>;
}
