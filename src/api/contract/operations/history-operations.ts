import { FindingChange, FindingChangeQuery, ResolvedFinding, ScopeChangeQuery } from '../finding-change.ts';
import { ImageParams } from '../image.ts';
import { PageQuery, page } from '../page.ts';
import { operation } from './operation.ts';

export const historyOperations = {
  listFindingChanges: operation({
    method: 'GET',
    path: '/finding-changes',
    tag: 'advisories',
    summary:
      'What judging again made different for packages of images that the caller may read, newest first',
    access: { kind: 'account' },
    query: ScopeChangeQuery,
    status: 200,
    response: page(FindingChange),
  }),
  listImageChanges: operation({
    method: 'GET',
    path: '/images/:id/finding-changes',
    tag: 'images',
    summary: 'What judging again made different for an image since it was first judged, newest first',
    access: { kind: 'image', right: 'read' },
    params: ImageParams,
    query: FindingChangeQuery,
    status: 200,
    response: page(FindingChange),
  }),
  listResolvedFindings: operation({
    method: 'GET',
    path: '/images/:id/resolved-findings',
    tag: 'images',
    summary: 'Findings of an image that no advisory confirms any more, the last resolved first',
    access: { kind: 'image', right: 'read' },
    params: ImageParams,
    query: PageQuery,
    status: 200,
    response: page(ResolvedFinding),
  }),
};
