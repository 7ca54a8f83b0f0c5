/** The target is one that no request goes to. The message is the reason, for people, and says what an admin can do. */
export class EgressRefusedError extends Error {
  readonly code = 'egress_refused';
  override readonly name = 'EgressRefusedError';
  constructor(reason: string) {
    super(`${reason}; a system admin can open addresses with the setting PRATIQUE_EGRESS_ALLOW`);
  }
}

/** The request was made and no answer came. The message says why, and never holds a text of the other side. */
export class EgressFailedError extends Error {
  readonly code = 'egress_failed';
  override readonly name = 'EgressFailedError';
}
