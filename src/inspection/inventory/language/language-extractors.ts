import type { Extractor } from '../extractor.ts';
import { bitnamiExtractor } from './bitnami.ts';
import { conanLockExtractor } from './conan-lock.ts';
import { dartLockExtractor } from './dart-lock.ts';
import { dotnetExtractor, nugetLockExtractor } from './dotnet.ts';
import { goLockExtractor } from './go-lock.ts';
import { haskellLockExtractor } from './haskell-lock.ts';
import { hexLockExtractor } from './hex-lock.ts';
import { javaExtractor } from './java.ts';
import { juliaLockExtractor } from './julia-lock.ts';
import { npmExtractor } from './npm.ts';
import { npmLockExtractor } from './npm-lock.ts';
import { composerLockExtractor, phpExtractor } from './php.ts';
import { pnpmLockExtractor } from './pnpm-lock.ts';
import { pythonExtractor } from './python.ts';
import { pythonLockExtractor } from './python-lock.ts';
import { rExtractor, rLockExtractor } from './r.ts';
import { gemfileLockExtractor, rubyExtractor } from './ruby.ts';
import { rustLockExtractor } from './rust-lock.ts';
import { swiftLockExtractor } from './swift-lock.ts';
import { yarnLockExtractor } from './yarn-lock.ts';

/** Readers of what package managers of languages install, and of their lock files. */
export const languageExtractors: readonly Extractor[] = [
  npmExtractor,
  npmLockExtractor,
  yarnLockExtractor,
  pnpmLockExtractor,
  pythonExtractor,
  pythonLockExtractor,
  javaExtractor,
  rubyExtractor,
  gemfileLockExtractor,
  phpExtractor,
  composerLockExtractor,
  dotnetExtractor,
  nugetLockExtractor,
  rustLockExtractor,
  goLockExtractor,
  dartLockExtractor,
  hexLockExtractor,
  swiftLockExtractor,
  conanLockExtractor,
  rExtractor,
  rLockExtractor,
  juliaLockExtractor,
  haskellLockExtractor,
  bitnamiExtractor,
];

/** Whether a file at this path may name a language package: such a one may belong to the distribution. */
export function isLanguagePath(path: string): boolean {
  return languageExtractors.some((extractor) => extractor.wants(path));
}
