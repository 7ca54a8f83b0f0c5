import { declaredLicense } from '../declared-license.ts';
import type { Extractor } from '../extractor.ts';
import type { Found } from '../found.ts';
import { languagePackage, unreadable } from '../listed-packages.ts';

const metadata = /(?:^|\/)([^/]+)\.(?:dist-info\/METADATA|egg-info\/PKG-INFO|egg-info)$/;
const eggMetadata = /(?:^|\/)([^/]+)\.egg\/EGG-INFO\/PKG-INFO$/;

/**
 * Python packages as installed: `<name>-<version>.dist-info/METADATA`, and of older tools `*.egg-info` (a folder or a file)
 * and `EGG-INFO`. https://packaging.python.org/en/latest/specifications/recording-installed-packages/
 */
export const pythonExtractor: Extractor = {
  knownPaths: [],
  wants: (path) =>
    path.includes('.egg') || path.endsWith('/METADATA') ? folderName(path) !== undefined : false,
  belowLink: (link) => {
    const file = metadataFiles.find(([ending]) => link.endsWith(ending));
    return file && { paths: [`${link}/${file[1]}`], isWantedAt: (place) => place.endsWith(file[0]) };
  },
  extract: (path, bytes) => [readMetadata(path, bytes)],
};

/** Folders by how their names end, and where in them the metadata stand. */
const metadataFiles: readonly (readonly [ending: string, file: string])[] = [
  ['.dist-info', 'METADATA'],
  ['.egg-info', 'PKG-INFO'],
  ['.egg', 'EGG-INFO/PKG-INFO'],
  ['.egg/EGG-INFO', 'PKG-INFO'],
];

function folderName(path: string): string | undefined {
  return (metadata.exec(path) ?? eggMetadata.exec(path))?.[1];
}

/** What the file does not say, the folder's name does: `Flask-1.0.2`, `six-1.16.0-py3.11`. */
function readMetadata(path: string, bytes: Buffer): Found {
  const header = bytes.toString('utf8').split(/\r?\n\r?\n/, 1)[0] ?? '';
  const [, folder, folderVersion = ''] = /^(.+?)(?:-([^-]+)(?:-py.*)?)?$/.exec(folderName(path) ?? '') ?? [];
  const name = fieldOf(header, 'Name') ?? folder;
  if (!name) return unreadable('The metadata of a Python package does not name it');
  const version = fieldOf(header, 'Version') ?? folderVersion;
  return languagePackage('python', { name, version, ...licenseOf(header) });
}

const classifier = /^Classifier:[ \t]*License ::(?:[ \t]*OSI Approved ::)?[ \t]*(\S.*)$/gim;

/**
 * `License-Expression` is SPDX's (core metadata 2.4); `License` is any text, where it goes on below the whole licence;
 * classifiers are a list of names.
 */
function licenseOf(header: string): { readonly license?: string } {
  const [, expression] = /^License-Expression:[ \t]*(\S.*)$/im.exec(header) ?? [];
  const [, text] = /^License:[ \t]*(\S.*)$(?!\r?\n[ \t])/im.exec(header) ?? [];
  const stated = declaredLicense([expression ?? text ?? '']);
  if (stated.license !== undefined) return stated;
  return declaredLicense([...header.matchAll(classifier)].map(([, name = '']) => name));
}

/** Field names are not case-sensitive (RFC 822). */
function fieldOf(header: string, field: string): string | undefined {
  return new RegExp(`^${field}:[ \\t]*(\\S+)[ \\t]*\\r?$`, 'im').exec(header)?.[1];
}
