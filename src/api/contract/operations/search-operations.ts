import { page } from '../page.ts';
import {
  HeldPackage,
  OpenVulnerability,
  PackageQuery,
  Search,
  SearchQuery,
  VulnerabilityQuery,
} from '../search.ts';
import { operation } from './operation.ts';

export const searchOperations = {
  search: operation({
    method: 'GET',
    path: '/search',
    tag: 'search',
    summary:
      'What is known of a vulnerability or of packages, over all namespaces that the caller may see; listImages has the images (holds)',
    access: { kind: 'account' },
    query: SearchQuery,
    status: 200,
    response: Search,
  }),
  searchPackages: operation({
    method: 'GET',
    path: '/packages',
    tag: 'search',
    summary: 'Distinct packages that images hold, by name',
    access: { kind: 'account' },
    query: PackageQuery,
    status: 200,
    response: page(HeldPackage),
  }),
  listVulnerabilities: operation({
    method: 'GET',
    path: '/vulnerabilities',
    tag: 'search',
    summary:
      'Open vulnerabilities of images that the caller may see, each once: known exploited first, then by severity and EPSS',
    access: { kind: 'account' },
    query: VulnerabilityQuery,
    status: 200,
    response: page(OpenVulnerability),
  }),
};
