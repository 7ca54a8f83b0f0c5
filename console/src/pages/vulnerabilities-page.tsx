import { useSystem } from '../api/advisories.ts';
import { useOpenVulnerabilities } from '../api/searches.ts';
import { PageHead } from '../layout/page-head.tsx';
import { NoAdvisories } from '../parts/no-advisories.tsx';
import { OpenVulnerabilityTable } from '../parts/open-vulnerability-table.tsx';
import { totalInWords } from '../parts/total-in-words.ts';
import { useSearchState } from '../parts/use-search-state.ts';

function sentence(all: Parameters<typeof totalInWords>[0] | undefined) {
  if (all === undefined) return 'Vulnerabilities';
  if (all.total === 0) return 'No image has an open vulnerability.';
  return `${totalInWords(all)} open ${all.total === 1 ? 'vulnerability' : 'vulnerabilities'}, each counted once`;
}

/** Every open vulnerability of what the account may see, and how many images each affects. */
export function VulnerabilitiesPage() {
  const system = useSystem();
  const state = useSearchState();
  const all = useOpenVulnerabilities({ limit: 1 });
  return (
    <>
      <PageHead title="Vulnerabilities" verdict={sentence(all.data)} />
      {system.data?.counts.advisories === 0 && <NoAdvisories />}
      <OpenVulnerabilityTable state={state} />
    </>
  );
}
