/** A store that can put a copy aside whose bytes are not what its key says. */
export interface Quarantine {
  /** The key has nothing afterwards; the bytes are kept for people to look at. */
  quarantine(key: string): Promise<void>;
}
