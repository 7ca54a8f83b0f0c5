import type { Doubt } from '../../report/scan-state.ts';
import type { FoundPackage } from './found.ts';
import { isLanguageManager } from './package-managers.ts';

/** Whose builds of others' packages bear a mark, by which they are known. */
interface Rebuilder {
  readonly name: string;
  readonly built: (found: FoundPackage) => boolean;
}

/*
 * Docker: `1.2-1dhi1`. Root: names of its own (`rootio-curl`, `@rootio/lodash`, `rootio_django`, `io.root.…`) or versions of
 * its own (`….root.io.6`, `…+root.io.1`; `-r10071` of Alpine), https://docs.root.io. Seal Security: `seal-openssl`,
 * https://docs.sealsecurity.io. TuxCare: `….tuxcare.els1`, https://docs.tuxcare.com.
 */
const rebuilders: readonly Rebuilder[] = [
  { name: 'Docker', built: (found) => isOfSystem(found) && /dhi\d+$/.test(found.version) },
  { name: 'Root', built: isBuiltByRoot },
  { name: 'Seal Security', built: (found) => isOfSystem(found) && found.name.startsWith('seal-') },
  { name: 'TuxCare', built: ({ version }) => /[.+~-]tuxcare\b/.test(version) },
];

function isBuiltByRoot({ manager, name, version }: FoundPackage): boolean {
  if (/[.+-]root\.io(?:\.\d+)?$/.test(version)) return true;
  if (manager === 'apk' && /-r\d007\d$/.test(version)) return true;
  return /^(?:rootio[-_]|@rootio\/|io\.root\.)/.test(name);
}

function isOfSystem({ manager }: FoundPackage): boolean {
  return !isLanguageManager(manager);
}

/**
 * Packages that others built anew, with patches and under numbers of their own: advisories of the distribution or the language
 * may not know them by their names, and those of their builders (OSV: `Docker Hardened Images`, `Root`, `TuxCare`) are not read.
 */
export function rebuiltPackagesDoubts(packages: readonly FoundPackage[]): readonly Doubt[] {
  return rebuilders.flatMap((rebuilder) => {
    const built = packages.filter((found) => rebuilder.built(found));
    const [first] = built;
    if (first === undefined) return [];
    const others = built.length === 1 ? '' : ` and ${built.length - 1} more`;
    const message = `${first.name}${others} built by ${rebuilder.name}: no advisories for its builds are read`;
    return [{ code: 'rebuilt-packages', message }];
  });
}
