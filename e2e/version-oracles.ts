import { execFile } from 'node:child_process';
import { existsSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { promisify } from 'node:util';
import type { VersionPair } from '../src/testing/samples/version-pairs.ts';
import type { Comparison } from '../src/versions/version-order.ts';

/** What a packaging tool says; `invalid` where it reads one of the two as no version. */
export type OracleAnswer = Exclude<Comparison, 'undetermined'> | 'invalid';

/** A packaging tool's own comparison. Versions must not contain white space. */
export interface VersionOracle {
  /**
   * Why it cannot be asked here; undefined when it can. What only a registry has is fetched for that, once. With CI=true a tool
   * of Debian must be there: its absence throws.
   */
  missing(): Promise<string | undefined>;
  compare(pairs: readonly VersionPair[]): Promise<readonly OracleAnswer[]>;
}

const answers: Readonly<Record<string, OracleAnswer>> = {
  '-1': 'less',
  '0': 'equal',
  '1': 'greater',
  '?': 'invalid',
};

/** PyPA's `packaging`, without the labels of local builds: of Debian's python3-packaging. */
export const packagingOracle = scriptOracle({
  needs: ['/usr/bin/python3', '/usr/lib/python3/dist-packages/packaging/version.py'],
  program: '/usr/bin/python3',
  script: ['-c', 'SCRIPT'],
  source: `
import sys
from packaging.version import Version, InvalidVersion
for line in sys.stdin:
    try:
        a, b = (Version(Version(text).public) for text in line.rstrip("\\n").split(" "))
        print((a > b) - (a < b))
    except InvalidVersion:
        print("?")
`,
});

/** `Gem::Version` of Debian's ruby. */
export const rubygemsOracle = scriptOracle({
  needs: ['/usr/bin/ruby'],
  program: '/usr/bin/ruby',
  script: ['-e', 'SCRIPT'],
  source: `
STDIN.each_line do |line|
  a, b = line.chomp.split(" ", 2)
  puts(Gem::Version.correct?(a) && Gem::Version.correct?(b) ? Gem::Version.new(a) <=> Gem::Version.new(b) : "?")
end
`,
});

/** Composer's parser and PHP's comparison: of Debian's php-composer-semver. Branches count as no versions. */
export const composerOracle = scriptOracle({
  needs: ['/usr/bin/php', '/usr/share/php/Composer/Semver/autoload.php'],
  program: '/usr/bin/php',
  script: ['-r', 'SCRIPT'],
  source: `
require '/usr/share/php/Composer/Semver/autoload.php';
$parser = new Composer\\Semver\\VersionParser();
foreach (file('php://stdin', FILE_IGNORE_NEW_LINES) as $line) {
  try {
    [$a, $b] = array_map(function ($text) use ($parser) {
      $normal = $parser->normalize($text);
      if (strpos($normal, 'dev-') === 0 || strpos($normal, '9999999') !== false) throw new UnexpectedValueException();
      return $normal;
    }, explode(' ', $line));
    echo version_compare($a, $b), "\\n";
  } catch (UnexpectedValueException $error) {
    echo "?\\n";
  }
}
`,
});

const alpmLibrary = '/usr/lib/x86_64-linux-gnu/libalpm.so.13';

/** `alpm_pkg_vercmp()` of Debian's libalpm13, which is what pacman's vercmp prints; it reads everything. */
export const alpmOracle = scriptOracle({
  needs: ['/usr/bin/python3', alpmLibrary],
  program: '/usr/bin/python3',
  script: ['-c', 'SCRIPT'],
  source: `
import ctypes, sys
compare = ctypes.CDLL("${alpmLibrary}").alpm_pkg_vercmp
compare.argtypes = [ctypes.c_char_p, ctypes.c_char_p]
for line in sys.stdin.buffer:
    a, b = line.rstrip(b"\\n").split(b" ")
    difference = compare(a, b)
    print((difference > 0) - (difference < 0))
`,
});

const mavenJar = '/usr/share/java/maven-artifact-3.x.jar';
/** Bounds the length of a command line. */
const mavenPairsMax = 10_000;

/** `ComparableVersion` of Debian's Maven 3.8, the code of which is that of 3.9.16; it has a command line of its own. */
export const mavenOracle: VersionOracle = {
  missing: async () => missingOf([mavenJar, '/usr/bin/java']),
  async compare(pairs) {
    const all: OracleAnswer[] = [];
    for (let start = 0; start < pairs.length; start += mavenPairsMax) {
      const some = pairs.slice(start, start + mavenPairsMax).flat();
      const main = 'org.apache.maven.artifact.versioning.ComparableVersion';
      const { stdout } = await promisify(execFile)('/usr/bin/java', ['-cp', mavenJar, main, ...some], {
        maxBuffer: 2 ** 28,
      });
      // It compares each with the one before, so every other line is about two pairs.
      const signs = [...stdout.matchAll(/^ {3}\S+ (<|==|>) \S+$/gm)].map(([, sign = '']) => sign);
      const words: Readonly<Record<string, OracleAnswer>> = { '<': 'less', '==': 'equal', '>': 'greater' };
      for (const [index, sign] of signs.entries()) if (index % 2 === 0) all.push(words[sign] ?? 'invalid');
    }
    return complete(pairs, all);
  },
};

/** `Dpkg::Version` of Debian's dpkg-dev, by dpkg's own authors. Where no digit begins a version dpkg only warns. */
export const dpkgOracle = scriptOracle({
  needs: ['/usr/bin/perl', '/usr/share/perl5/Dpkg/Version.pm'],
  program: '/usr/bin/perl',
  script: ['-MDpkg::Version', '-e', 'SCRIPT'],
  source: `
sub isVersion {
  my $withDigit = $_[0] =~ s{^(?:(\\d+:)(?=\\D)|(?=[^\\d:]))}{($1 // "") . "0"}er;
  return scalar((version_check($withDigit))[0]);
}
while (<STDIN>) {
  my ($a, $b) = split;
  print isVersion($a) && isVersion($b) ? Dpkg::Version->new($a) <=> Dpkg::Version->new($b) : "?", "\\n";
}
`,
});

/** `compareVersion()` of Debian's r-base-core, of what R calls a package's version. */
export const cranOracle = scriptOracle({
  needs: ['/usr/bin/Rscript'],
  program: '/usr/bin/Rscript',
  script: ['--vanilla', '-e', 'SCRIPT'],
  source: `
pairs <- strsplit(readLines("stdin"), " ", fixed = TRUE)
pattern <- sprintf("^%s$", .standard_regexps()$valid_package_version)
isInteger <- function(numbers) !anyNA(suppressWarnings(as.integer(numbers)))
isVersion <- function(pair) all(grepl(pattern, pair)) && isInteger(unlist(strsplit(pair, "[.-]")))
isRead <- vapply(pairs, isVersion, NA)
answers <- rep("?", length(pairs))
answers[isRead] <- vapply(pairs[isRead], function(pair) utils::compareVersion(pair[1], pair[2]), 0)
writeLines(answers)
`,
});

/** Elixir's `Version`, which Hex uses: of Debian's elixir. */
export const hexOracle = scriptOracle({
  needs: ['/usr/bin/elixir'],
  program: '/usr/bin/elixir',
  script: ['-e', 'SCRIPT'],
  source: `
IO.stream(:stdio, :line)
|> Enum.map(fn line ->
  with [a, b] <- String.split(line), {:ok, a} <- Version.parse(a), {:ok, b} <- Version.parse(b) do
    %{lt: "-1", eq: "0", gt: "1"}[Version.compare(a, b)]
  else
    _ -> "?"
  end
end)
|> Enum.join("\\n")
|> IO.puts()
`,
});

/**
 * `Data.Version` of Debian's hugs, a small Haskell. Numbers between dots are split here, as its parser takes long; everything else is
 * left to that. It reads zeros before a number, many digits, and tags behind a hyphen, which Cabal refuses, and so does this.
 */
export const hackageOracle = scriptOracle({
  needs: ['/usr/bin/runhugs', '/usr/lib/hugs/packages/base/Data/Version.hs'],
  program: '/usr/bin/runhugs',
  script: ['-98', 'FILE'],
  source: `
import Data.Char
import Data.Version
import Text.ParserCombinators.ReadP

main = interact (unlines . map (answer . map version . words) . lines)

answer [Just a, Just b] = show (fromEnum (compare a b) - 1)
answer _ = "?"

version text
  | all isNumber numbers = Just (Version (map (foldl (\\all one -> 10 * all + digitToInt one) 0) numbers) [])
  | otherwise = case [read | (read, "") <- readP_to_S parseVersion text] of
      [read] | null (versionTags read) && showVersion read == text && all (< 10 ^ 9) (versionBranch read) -> Just read
      _ -> Nothing
  where
    numbers = split text
    isNumber digits = all isDigit digits && (digits == "0" || take 1 digits > "0") && length digits < 10

split text = case break (== '.') text of
  (part, _ : rest) -> part : split rest
  (part, []) -> [part]
`,
});

interface Script {
  readonly needs: readonly string[];
  readonly program: string;
  /** Arguments, `SCRIPT` standing for the source and `FILE` for the path of a file with it. */
  readonly script: readonly string[];
  /** Reads two versions a line, and prints -1, 0, 1 or ? for each. */
  readonly source: string;
}

function scriptOracle({ needs, program, script, source }: Script): VersionOracle {
  return {
    missing: async () => missingOf(needs),
    async compare(pairs) {
      const folder = mkdtempSync(join(tmpdir(), 'pratique-oracle-'));
      try {
        const file = join(folder, 'script');
        writeFileSync(file, source);
        const meant: Readonly<Record<string, string>> = { SCRIPT: source, FILE: file };
        return await askProgram(
          program,
          script.map((argument) => meant[argument] ?? argument),
          pairs,
        );
      } finally {
        rmSync(folder, { recursive: true });
      }
    },
  };
}

/** Throws with CI=true: what Debian has is installed by .ci/run. */
function missingOf(needs: readonly string[]): string | undefined {
  const missing = needs.find((path) => !existsSync(path));
  if (missing === undefined) return undefined;
  if (process.env['CI'] === 'true')
    throw new Error(`Cannot run in CI without ${missing}: .ci/run must install it`);
  return `${missing} is not installed`;
}

/** Gives a program all pairs, two versions a line; it prints -1, 0, 1 or ? for each. Throws when it fails. */
export async function askProgram(
  program: string,
  args: readonly string[],
  pairs: readonly VersionPair[],
): Promise<readonly OracleAnswer[]> {
  const asked = promisify(execFile)(program, args, { maxBuffer: 2 ** 26 });
  // A program that fails does not read on; the call itself then says why.
  asked.child.stdin?.on('error', () => undefined);
  asked.child.stdin?.end(pairs.map(([a, b]) => `${a} ${b}\n`).join(''));
  const { stdout } = await asked;
  const lines = stdout.split('\n').filter((line) => line !== '');
  return complete(
    pairs,
    lines.flatMap((line) => answers[line] ?? []),
  );
}

function complete(pairs: readonly VersionPair[], all: readonly OracleAnswer[]): readonly OracleAnswer[] {
  if (all.length === pairs.length) return all;
  throw new Error(
    `Cannot compare ${pairs.length} pairs: an answer to each must come back, got ${all.length}`,
  );
}
