import type { Database } from '../database/database.ts';
import type { AccessSecrets } from './access-secrets.ts';
import { DenialLog } from './denial-log.ts';
import type { LoginResult, PasswordLogin } from './password-login.ts';

export interface Login {
  readonly name: string;
  readonly password: string;
  /** The client's, for the rate limit and the audit log. */
  readonly address: string;
  readonly userAgent?: string | undefined;
}

/**
 * Signs in by name and password, where an access secret of that account stands for the password. What looks like a
 * secret and is none is checked as a password: it costs, counts and answers like any wrong one (threats.md A15, A17).
 * What is refused stands in the audit log.
 */
export class AccountLogin {
  /** What else refuses writes into the same log, so that its limits hold over all. */
  readonly denials: DenialLog;
  readonly #passwords: PasswordLogin;
  readonly #db: Database;
  readonly #secrets: AccessSecrets;

  constructor(options: {
    readonly db: Database;
    readonly passwords: PasswordLogin;
    readonly secrets: AccessSecrets;
  }) {
    this.#db = options.db;
    this.#passwords = options.passwords;
    this.#secrets = options.secrets;
    this.denials = new DenialLog(options.db);
  }

  async signIn(login: Login): Promise<LoginResult> {
    const principal = await this.#secrets.signIn(this.#db, login.password, login.name);
    if (principal !== undefined) return { kind: 'signed-in', principal };
    return await this.signInByPassword(login);
  }

  /** Where an access secret must not do. */
  async signInByPassword(login: Login): Promise<LoginResult> {
    const result = await this.#passwords.signIn(login);
    if (result.kind !== 'signed-in') {
      // Not what was typed: it may be a password in the wrong field.
      await this.denials.record({
        kind: result.kind === 'limited' ? 'login.limited' : 'login.refused',
        actor: 'anonymous',
        address: login.address,
        userAgent: login.userAgent,
        subject: result.account ?? 'unknown account',
      });
    }
    return result;
  }
}
