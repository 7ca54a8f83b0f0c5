import {
  ComparedFinding,
  ComparedFindingQuery,
  ComparedPackage,
  ComparedPackageQuery,
  Comparison,
  ComparisonQuery,
} from '../comparison.ts';
import { ImageParams } from '../image.ts';
import { page } from '../page.ts';
import { operation } from './operation.ts';

const access = { kind: 'image', right: 'read' } as const;

export const comparisonOperations = {
  compareImages: operation({
    method: 'GET',
    path: '/images/:id/comparison',
    tag: 'images',
    summary: 'How an image differs from an earlier one; the caller must see both',
    access,
    params: ImageParams,
    query: ComparisonQuery,
    status: 200,
    response: Comparison,
  }),
  listComparedFindings: operation({
    method: 'GET',
    path: '/images/:id/comparison/findings',
    tag: 'images',
    summary:
      'Findings of an image and an earlier one, worst first; one of a package in another version is the same finding',
    access,
    params: ImageParams,
    query: ComparedFindingQuery,
    status: 200,
    response: page(ComparedFinding),
  }),
  listComparedPackages: operation({
    method: 'GET',
    path: '/images/:id/comparison/packages',
    tag: 'images',
    summary: 'Packages that an image and an earlier one do not hold alike, by name',
    access,
    params: ImageParams,
    query: ComparedPackageQuery,
    status: 200,
    response: page(ComparedPackage),
  }),
};
