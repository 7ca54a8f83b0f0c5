import { execFile } from 'node:child_process';
import { copyFileSync, existsSync, mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { promisify } from 'node:util';
import type { VersionPair } from '../src/testing/samples/version-pairs.ts';
import type { Comparison } from '../src/versions/version-order.ts';
import { hasProgram } from './clients.ts';

/** What a packaging tool says; `invalid` where it reads one of the two as no version. */
export type OracleAnswer = Exclude<Comparison, 'undetermined'> | 'invalid';

/** A packaging tool's own comparison. Versions must not contain white space. */
export interface VersionOracle {
  readonly isInstalled: boolean;
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
  isInstalled: existsSync(mavenJar) && existsSync('/usr/bin/java'),
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

/** `golang.org/x/mod/semver` as the go command has it; `1.2`, which it takes for `1.2.0`, is none in a module's list of versions. */
export const goOracle: VersionOracle = {
  isInstalled: hasProgram('go'),
  async compare(pairs) {
    const run = promisify(execFile);
    const folder = mkdtempSync(join(tmpdir(), 'pratique-go-semver-'));
    try {
      const root = (await run('go', ['env', 'GOROOT'])).stdout.trim();
      mkdirSync(join(folder, 'semver'));
      const source = join(root, 'src/cmd/vendor/golang.org/x/mod/semver/semver.go');
      copyFileSync(source, join(folder, 'semver/semver.go'));
      writeFileSync(join(folder, 'go.mod'), 'module oracle\n\ngo 1.21\n');
      writeFileSync(join(folder, 'main.go'), goProgram);
      const asked = run('go', ['run', '.'], { cwd: folder, maxBuffer: 2 ** 26 });
      asked.child.stdin?.end(pairs.map(([a, b]) => `${a} ${b}\n`).join(''));
      const lines = (await asked).stdout.split('\n').filter((line) => line !== '');
      return complete(
        pairs,
        lines.flatMap((line) => answers[line] ?? []),
      );
    } finally {
      rmSync(folder, { recursive: true });
    }
  },
};

const goProgram = `
package main

import (
	"bufio"
	"fmt"
	"os"
	"strings"

	"oracle/semver"
)

func read(text string) (string, bool) {
	version := "v" + strings.TrimPrefix(text, "v")
	core, _, _ := strings.Cut(version, "+")
	core, _, _ = strings.Cut(core, "-")
	return version, semver.IsValid(version) && strings.Count(core, ".") == 2
}

func main() {
	lines := bufio.NewScanner(os.Stdin)
	out := bufio.NewWriter(os.Stdout)
	defer out.Flush()
	for lines.Scan() {
		left, right, _ := strings.Cut(lines.Text(), " ")
		a, isA := read(left)
		b, isB := read(right)
		if isA && isB {
			fmt.Fprintln(out, semver.Compare(a, b))
		} else {
			fmt.Fprintln(out, "?")
		}
	}
}
`;

interface Script {
  readonly needs: readonly string[];
  readonly program: string;
  /** Arguments, `SCRIPT` standing for the source. */
  readonly script: readonly string[];
  /** Reads two versions a line, and prints -1, 0, 1 or ? for each. */
  readonly source: string;
}

function scriptOracle({ needs, program, script, source }: Script): VersionOracle {
  return {
    isInstalled: needs.every((path) => existsSync(path)),
    async compare(pairs) {
      const args = script.map((argument) => (argument === 'SCRIPT' ? source : argument));
      const asked = promisify(execFile)(program, args, { maxBuffer: 2 ** 26 });
      asked.child.stdin?.end(pairs.map(([a, b]) => `${a} ${b}\n`).join(''));
      const { stdout } = await asked;
      const lines = stdout.split('\n').filter((line) => line !== '');
      return complete(
        pairs,
        lines.flatMap((line) => answers[line] ?? []),
      );
    },
  };
}

function complete(pairs: readonly VersionPair[], all: readonly OracleAnswer[]): readonly OracleAnswer[] {
  if (all.length === pairs.length) return all;
  throw new Error(
    `Cannot compare ${pairs.length} pairs: an answer to each must come back, got ${all.length}`,
  );
}
