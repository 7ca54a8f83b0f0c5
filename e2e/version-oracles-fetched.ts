import { createHash } from 'node:crypto';
import { existsSync, mkdirSync, mkdtempSync, readFileSync, renameSync, rmSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { command, mustRun } from './clients.ts';
import { fetchedToolsFolder, installPythonPackages } from './python-packages.ts';
import { askProgram, type VersionOracle } from './version-oracles.ts';

/*
 * Comparisons that Debian has not, from the registries of Python, npm, Go and Rust. What a registry does not give is missing, in CI, too.
 */

interface BuiltProgram {
  readonly name: string;
  /** By path; a function is asked before it is built. */
  readonly files: Readonly<Record<string, string | (() => Promise<string>)>>;
  /** Leaves its program at `output`, both in the folder of the files. */
  readonly build: readonly [program: string, ...args: string[]];
  readonly output: string;
  /** Needs no registry: with CI=true it must be built. */
  readonly isOffline?: true;
}

/** A small program of ours around somebody's library, built once and kept in the user's cache. */
function builtOracle(program: BuiltProgram, args: readonly string[] = []): VersionOracle {
  let path = '';
  return {
    async missing() {
      try {
        path = await builtPath(program);
        return undefined;
      } catch (error) {
        if (program.isOffline === true && process.env['CI'] === 'true') throw error;
        return `${program.name} cannot be built: ${String(error)}`;
      }
    },
    compare: (pairs) => askProgram(path, args, pairs),
  };
}

async function builtPath({ name, files, build, output }: BuiltProgram): Promise<string> {
  const texts = await Promise.all(
    Object.entries(files).map(async ([file, text]) => {
      return { file, text: typeof text === 'string' ? text : await text() };
    }),
  );
  const hash = createHash('sha256')
    .update(JSON.stringify([texts, build]))
    .digest('hex')
    .slice(0, 12);
  const path = join(fetchedToolsFolder(), `${name}-${hash}`, name);
  if (existsSync(path)) return path;
  mkdirSync(dirname(path), { recursive: true });
  const folder = mkdtempSync(join(dirname(path), 'build-'));
  try {
    for (const { file, text } of texts) {
      mkdirSync(dirname(join(folder, file)), { recursive: true });
      writeFileSync(join(folder, file), text);
    }
    const [program, ...args] = build;
    await mustRun(program, args, { GOFLAGS: '-mod=mod', GOWORK: 'off' }, folder);
    renameSync(join(folder, output), path);
    return path;
  } finally {
    rmSync(folder, { recursive: true });
  }
}

/** Reads pairs and prints answers by `compare(left, right string) string`. */
const goMain = `
package main

import (
	"bufio"
	"fmt"
	"os"
	"strings"
)

func main() {
	lines := bufio.NewScanner(os.Stdin)
	out := bufio.NewWriter(os.Stdout)
	defer out.Flush()
	for lines.Scan() {
		left, right, _ := strings.Cut(lines.Text(), " ")
		fmt.Fprintln(out, compare(left, right))
	}
}
`;

/** `golang.org/x/mod/semver` as the go command has it; `1.2`, which it takes for `1.2.0`, is none in a module's list of versions. */
export const goOracle = builtOracle({
  name: 'go-semver-oracle',
  isOffline: true,
  build: ['go', 'build', '-o', 'program', '.'],
  output: 'program',
  files: {
    'go.mod': 'module oracle\n\ngo 1.21\n',
    'main.go': goMain,
    'semver/semver.go': async () => {
      const root = (await mustRun('go', ['env', 'GOROOT'])).trim();
      return readFileSync(join(root, 'src/cmd/vendor/golang.org/x/mod/semver/semver.go'), 'utf8');
    },
    'compare.go': `
package main

import (
	"fmt"
	"strings"

	"oracle/semver"
)

func read(text string) (string, bool) {
	version := "v" + strings.TrimPrefix(text, "v")
	core, _, _ := strings.Cut(version, "+")
	core, _, _ = strings.Cut(core, "-")
	return version, semver.IsValid(version) && strings.Count(core, ".") == 2
}

func compare(left, right string) string {
	a, isA := read(left)
	b, isB := read(right)
	if !isA || !isB {
		return "?"
	}
	return fmt.Sprint(semver.Compare(a, b))
}
`,
  },
});

/** Bitnami's own `go-version`. */
export const bitnamiOracle = builtOracle({
  name: 'bitnami-oracle',
  build: ['go', 'build', '-o', 'program', '.'],
  output: 'program',
  files: {
    'go.mod':
      'module oracle\n\ngo 1.21\n\nrequire github.com/bitnami/go-version v0.0.0-20250505154626-452e8c5ee607\n',
    'main.go': goMain,
    'compare.go': `
package main

import (
	"fmt"

	"github.com/bitnami/go-version/pkg/version"
)

func compare(left, right string) string {
	a, errorOfA := version.Parse(left)
	b, errorOfB := version.Parse(right)
	if errorOfA != nil || errorOfB != nil {
		return "?"
	}
	return fmt.Sprint(a.Compare(b))
}
`,
  },
});

/**
 * Cargo's own crate `semver`. It compares without the build, or with it, by the rules that Dart and Julia have for it. Zeros before a
 * number, which they read and the crate does not, are taken off beforehand; so are numbers written out that may be missing in Julia.
 */
const semverCrate: BuiltProgram = {
  name: 'semver-crate-oracle',
  build: ['cargo', 'build', '--quiet', '--release'],
  output: 'target/release/oracle',
  files: {
    'Cargo.toml':
      '[package]\nname = "oracle"\nversion = "0.0.0"\nedition = "2021"\n\n[dependencies]\nsemver = "=1.0.27"\n\n[workspace]\n',
    'src/main.rs': `
use semver::Version;
use std::io::{self, BufRead, Write};

fn plain(text: &str) -> String {
    let is_number = !text.is_empty() && text.bytes().all(|byte| byte.is_ascii_digit());
    let digits = text.trim_start_matches('0');
    if !is_number { text.into() } else if digits.is_empty() { "0".into() } else { digits.into() }
}

fn dotted(text: &str) -> String {
    text.split('.').map(plain).collect::<Vec<_>>().join(".")
}

fn written_out(text: &str, is_julia: bool) -> String {
    let (rest, build) = text.split_once('+').map_or((text, None), |(rest, build)| (rest, Some(build)));
    let (core, labels) = rest.split_once('-').map_or((rest, None), |(core, labels)| (core, Some(labels)));
    let missing = if is_julia { 3_usize.saturating_sub(core.split('.').count()) } else { 0 };
    let labels = labels.map_or(String::new(), |labels| format!("-{}", dotted(labels)));
    let build = build.map_or(String::new(), |build| format!("+{}", dotted(build)));
    dotted(core) + &".0".repeat(missing) + &labels + &build
}

fn main() {
    let mode = std::env::args().nth(1).expect("rust, dart or julia");
    let read = |text: &str| match mode.as_str() {
        "rust" => Version::parse(text).ok(),
        _ => Version::parse(&written_out(text, mode == "julia")).ok(),
    };
    let mut out = io::BufWriter::new(io::stdout());
    for line in io::stdin().lock().lines().map_while(Result::ok) {
        let pair = line.split_once(' ').and_then(|(a, b)| Some((read(a)?, read(b)?)));
        let answer = pair.map(|(a, b)| if mode == "rust" { a.cmp_precedence(&b) } else { a.cmp(&b) });
        match answer {
            Some(ordering) => writeln!(out, "{}", ordering as i8),
            None => writeln!(out, "?"),
        }
        .expect("written");
    }
}
`,
  },
};

export const cargoOracle = builtOracle(semverCrate, ['rust']);

/** A second opinion: Dart's own tool is in no registry that is reached. */
export const pubOracle = builtOracle(semverCrate, ['dart']);

/** A second opinion: Julia's own tool is in no registry that is reached. */
export const juliaOracle = builtOracle(semverCrate, ['julia']);

/** Pinned: what CI checks with today it checks with tomorrow. */
const pythonPackages = [
  'conan==2.34.0',
  'pythonnet==3.2.1',
  'clr-loader==0.3.1',
  'dotnetcore2==3.1.23',
] as const;

interface PythonOracle {
  readonly source: string;
  /** Gives further arguments of the script, or why there are none. */
  readonly needs?: () => Promise<{ readonly args: readonly string[] } | { readonly missing: string }>;
}

function pythonOracle({ source, needs }: PythonOracle): VersionOracle {
  let ready: { readonly python: string; readonly args: readonly string[] } | undefined;
  return {
    async missing() {
      const installed = await installPythonPackages(pythonPackages);
      if (installed.kind === 'no-python') return 'python3 is not installed';
      if (installed.kind === 'failed') return installed.printed;
      const needed = (await needs?.()) ?? { args: [] };
      if ('missing' in needed) return needed.missing;
      const asked = { python: installed.path, args: ['-c', source, ...needed.args] };
      try {
        await askProgram(asked.python, asked.args, [['1.0', '1.0']]);
      } catch (error) {
        return `what pip installed does not run here: ${String(error)}`;
      }
      ready = asked;
      return undefined;
    },
    async compare(pairs) {
      if (ready === undefined) throw new Error('Cannot compare: missing() must have said that it is there');
      return await askProgram(ready.python, ready.args, pairs);
    },
  };
}

/** Conan's own `Version`. */
export const conanOracle = pythonOracle({
  source: `
import sys
from conan.errors import ConanException
from conan.internal.model.version import Version
for line in sys.stdin:
    try:
        a, b = (Version(text) for text in line.split())
        print((a > b) - (a < b))
    except ConanException:
        print("?")
`,
});

const nugetPackage = 'nuget-exe@5.8.0';

/** `NuGet.Versioning`, which nuget.exe has in it, on .NET Core 3.1. */
export const nugetOracle = pythonOracle({
  async needs() {
    const folder = join(fetchedToolsFolder(), nugetPackage.replace('@', '-'));
    const program = join(folder, 'node_modules/nuget-exe/nuget-5.8.0.exe');
    if (existsSync(program)) return { args: [program] };
    const install = ['install', '--prefix', folder, '--no-save', '--ignore-scripts', '--no-audit'];
    const installed = await command('npm', [...install, nugetPackage]);
    if (installed.code === 0) return { args: [program] };
    return { missing: `npm does not give ${nugetPackage}: ${installed.stderr}` };
  },
  source: `
import json, os, sys, tempfile
os.environ["DOTNET_SYSTEM_GLOBALIZATION_INVARIANT"] = "1"
import clr_loader, dotnetcore2
from pythonnet import set_runtime
framework = {"name": "Microsoft.NETCore.App", "version": "3.1.0"}
with tempfile.NamedTemporaryFile("w", suffix=".runtimeconfig.json") as settings:
    json.dump({"runtimeOptions": {"tfm": "netcoreapp3.1", "framework": framework}}, settings)
    settings.flush()
    root = os.path.join(os.path.dirname(dotnetcore2.__file__), "bin")
    set_runtime(clr_loader.get_coreclr(runtime_config=settings.name, dotnet_root=root))
    import clr
from System import Array, Object
from System.Reflection import Assembly
parse = Assembly.LoadFrom(sys.argv[1]).GetType("NuGet.Versioning.NuGetVersion").GetMethod("TryParse")
def read(text):
    arguments = Array[Object]([text, None])
    return arguments[1] if parse.Invoke(None, arguments) else None
known = {}
for line in sys.stdin:
    pair = line.split()
    for text in pair:
        if text not in known: known[text] = read(text)
    a, b = (known[text] for text in pair)
    print("?" if a is None or b is None else max(-1, min(1, a.CompareTo(b))))
`,
});
