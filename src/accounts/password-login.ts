import { createHmac, randomBytes } from 'node:crypto';
import { LRUCache } from 'lru-cache';
import type { Database } from '../database/database.ts';
import { beginLogin, type LoginLimits } from './login-limit.ts';
import { defaultScryptCosts, hashPassword, type ScryptCosts, verifyPassword } from './password-hash.ts';
import type { Principal } from './rights.ts';

export type LoginResult =
  | { readonly kind: 'signed-in'; readonly principal: Extract<Principal, { kind: 'account' }> }
  /** Unknown, disabled or wrong: the client is not told which. `account`, for the audit log, is the name of one that exists. */
  | { readonly kind: 'refused'; readonly account?: string }
  | { readonly kind: 'limited'; readonly retryAfterSeconds: number; readonly account?: string };

const verifiedEntriesMax = 1_000;
const verifiedTtlMs = 10 * 60_000;
const hashingsAtOnceMax = 2;

/**
 * Signs accounts in by name and password. A password that was right is remembered, as a keyed hash together with the
 * stored hash that it fits, for ten minutes: Basic on each request reads one row and costs no scrypt, and a changed
 * password or a disabled account counts at once. An unknown account costs what a wrong password costs (threats.md A15).
 */
export class PasswordLogin {
  readonly #db: Database;
  readonly #limits: LoginLimits | undefined;
  readonly #cacheKey = randomBytes(32);
  readonly #verified: LRUCache<string, true>;
  readonly #running = new Map<string, Promise<LoginResult>>();
  readonly #decoyHash: Promise<string>;
  readonly #waiting: (() => void)[] = [];
  #hashing = 0;

  constructor(options: {
    readonly db: Database;
    readonly limits?: LoginLimits;
    /** Costs of new hashes: what an unknown account has to cost as well. */
    readonly costs?: ScryptCosts;
  }) {
    this.#db = options.db;
    this.#limits = options.limits;
    this.#verified = new LRUCache({ max: verifiedEntriesMax, ttl: verifiedTtlMs });
    this.#decoyHash = hashPassword(randomBytes(16).toString('hex'), options.costs ?? defaultScryptCosts);
    this.#decoyHash.catch(() => {}); // reported by the first login that awaits it
  }

  /** `address` is the client's, for the rate limit. */
  async signIn(login: {
    readonly name: string;
    readonly password: string;
    readonly address: string;
  }): Promise<LoginResult> {
    const row = await this.#db
      .selectFrom('account')
      .select(['id', 'name', 'is_admin', 'password_hash', 'disabled_at'])
      .where('name', '=', login.name.includes('\0') ? '' : login.name)
      .executeTakeFirst();
    const usable = row !== undefined && row.disabled_at === null ? row : undefined;
    const hash = usable?.password_hash ?? undefined;
    const fingerprint = createHmac('sha256', this.#cacheKey)
      .update(JSON.stringify([hash ?? '', login.name, login.password]))
      .digest('base64url');
    if (usable !== undefined && this.#verified.has(fingerprint)) return signedIn(usable);
    const runningKey = JSON.stringify([fingerprint, login.address]);
    const running = this.#running.get(runningKey);
    if (running !== undefined) return await running;
    const started = this.#check({ ...login, hash, fingerprint }).then((result): LoginResult => {
      const known = row === undefined ? {} : { account: row.name };
      if (typeof result === 'object') return { ...result, ...known };
      return result && usable !== undefined ? signedIn(usable) : { kind: 'refused', ...known };
    });
    this.#running.set(runningKey, started);
    try {
      return await started;
    } finally {
      this.#running.delete(runningKey);
    }
  }

  async #check(login: {
    readonly name: string;
    readonly password: string;
    readonly address: string;
    readonly hash: string | undefined;
    readonly fingerprint: string;
  }): Promise<boolean | Extract<LoginResult, { kind: 'limited' }>> {
    const attempt = await beginLogin(this.#db, {
      account: login.name,
      address: login.address,
      ...(this.#limits === undefined ? {} : { limits: this.#limits }),
    });
    if (attempt.kind === 'limited') return attempt;
    const fits = await this.#verify(login.password, login.hash ?? (await this.#decoyHash));
    if (!fits || login.hash === undefined) return false;
    this.#verified.set(login.fingerprint, true);
    await attempt.succeed();
    return true;
  }

  /** Few at once: scrypt runs in the thread pool that files are read with. */
  async #verify(password: string, hash: string): Promise<boolean> {
    if (this.#hashing >= hashingsAtOnceMax) await new Promise<void>((go) => this.#waiting.push(go));
    else this.#hashing += 1;
    try {
      return await verifyPassword(password, hash);
    } finally {
      const next = this.#waiting.shift();
      if (next === undefined) this.#hashing -= 1;
      else next();
    }
  }
}

interface AccountRow {
  readonly id: number;
  readonly name: string;
  readonly is_admin: boolean;
}

function signedIn(row: AccountRow): LoginResult {
  return {
    kind: 'signed-in',
    principal: { kind: 'account', accountId: row.id, name: row.name, isAdmin: row.is_admin },
  };
}
