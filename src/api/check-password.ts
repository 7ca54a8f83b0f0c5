import { passwordFault } from '../accounts/password-rule.ts';
import { badRequest } from './errors.ts';

/** Throws 400 when it may not be the user's password; the text does not hold it. */
export function checkPassword(password: string, user: string): void {
  const fault = passwordFault(password, user);
  if (fault !== undefined) throw badRequest(`Cannot use the password: ${fault}`);
}
