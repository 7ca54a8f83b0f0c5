import { readFileSync } from 'node:fs';
import path from 'node:path';
import { parse } from 'yaml';
import { publicSources, type SyncSources } from '../../advisories/feeds/sync-sources.ts';
import { openUploadsMaxDefault } from '../../catalog/uploads.ts';
import type { TlsPaths } from '../../edge/tls-files.ts';
import { isAddressBlock } from '../../egress/address-range.ts';
import { defaultInspectionLimits, type InspectionLimits } from '../../inspection/inspection-limits.ts';
import { type ClamdAddress, parseClamdAddress } from '../../inspection/malware/clamd-address.ts';
import type { MailServerOptions } from '../../webhooks/mail-server.ts';
import { type Failpoint, parseFailpoint } from '../failpoints.ts';
import { parseByteSize } from './parse-byte-size.ts';
import { parseMailServer } from './parse-mail-server.ts';
import { type BundleSettings, missingSetting, readBundleSettings } from './read-bundle-settings.ts';
import { Secret } from './secret.ts';
import { fileVariableOf, withSecretFiles } from './secret-file.ts';
import { SettingError } from './setting-error.ts';
import { type Setting, type SettingName, settings, type TextRule } from './settings.ts';

/** The settings of this process, checked; paths are absolute. */
export interface Config extends BundleSettings {
  readonly dataFolder: string;
  readonly listen: { readonly host: string; readonly port: number };
  /** Without a slash at the end. Absent: made of the address that is listened on. */
  readonly externalUrl?: string;
  readonly adminPassword?: Secret;
  /** Absent: the embedded PostgreSQL. */
  readonly databaseUrl?: Secret;
  readonly blobsFolder: string;
  /** URLs, or `file:` and an absolute path. */
  readonly advisorySources: SyncSources;
  /** Of requests; see `openInstallation()`. */
  readonly databaseConnections: number;
  /** For new namespaces; absent: no limit. */
  readonly namespaceQuotaBytes?: number;
  readonly namespaceUploadsMax: number;
  readonly uploadTtlSeconds: number;
  /** For how long changes of findings and events that nobody caused by hand are kept; 0: for ever. */
  readonly noticeDays: number;
  /** All other events. */
  readonly auditDays: number;
  readonly scanConcurrency: number;
  readonly inspections: Omit<InspectionLimits, 'answerBytesMax' | 'idleMs'>;
  /** Absent: clamd is not asked. */
  readonly clamd?: ClamdAddress;
  /** Absolute; empty: no YARA. */
  readonly yaraRuleFolders: readonly string[];
  readonly malwareRescanSeconds: number;
  /** Absolute file of a table of published Java archives; absent: none. */
  readonly javaArchives?: string;
  readonly trustedProxies: readonly string[];
  /** Blocks of addresses that requests for users may reach although they are private. */
  readonly egressAllow: readonly string[];
  /** Absent: no mail is sent. */
  readonly mailServer?: MailServerOptions;
  /** From one address. */
  readonly clientConnectionsMax: number;
  readonly clientTimeoutSeconds: number;
  /** Absent: plain HTTP. Paths are absolute. */
  readonly tls?: TlsPaths;
  readonly metricsArePublic: boolean;
  readonly logLevel: LogLevel;
  /** For tests of crashes; only from the environment. */
  readonly failpoint?: Failpoint;
}

export type LogLevel = 'debug' | 'info' | 'warn' | 'error' | 'silent';

/** A checked value and where it was given, for messages. */
interface Given {
  readonly values: readonly string[];
  readonly source: string;
}

const entries: readonly (readonly [string, Setting])[] = Object.entries(settings);
const secrets = entries.flatMap(([, { variable, isSecret }]) => (isSecret === true ? [variable] : []));
const ownVariable = /^PRATIQUE_/;
/** No setting: it makes the server kill itself, for tests (docs/durability.md). */
const failVariable = 'PRATIQUE_FAIL';

