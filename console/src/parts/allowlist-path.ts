/** Longest pattern that the API accepts, in UTF-16 code units. */
const patternLengthMax = 256;

/** What the form of the allowlist is filled in with. */
interface AllowlistEntry {
  /** As the API names them: `CVE-…`, `secret:<rule>`, `malware:<signature>`. */
  readonly ids: readonly string[];
  readonly repository?: string;
  readonly package?: string;
  /** A file's path as the report has it; absent: wherever it lies. */
  readonly path?: string;
}

/** The address of a namespace's allowlist with its form filled in; it is for the reader to change and send. */
export function allowlistPath(namespace: string, entry: AllowlistEntry): string {
  const query = new URLSearchParams({ tab: 'allowlist' });
  if (entry.ids.length > 0) query.set('ids', entry.ids.join(', '));
  if (entry.repository !== undefined) query.set('repository', entry.repository);
  if (entry.package !== undefined) query.set('package', entry.package);
  if (entry.path !== undefined) query.set('path', patternOfPath(entry.path));
  return `/namespaces/${namespace}?${query.toString()}`;
}

/**
 * A pattern that matches the path. What patterns read otherwise, or refuse, becomes `?`, which stands for any one
 * character but a slash. The start of a path that is longer than a pattern may be gives way to `**`.
 */
export function patternOfPath(path: string): string {
  const pattern = path.replaceAll(/[[\]{}\\,*?\s]/gu, '?');
  if (pattern.length <= patternLengthMax) return pattern;
  const folder = pattern.indexOf('/', pattern.length - patternLengthMax + '**'.length);
  return folder === -1 ? '**' : `**${pattern.slice(folder)}`;
}
