import type { TSchema } from 'typebox';
import type { Right } from '../../../accounts/rights.ts';

/**
 * Who may call an operation, checked before its handler runs (threats.md A1):
 * - `public`: anybody;
 * - `account`: whoever is signed in, the handler shows only what they may see;
 * - `admin`: system admins;
 * - `namespace`: whoever has the right in the namespace of the path; one that the caller may not see is 404;
 * - `image`: the same for the namespace of the image of the path.
 */
export type Access =
  | { readonly kind: 'public' }
  | { readonly kind: 'account' }
  | { readonly kind: 'admin' }
  | { readonly kind: 'namespace'; readonly right: Right }
  | { readonly kind: 'image'; readonly right: Right };

/** One operation of the API as data: what the router registers and the OpenAPI document shows. */
export interface Operation {
  readonly method: 'GET' | 'POST' | 'PUT' | 'PATCH' | 'DELETE';
  /** Below `/api/v1`, parameters as `:name`. */
  readonly path: string;
  readonly tag: string;
  readonly summary: string;
  readonly access: Access;
  readonly params?: TSchema;
  readonly query?: TSchema;
  readonly body?: TSchema;
  readonly status: 200 | 201 | 202 | 204;
  /** Absent: the answer has no body. */
  readonly response?: TSchema;
  /** What the answer's content type may be, which the handler sets then; absent: `application/json`. */
  readonly mediaTypes?: readonly string[];
  /** False: the operation changes nothing although it is not a GET, so no event is recorded. */
  readonly changes?: boolean;
}

/** Keeps the literal types of an operation, so that its handler is typed by it. */
export function operation<const Definition extends Operation>(definition: Definition): Definition {
  return definition;
}
