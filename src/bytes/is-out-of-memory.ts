/**
 * Whether this is the error for a buffer that there was no memory for. It says nothing about what was to be put into it, so
 * whoever takes errors for a fault of what they read must let it pass.
 */
export function isOutOfMemory(error: unknown): boolean {
  if (!(error instanceof RangeError)) return false;
  if ('code' in error && error.code === 'ERR_MEMORY_ALLOCATION_FAILED') return true;
  return error.message === 'Array buffer allocation failed';
}
