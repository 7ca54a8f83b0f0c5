import type { Database } from '../database/database.ts';
import type { AccessSecrets } from './access-secrets.ts';
import type { LoginResult, PasswordLogin } from './password-login.ts';

/**
 * Signs in by name and password, where an access secret of that account stands for the password. What looks like a
 * secret and is none is checked as a password: it costs, counts and answers like any wrong one (threats.md A15, A17).
 */
export class AccountLogin {
  readonly passwords: PasswordLogin;
  readonly #db: Database;
  readonly #secrets: AccessSecrets;

  constructor(options: {
    readonly db: Database;
    readonly passwords: PasswordLogin;
    readonly secrets: AccessSecrets;
  }) {
    this.#db = options.db;
    this.passwords = options.passwords;
    this.#secrets = options.secrets;
  }

  /** `address` is the client's, for the rate limit. */
  async signIn(login: {
    readonly name: string;
    readonly password: string;
    readonly address: string;
  }): Promise<LoginResult> {
    const principal = await this.#secrets.signIn(this.#db, login.password, login.name);
    if (principal !== undefined) return { kind: 'signed-in', principal };
    return await this.passwords.signIn(login);
  }
}
