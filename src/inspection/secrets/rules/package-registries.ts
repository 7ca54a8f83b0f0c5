import type { SecretRule } from '../secret-rule.ts';
import { alphanumerics, withNext } from './_keywords.ts';

const type = 'package-registry';

/** `user:password` in Base64, as registries keep it in `config.json`, `.npmrc` and the like. */
function isBasicCredential(secret: string): boolean {
  const text = Buffer.from(secret, 'base64').toString('utf8');
  return /^[\x21-\x7e]+:[\x20-\x7e]{3,}$/.test(text);
}

/** Credentials for registries of packages and of images. */
export const packageRegistryRules: readonly SecretRule[] = [
  {
    id: 'npm-token',
    title: 'npm access token',
    type,
    severity: 'critical',
    keywords: ['npm_'],
    pattern: /(?<!\w)(npm_[A-Za-z0-9]{36})(?!\w)/g,
  },
  {
    id: 'npmrc-auth-token',
    title: 'Token in an .npmrc',
    type,
    severity: 'high',
    keywords: [':_authToken', ':_password'],
    pattern: /:_(?:authToken|password)\s{0,4}=\s{0,4}["']?([\w+/=.-]{16,300})/g,
  },
  {
    id: 'npmrc-basic',
    title: 'User and password in an .npmrc',
    type,
    severity: 'high',
    keywords: ['_auth=', '_auth ='],
    pattern: /(?<![A-Za-z])_auth\s?=\s?["']?([A-Za-z0-9+/]{8,300}={0,2})/g,
    accepts: isBasicCredential,
  },
  {
    id: 'pypi-token',
    title: 'PyPI upload token',
    type,
    severity: 'critical',
    keywords: ['pypi-AgE'],
    pattern: /(?<!\w)(pypi-AgE(?:IcHlwaS5vcmc|NdGVzdC5weXBpLm9yZw)[\w-]{50,900})/g,
  },
  {
    id: 'rubygems-token',
    title: 'RubyGems API key',
    type,
    severity: 'critical',
    keywords: ['rubygems_'],
    pattern: /(?<!\w)(rubygems_[0-9a-f]{48})(?!\w)/g,
  },
  {
    id: 'nuget-key',
    title: 'NuGet API key',
    type,
    severity: 'critical',
    keywords: withNext('oy2', 'abcdefghijklmnopqrstuvwxyz234567'),
    pattern: /(?<![A-Za-z0-9])(oy2[a-z2-7]{43})(?![A-Za-z0-9])/g,
  },
  {
    id: 'dockerhub-token',
    title: 'Docker Hub access token',
    type,
    severity: 'critical',
    keywords: ['dckr_pat_', 'dckr_oat_'],
    pattern: /(?<!\w)(dckr_[po]at_[\w-]{27,32})(?![\w-])/g,
  },
  {
    id: 'docker-config-auth',
    title: 'Registry user and password in a Docker config',
    type,
    severity: 'high',
    keywords: ['"auth"'],
    pattern: /"auth"\s{0,8}:\s{0,8}"([A-Za-z0-9+/]{8,2000}={0,2})"/g,
    accepts: isBasicCredential,
  },
  {
    id: 'artifactory-key',
    title: 'JFrog Artifactory API key or reference token',
    type,
    severity: 'high',
    keywords: ['AKCp', 'cmVmd'],
    pattern: /(?<![A-Za-z0-9])(AKCp[A-Za-z0-9]{69}|cmVmd[A-Za-z0-9]{59})(?![A-Za-z0-9])/g,
  },
  {
    id: 'clojars-token',
    title: 'Clojars deploy token',
    type,
    severity: 'high',
    keywords: ['CLOJARS_'],
    pattern: /(?<!\w)(CLOJARS_[0-9a-f]{60})(?!\w)/g,
  },
  {
    id: 'crates-token',
    title: 'crates.io token',
    type,
    severity: 'critical',
    keywords: withNext('cio', alphanumerics),
    pattern: /token\s{0,4}=\s{0,4}"(cio[A-Za-z0-9]{32})"/g,
  },
];
