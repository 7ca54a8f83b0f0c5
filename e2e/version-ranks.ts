import { execFile } from 'node:child_process';
import { existsSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { promisify } from 'node:util';

/** Place of each version among the others, equal ones at the same place; versions that the tool does not read are missing. */
export type VersionRanks = ReadonlyMap<string, number>;

/** Puts versions in order with a packaging tool, none of our own orders. */
export interface VersionRanker {
  readonly name: string;
  /** Whether it can be asked here. */
  readonly isInstalled: boolean;
  /** Absent: what it does not read is no version. */
  readonly readsOnlySome?: true;
  rank(versions: readonly string[]): Promise<VersionRanks>;
}

interface Tool {
  readonly name: string;
  readonly needs: readonly string[];
  readonly program: string;
  /** Arguments, `SCRIPT` standing for the source and `LIST` for the path of a file with a version a line. */
  readonly script: readonly string[];
  /** Prints `<place> <version>` for every version that it reads, the oldest first. */
  readonly source: string;
}

function rankerOf({ name, needs, program, script, source }: Tool): VersionRanker {
  return {
    name,
    isInstalled: needs.every((path) => existsSync(path)),
    rank: async (versions) => {
      const folder = mkdtempSync(join(tmpdir(), 'pratique-ranks-'));
      try {
        const list = join(folder, 'versions');
        const readable = versions.filter((version) => version !== '' && !/\s/.test(version));
        writeFileSync(list, readable.map((version) => `${version}\n`).join(''));
        writeFileSync(join(folder, 'Rank.java'), source);
        const args = script.map((argument) =>
          argument
            .replace('SCRIPT', () => source)
            .replaceAll('LIST', list)
            .replaceAll('FOLDER', folder),
        );
        const { stdout } = await promisify(execFile)(program, args, { maxBuffer: 2 ** 28 });
        const lines = stdout.split('\n').map((line) => /^(\d+) (\S+)$/.exec(line));
        return new Map(lines.flatMap((line) => (line === null ? [] : [[line[2] ?? '', Number(line[1])]])));
      } finally {
        rmSync(folder, { recursive: true });
      }
    },
  };
}

/** PyPA's `packaging`, without the labels of local builds. */
export const pythonRanker = rankerOf({
  name: 'python3-packaging',
  needs: ['/usr/bin/python3', '/usr/lib/python3/dist-packages/packaging/version.py'],
  program: '/usr/bin/python3',
  script: ['-c', 'SCRIPT', 'LIST'],
  source: `
import sys
from packaging.version import Version, InvalidVersion
found = []
for line in open(sys.argv[1]):
    text = line.rstrip("\\n")
    try: found.append((Version(Version(text).public), text))
    except InvalidVersion: pass
found.sort(key=lambda one: one[0])
place, last = 0, None
for version, text in found:
    if last is not None and version > last: place += 1
    last = version
    print(place, text)
`,
});

/** `Gem::Version`. */
export const rubyRanker = rankerOf({
  name: 'Gem::Version',
  needs: ['/usr/bin/ruby'],
  program: '/usr/bin/ruby',
  script: ['-e', 'SCRIPT', 'LIST'],
  source: `
found = File.readlines(ARGV[0], chomp: true).select { |text| Gem::Version.correct?(text) }
found = found.map { |text| [Gem::Version.new(text), text] }.sort { |a, b| a[0] <=> b[0] }
place, last = 0, nil
found.each do |version, text|
  place += 1 if last && (version <=> last) > 0
  last = version
  puts "#{place} #{text}"
end
`,
});

/** Composer's parser and PHP's comparison; branches count as no versions. */
export const composerRanker = rankerOf({
  name: 'composer/semver',
  needs: ['/usr/bin/php', '/usr/share/php/Composer/Semver/autoload.php'],
  program: '/usr/bin/php',
  script: ['-r', 'SCRIPT', 'LIST'],
  source: `
require '/usr/share/php/Composer/Semver/autoload.php';
$parser = new Composer\\Semver\\VersionParser();
$found = [];
foreach (file($argv[1], FILE_IGNORE_NEW_LINES) as $text) {
  try {
    $normal = $parser->normalize($text);
    if (strpos($normal, 'dev-') !== 0 && strpos($normal, '9999999') === false) $found[] = [$normal, $text];
  } catch (UnexpectedValueException $error) {}
}
usort($found, fn ($a, $b) => version_compare($a[0], $b[0]));
$place = 0;
foreach ($found as $index => [$normal, $text]) {
  if ($index > 0 && version_compare($normal, $found[$index - 1][0]) > 0) $place++;
  echo "$place $text\\n";
}
`,
});

const mavenJar = '/usr/share/java/maven-artifact-3.x.jar';

/** `ComparableVersion`. */
export const mavenRanker = rankerOf({
  name: 'ComparableVersion',
  needs: [mavenJar, '/usr/bin/javac'],
  program: '/usr/bin/java',
  script: ['-cp', `${mavenJar}:/usr/share/java/commons-lang3.jar`, 'FOLDER/Rank.java', 'LIST'],
  source: `
import java.nio.file.*;
import java.util.*;
import org.apache.maven.artifact.versioning.ComparableVersion;
public class Rank {
  public static void main(String[] args) throws Exception {
    List<ComparableVersion> found = new ArrayList<>();
    for (String text : Files.readAllLines(Path.of(args[0]))) found.add(new ComparableVersion(text));
    Collections.sort(found);
    int place = 0;
    StringBuilder out = new StringBuilder();
    for (int index = 0; index < found.size(); index++) {
      if (index > 0 && found.get(index).compareTo(found.get(index - 1)) > 0) place++;
      out.append(place).append(' ').append(found.get(index)).append('\\n');
    }
    System.out.print(out);
  }
}
`,
});

/** Dpkg's own library; like dpkg it reads past a letter at the beginning. */
export const dpkgRanker = rankerOf({
  name: 'Dpkg::Version',
  needs: ['/usr/bin/perl', '/usr/share/perl5/Dpkg/Version.pm'],
  program: '/usr/bin/perl',
  script: ['-MDpkg::Version', '-e', 'SCRIPT', 'LIST'],
  source: `
open(my $list, '<', $ARGV[0]) or die;
chomp(my @texts = <$list>);
my @read = grep { /^(?:\\d+:)?[A-Za-z0-9.+~-]*[A-Za-z0-9.+~]$/ && !/^-/ } @texts;
my @found = sort { $a->[0] <=> $b->[0] } map { [Dpkg::Version->new($_), $_] } @read;
my ($place, $last) = (0, undef);
for my $one (@found) {
  $place++ if defined $last && $one->[0] > $last;
  $last = $one->[0];
  print "$place $one->[1]\\n";
}
`,
});

/** The comparison that rpm itself uses, from its Lua, of what may stand in a package's name. */
export const rpmRanker = rankerOf({
  name: 'rpm.vercmp',
  needs: ['/usr/bin/rpm'],
  program: '/usr/bin/rpm',
  script: ['--eval', '%{lua:SCRIPT}'],
  source: `
local found = {}
for line in io.lines("LIST") do
  if line:match("^[%w.:+~^_]+%-?[%w.+~^_]*$") then found[#found + 1] = line end
end
table.sort(found, function(a, b) return rpm.vercmp(a, b) < 0 end)
local place = 0
for index, text in ipairs(found) do
  if index > 1 and rpm.vercmp(text, found[index - 1]) > 0 then place = place + 1 end
  print(place .. " " .. text .. "\\n")
end
`,
});
