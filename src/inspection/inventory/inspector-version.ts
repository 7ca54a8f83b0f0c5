/**
 * Grows with every change of what a layer is read for, rules of `src/inspection/secrets` included: layers inspected by an older one
 * are read again.
 */
export const inspectorVersion = 18;
