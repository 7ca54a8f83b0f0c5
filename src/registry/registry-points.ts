/** Moments at which a test ends the process (docs/durability.md). */
export const registryPoints = [
  'upload.opened',
  'upload.recorded',
  'blob.durable',
  'blob.recorded',
  'mount.linked',
  'manifest.received',
  'manifest.tag-moves',
  'manifest.in-transaction',
  'manifest.recorded',
  'delete.in-transaction',
  'delete.recorded',
] as const;
export type RegistryPoint = (typeof registryPoints)[number];