/**
 * Reads the settings from the environment and, below it, from a YAML file.
 * Throws `SettingError` for an unknown or bad setting; its message names the setting, what must hold and what was given.
 */
export function loadConfig(options: {
  readonly environment: Readonly<Record<string, string | undefined>>;
  readonly file?: string;
  /** Relative paths start here. */
  readonly folder: string;
}): Config {
  const fromFile =
    options.file === undefined
      ? new Map<string, Given>()
      : readFile(path.resolve(options.folder, options.file));
  const environment = withSecretFiles(options.environment, { secrets, folder: options.folder });
  const given = new Map([...fromFile, ...readEnvironment(environment)]);
  const failpoint = readFailpoint(options.environment[failVariable]);
  return { ...toConfig(given, options.folder), ...(failpoint === undefined ? {} : { failpoint }) };
}

function readFailpoint(text: string | undefined): Failpoint | undefined {
  const failpoint = text === undefined ? undefined : parseFailpoint(text);
  if (text === undefined || failpoint !== undefined) return failpoint;
  throw new SettingError(
    `Cannot use the setting "${failVariable}": it must be a point and a number, such as blob.renamed:1, got ${JSON.stringify(text)}`,
  );
}

/** The settings of this process: `process.env`, the working directory and the file of `--config`. */
export function loadProcessConfig(file: string | undefined): Config {
  return loadConfig({
    environment: process.env,
    folder: process.cwd(),
    ...(file === undefined ? {} : { file }),
  });
}

/** The environment for a process of ours, without our settings, which may be secret: proxies and certificates stay. */
export function environmentForChild(): NodeJS.ProcessEnv {
  const names = [
    ...entries.map(([, { variable }]) => variable),
    ...secrets.map(fileVariableOf),
    failVariable,
  ];
  const own = new Set<string>(names);
  return Object.fromEntries(Object.entries(process.env).filter(([name]) => !own.has(name)));
}

function readEnvironment(environment: Readonly<Record<string, string | undefined>>): Map<string, Given> {
  const given = new Map<string, Given>();
  const known = entries.map(([, { variable }]) => variable);
  for (const variable of Object.keys(environment)) {
    if (variable === failVariable) continue;
    if (ownVariable.test(variable) && !known.includes(variable)) throw unknown(variable, known);
  }
  for (const [name, setting] of entries) {
    const text = environment[setting.variable];
    if (text === undefined) continue;
    const values = setting.isList === true ? text.split(',').map((item) => item.trim()) : [text];
    given.set(name, check(setting, { values, source: setting.variable }));
  }
  return given;
}

function readFile(file: string): Map<string, Given> {
  const given = new Map<string, Given>();
  const known = entries.map(([, { key }]) => key);
  for (const [key, value] of Object.entries(parseFile(file))) {
    const [name, setting] = entries.find(([, { key: other }]) => other === key) ?? [];
    if (name === undefined || setting === undefined) throw unknown(`${key}" of "${file}`, known);
    const items = setting.isList === true && Array.isArray(value) ? value : [value];
    const values = items.map((item) =>
      ['string', 'number', 'boolean'].includes(typeof item) ? String(item) : '',
    );
    given.set(name, check(setting, { values, source: `${key}" of "${file}` }));
  }
  return given;
}

function parseFile(file: string): object {
  let document: unknown;
  try {
    document = parse(readFileSync(file, 'utf8'), { maxAliasCount: 0 });
  } catch (error) {
    const reason = error instanceof Error ? error.message.split('\n')[0] : String(error);
    throw new SettingError(
      `Cannot read the settings file "${file}": it must be readable YAML, got ${reason}`,
    );
  }
  if (typeof document === 'object' && document !== null && !Array.isArray(document)) return document;
  throw new SettingError(
    `Cannot read the settings file "${file}": it must hold keys and values, got ${JSON.stringify(document)}`,
  );
}

function check(setting: Setting, given: Given): Given {
  for (const value of given.values) {
    if (!fits(value, setting.text)) throw bad(setting, given.source, value);
  }
  return given;
}

