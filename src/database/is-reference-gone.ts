/**
 * Whether a row could not be written because the one it belongs to was deleted meanwhile: foreign_key_violation
 * (PostgreSQL Appendix A).
 */
export function isReferenceGone(error: unknown): boolean {
  return error instanceof Error && 'code' in error && error.code === '23503';
}
