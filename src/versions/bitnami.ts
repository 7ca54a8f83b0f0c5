import type { SemVer } from 'semver';
import { parsedOrder } from './_parsed-order.ts';
import { semverRules } from './_semver-rules.ts';

/**
 * Order of Bitnami's packages: semantic versions, as the ranges of their advisories are by rule (OSV schema, `SEMVER`). Yet Bitnami numbers
 * its own builds behind the hyphen, and there `1.2.3-4` is newer than `1.2.3` (its `go-version`): such two are undetermined.
 * Not so beside `1.2.3-0`, before which no build of `1.2.3` was, nor beside words (`1.2.3-rc1`), which number no builds.
 *
 * What is numbered by days is written with zeros by some records and without by others (minio's `2022.11.08` and `2022.6.23`).
 */
export const bitnamiOrder = parsedOrder({
  ...semverRules,
  parse: (text) => semverRules.parse(text.replace(paddedNumbers, '$1$2.$3.$4')),
  isPartial: true,
  compare: (left, right) =>
    isLaterBuild(left, right) || isLaterBuild(right, left)
      ? 'undetermined'
      : semverRules.compare(left, right),
});

/** The three numbers of a version, with or without zeros before them. */
const paddedNumbers = /^(v?)0*(0|[1-9]\d*)\.0*(0|[1-9]\d*)\.0*(0|[1-9]\d*)(?!\d)/;

/** Whether `build` is one of `version`, and not the first. */
function isLaterBuild(build: SemVer, version: SemVer): boolean {
  const [number] = build.prerelease;
  const isBuild = typeof number === 'number' && number > 0 && version.prerelease.length === 0;
  return isBuild && build.compareMain(version) === 0;
}