function fits(
  value: string,
  { pattern, lengthMin = 0, lengthMax = Number.POSITIVE_INFINITY }: TextRule,
): boolean {
  const { length } = [...value];
  const isLike = pattern === undefined || new RegExp(pattern, 'u').test(value);
  return isLike && length >= lengthMin && length <= lengthMax;
}

function bad(setting: Setting, source: string, value: string): SettingError {
  const shown = setting.isSecret === true ? `one of ${value.length} characters` : JSON.stringify(value);
  return new SettingError(`Cannot use the setting "${source}": it must be ${setting.must}, got ${shown}`);
}

function unknown(name: string, known: readonly string[]): SettingError {
  return new SettingError(
    `Cannot use the setting "${name}": it must be one of ${known.join(', ')}, got an unknown one`,
  );
}

function toConfig(given: ReadonlyMap<string, Given>, folder: string): Config {
  const one = (name: SettingName) => given.get(name)?.values[0];
  const dataFolder = path.resolve(folder, one('data') ?? 'data');
  const blobs = one('blobs');
  const externalUrl = one('externalUrl');
  const adminPassword = one('adminPassword');
  const databaseUrl = one('databaseUrl');
  const javaArchives = one('javaArchives');
  const mailServer = parseMailServer((name) => given.get(name)?.values);
  const absolute = (source: string) =>
    source.startsWith('file:') && !source.startsWith('file:/')
      ? `file:${path.resolve(folder, source.slice('file:'.length))}`
      : source;
  return {
    dataFolder,
    listen: parseListen(one('listen') ?? '127.0.0.1:5000', given.get('listen')?.source ?? ''),
    ...(externalUrl === undefined ? {} : { externalUrl: externalUrl.replace(/\/$/, '') }),
    ...(adminPassword === undefined ? {} : { adminPassword: new Secret(adminPassword) }),
    ...(databaseUrl === undefined ? {} : { databaseUrl: new Secret(databaseUrl) }),
    blobsFolder:
      blobs === undefined
        ? path.join(dataFolder, 'blobs')
        : path.resolve(folder, blobs.slice('file:'.length).replace(/^\/\/(?=\/)/, '')),
    advisorySources: {
      roots: (given.get('advisories')?.values ?? publicSources.roots).map(absolute),
      kev: (given.get('kev')?.values ?? publicSources.kev).map(absolute),
      epss: (given.get('epss')?.values ?? publicSources.epss).map(absolute),
    },
    ...readBundleSettings({
      bundle: one('advisoryBundle'),
      keys: given.get('advisoryKeys')?.values ?? [],
      user: one('advisoryUser'),
      password: one('advisoryPassword'),
      absolute,
    }),
    databaseConnections: Number(one('databaseConnections') ?? '16'),
    ...parseQuota(given.get('namespaceQuota')),
    namespaceUploadsMax: Number(one('namespaceUploads') ?? openUploadsMaxDefault),
    uploadTtlSeconds: parseSeconds(one('uploadTtl') ?? '24h'),
    noticeDays: Number(one('noticeDays') ?? '90'),
    auditDays: Number(one('auditDays') ?? '400'),
    scanConcurrency: Number(one('scanConcurrency') ?? '2'),
    inspections: parseInspections(given),
    ...parseClamd(given.get('clamd')),
    yaraRuleFolders: (given.get('yaraRules')?.values ?? []).map((rules) => path.resolve(folder, rules)),
    malwareRescanSeconds: parseSeconds(one('malwareRescan') ?? '24h'),
    ...(javaArchives === undefined ? {} : { javaArchives: path.resolve(folder, javaArchives) }),
    trustedProxies: parseBlocks('trustedProxies', given.get('trustedProxies')),
    egressAllow: parseBlocks('egressAllow', given.get('egressAllow')),
    ...(mailServer === undefined ? {} : { mailServer }),
    clientConnectionsMax: Number(one('clientConnections') ?? '1000'),
    clientTimeoutSeconds: Number(one('clientTimeout') ?? '60'),
    ...parseTls({ certificate: one('tlsCert'), key: one('tlsKey') }, folder),
    metricsArePublic: one('metricsPublic') === 'true',
    logLevel: asLogLevel(one('logLevel')),
  };
}

