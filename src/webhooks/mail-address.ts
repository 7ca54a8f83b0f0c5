/** An address as SMTP takes it in its plain form: nothing in it ends a line, a header or the address (threats.md D8). */
export type MailAddress = string & { readonly mailAddress: unique symbol };

/** RFC 5321, 4.5.3.1: what a path and a local part may hold. */
const lengthMax = 254;
const localLengthMax = 64;

/** As the HTML standard has it (https://html.spec.whatwg.org/#valid-e-mail-address), which has no quoted parts and comments. */
const plainAddress =
  /^[A-Za-z0-9.!#$%&'*+/=?^_`{|}~-]+@[A-Za-z0-9](?:[A-Za-z0-9-]{0,61}[A-Za-z0-9])?(?:\.[A-Za-z0-9](?:[A-Za-z0-9-]{0,61}[A-Za-z0-9])?)*$/;

/** Undefined: it is none, or not in the plain form. The domain, which knows no case, becomes lower case. */
export function parseMailAddress(text: string): MailAddress | undefined {
  const at = text.lastIndexOf('@');
  if (text.length > lengthMax || at > localLengthMax || !plainAddress.test(text)) return undefined;
  return `${text.slice(0, at)}@${domainOf(text)}` as MailAddress; // checked above
}

/** Lower case, without the `@`. */
export function domainOf(address: string): string {
  return address.slice(address.lastIndexOf('@') + 1).toLowerCase();
}
