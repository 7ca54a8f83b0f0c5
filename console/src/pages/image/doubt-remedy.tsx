import { Link } from 'react-router';
import type { Doubt } from '../../api/answers.ts';

type RemedyKind =
  | 'next-scan'
  | 'supported-release'
  | 'known-distribution'
  | 'package-database'
  | 'java-archives'
  | 'builders-word'
  | 'feeds';

/** What takes a doubt away; undefined when nothing that people can do. */
export function remedyKindOf(code: Doubt['code']): RemedyKind | undefined {
  switch (code) {
    case 'end-of-life':
      return 'supported-release';
    case 'unknown-distribution':
    case 'unsupported-distribution':
      return 'known-distribution';
    case 'renamed-distribution':
      return 'next-scan';
    case 'rebuilt-packages':
      return 'builders-word';
    case 'no-package-database':
      return 'package-database';
    case 'guessed-archive':
      return 'java-archives';
    case 'no-data-for-release':
    case 'data-older-than-image':
    case 'feed-missing':
    case 'feed-failed':
    case 'feed-stale':
      return 'feeds';
    default:
      return undefined;
  }
}

/** The remedy as a sentence. */
export function DoubtRemedy({ kind }: { kind: RemedyKind }) {
  switch (kind) {
    case 'supported-release':
      return 'Build it again on a release that is still supported.';
    case 'known-distribution':
      return 'Build it on a distribution that the advisories cover.';
    case 'next-scan':
      return 'A scan is queued behind others; to have it at once, scan the image again.';
    case 'package-database':
      return 'Build it on a base that leaves its package database in the image.';
    case 'java-archives':
      return 'Let the server know published Java archives (PRATIQUE_JAVA_SHA1), and scan it again.';
    case 'builders-word':
      return 'Ask who built them what they fix, or use the packages of the distribution or the language itself.';
    case 'feeds':
      return (
        <>
          Bring the <Link to="/advisories">advisories</Link> up to date.
        </>
      );
  }
}