/** Throws for a size that is too large to be counted exactly. */
function parseQuota(given: Given | undefined): Pick<Config, 'namespaceQuotaBytes'> {
  const text = given?.values[0];
  if (given === undefined || text === undefined) return {};
  const namespaceQuotaBytes = parseByteSize(text);
  if (namespaceQuotaBytes === undefined) throw bad(settings.namespaceQuota, given.source, text);
  return { namespaceQuotaBytes };
}

const inspectionMemoryBytesMin = 256 * 1024 ** 2;
const inspectionMemoryBytesMax = 64 * 1024 ** 3;

/** Throws for a size that is too small for any layer, or that is meant otherwise. */
function parseInspections(given: ReadonlyMap<string, Given>): Config['inspections'] {
  const number = (name: SettingName, byDefault: number) => Number(given.get(name)?.values[0] ?? byDefault);
  const { processes, workSecondsMax, stallSecondsMax } = defaultInspectionLimits;
  const memory = given.get('inspectionMemory');
  const text = memory?.values[0];
  const memoryBytesMax =
    text === undefined ? defaultInspectionLimits.memoryBytesMax : (parseByteSize(text) ?? 0);
  if (memoryBytesMax < inspectionMemoryBytesMin || memoryBytesMax > inspectionMemoryBytesMax)
    throw bad(settings.inspectionMemory, memory?.source ?? '', text ?? '');
  return {
    processes: number('inspectionProcesses', processes),
    memoryBytesMax,
    workSecondsMax: number('inspectionTime', workSecondsMax),
    stallSecondsMax: number('inspectionStall', stallSecondsMax),
  };
}

const unitSeconds: Readonly<Record<string, number>> = { m: 60, h: 3_600, d: 86_400 };

/** A number and one of the units, as the setting's pattern has it. */
function parseSeconds(text: string): number {
  return Number(text.slice(0, -1)) * (unitSeconds[text.slice(-1)] ?? Number.NaN);
}

/** Throws for what is no address of clamd. */
function parseClamd(given: Given | undefined): Pick<Config, 'clamd'> {
  const text = given?.values[0];
  if (given === undefined || text === undefined) return {};
  try {
    return { clamd: parseClamdAddress(text) };
  } catch {
    throw bad(settings.clamd, given.source, text);
  }
}

/** Throws for what looks like an address and is none. */
function parseBlocks(name: 'trustedProxies' | 'egressAllow', given: Given | undefined): readonly string[] {
  const blocks = given?.values ?? [];
  for (const block of blocks) {
    if (!isAddressBlock(block)) throw bad(settings[name], given?.source ?? '', block);
  }
  return blocks;
}

function parseTls(
  given: { readonly certificate: string | undefined; readonly key: string | undefined },
  folder: string,
): Pick<Config, 'tls'> {
  const { certificate, key } = given;
  if (certificate === undefined && key === undefined) return {};
  if (certificate === undefined || key === undefined) {
    throw missingSetting(certificate === undefined ? settings.tlsCert : settings.tlsKey);
  }
  return { tls: { certificate: path.resolve(folder, certificate), key: path.resolve(folder, key) } };
}

function asLogLevel(text: string | undefined): LogLevel {
  return text === 'debug' || text === 'warn' || text === 'error' || text === 'silent' ? text : 'info';
}

function parseListen(text: string, source: string): Config['listen'] {
  const colon = text.lastIndexOf(':');
  const port = Number(text.slice(colon + 1));
  if (port > 65_535) throw bad(settings.listen, source, text);
  return { host: text.slice(0, colon).replace(/^\[|\]$/g, ''), port };
}
