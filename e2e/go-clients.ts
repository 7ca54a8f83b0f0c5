import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { existsSync, mkdirSync, mkdtempSync, renameSync, rmSync, writeFileSync } from 'node:fs';
import { homedir } from 'node:os';
import { join } from 'node:path';
import { hasProgram } from './clients.ts';

/** A program that is a Go module: its module, the path of the program in it, and the version that is built. */
interface GoProgram {
  readonly module: string;
  /** Empty: the module itself. */
  readonly path: string;
  readonly version: string;
}

/** Pinned: what CI builds today it builds tomorrow. */
export const goPrograms = {
  crane: { module: 'github.com/google/go-containerregistry', path: 'cmd/crane', version: 'v0.22.1' },
  regctl: { module: 'github.com/regclient/regclient', path: 'cmd/regctl', version: 'v0.11.7' },
  oras: { module: 'oras.land/oras', path: 'cmd/oras', version: 'v1.2.3' },
  helm: { module: 'helm.sh/helm/v3', path: 'cmd/helm', version: 'v3.22.0' },
  cosign: { module: 'github.com/sigstore/cosign/v2', path: 'cmd/cosign', version: 'v2.6.5' },
} as const satisfies Readonly<Record<string, GoProgram>>;

export type GoProgramName = keyof typeof goPrograms;

/** The OCI conformance suite at commit 967efdc of opencontainers/distribution-spec; not every proxy has it. */
export const conformanceSuite = {
  module: 'github.com/opencontainers/distribution-spec/conformance',
  path: '',
  version: 'v0.0.0-20260716174315-967efdc079b9',
} as const satisfies GoProgram;

/** cosign compiles 2,000 packages: minutes on two busy cores. */
const buildTimeoutMs = 20 * 60_000;

/**
 * Path of the program, which is built once and kept in the user's cache, beside other versions; undefined without Go or when
 * it cannot be built. With CI=true both throw: CI must have it.
 */
export async function installGoProgram(name: GoProgramName): Promise<string | undefined> {
  let built = await installInCache(name, goPrograms[name]);
  // Hundreds of modules come from the Go proxy; what it gave stays, and the second try asks for the rest.
  if (built.kind === 'failed') built = await installInCache(name, goPrograms[name]);
  if (built.kind === 'there') return built.path;
  if (built.kind === 'no-go') return undefined;
  const message = `Cannot build ${name} ${goPrograms[name].version}: go build must succeed, got\n${built.printed}`;
  if (process.env['CI'] === 'true') throw new Error(message);
  console.warn(message);
  return undefined;
}

/** Path of the conformance suite, where it was built before. */
export function builtConformanceSuite(): string | undefined {
  const { path } = placeInCache('conformance', conformanceSuite);
  return existsSync(path) ? path : undefined;
}

/** Builds the conformance suite as clients are built; what Go printed when the proxy does not give it. */
export async function installConformanceSuite(): Promise<InstalledGoProgram> {
  return await installInCache('conformance', conformanceSuite);
}

export type InstalledGoProgram =
  | { readonly kind: 'there'; readonly path: string }
  | { readonly kind: 'no-go' }
  | { readonly kind: 'failed'; readonly printed: string };

function placeInCache(
  name: string,
  { version }: GoProgram,
): { readonly folder: string; readonly path: string } {
  const cache = process.env['XDG_CACHE_HOME'] || join(homedir(), '.cache');
  const folder = join(cache, 'pratique-clients', `${name}-${version}`);
  return { folder, path: join(folder, name) };
}

async function installInCache(name: string, program: GoProgram): Promise<InstalledGoProgram> {
  const place = placeInCache(name, program);
  if (existsSync(place.path)) return { kind: 'there', path: place.path };
  if (!hasProgram('go')) return { kind: 'no-go' };
  mkdirSync(place.folder, { recursive: true });
  const printed = await buildGoProgram(program, place);
  return printed === undefined ? { kind: 'there', path: place.path } : { kind: 'failed', printed };
}

/**
 * Builds by way of a module that requires this one version, as `go install` asks for the list of all versions, which not
 * every proxy has. The program appears under its name only when it is whole. Returns what Go printed when it failed.
 */
async function buildGoProgram(
  { module, path: program, version }: GoProgram,
  to: { readonly folder: string; readonly path: string },
): Promise<string | undefined> {
  const work = mkdtempSync(join(to.folder, 'build-'));
  try {
    // With a version of Go, only the modules that take part are loaded; the proxy lacks some of the others.
    writeFileSync(join(work, 'go.mod'), `module build\n\ngo 1.26\n\nrequire ${module} ${version}\n`);
    const output = join(work, 'program');
    const flags = ['-mod=mod', '-trimpath', '-buildvcs=false', '-ldflags=-s -w', '-o', output];
    const child = spawn('go', ['build', ...flags, program === '' ? module : `${module}/${program}`], {
      cwd: work,
      env: { ...process.env, GOFLAGS: '', GOWORK: 'off' },
      stdio: ['ignore', 'ignore', 'pipe'],
      timeout: buildTimeoutMs,
    });
    let printed = '';
    child.stderr.setEncoding('utf8').on('data', (text: string) => {
      printed += text;
    });
    const [code, signal] = await once(child, 'close');
    if (code !== 0) return `${code ?? signal}\n${printed}`;
    renameSync(output, to.path);
    return undefined;
  } finally {
    rmSync(work, { recursive: true, force: true });
  }
}
