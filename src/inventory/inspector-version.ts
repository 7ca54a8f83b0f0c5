/** Grows with every change of what extractors find: layers inspected by an older one are read again. */
export const inspectorVersion = 5;
