/** What a path is about, for logs and metrics: a handful of words, however many names clients use. */
export type RouteClass =
  | 'v2'
  | 'catalog'
  | 'tags'
  | 'referrers'
  | 'manifest'
  | 'blob'
  | 'upload'
  | 'token'
  | 'api'
  | 'health'
  | 'metrics'
  | 'console';

/** `path` is without its query. Order matters: a repository may be called `manifests`. */
export function routeClassOf(path: string): RouteClass {
  if (path === '/v2' || path === '/v2/') return 'v2';
  if (path.startsWith('/v2/')) return registryClassOf(path);
  if (path.startsWith('/api/')) return 'api';
  if (path === '/token') return 'token';
  if (path === '/healthz' || path === '/readyz') return 'health';
  return path === '/metrics' ? 'metrics' : 'console';
}

function registryClassOf(path: string): RouteClass {
  if (path.startsWith('/v2/_catalog')) return 'catalog';
  if (/\/blobs\/uploads(?:\/[^/]*)?$/.test(path)) return 'upload';
  if (/\/manifests\/[^/]+\/?$/.test(path)) return 'manifest';
  if (/\/blobs\/[^/]+\/?$/.test(path)) return 'blob';
  if (/\/tags\/list\/?$/.test(path)) return 'tags';
  return /\/referrers\/[^/]+\/?$/.test(path) ? 'referrers' : 'v2';
}
