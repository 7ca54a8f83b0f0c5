import type { FastifyReply, FastifyRequest } from 'fastify';
import type { Static, TSchema } from 'typebox';
import type { ImageScope, NamespaceScope } from './authorize.ts';
import type { Caller } from './caller.ts';
import type { Operation } from './contract/operations/operation.ts';
import type { OperationId, Operations } from './contract/operations/operations.ts';

type Part<Definition, Key extends string> = Definition extends {
  readonly [K in Key]: infer Schema extends TSchema;
}
  ? Static<Schema>
  : undefined;

type AccessOf<Definition extends Operation> = Definition['access']['kind'];

/** A call that is authenticated, authorised and well-formed: all that a handler sees of the request. */
export interface Call<Definition extends Operation> {
  readonly params: Part<Definition, 'params'>;
  readonly query: Part<Definition, 'query'>;
  readonly body: Part<Definition, 'body'>;
  /** Undefined only where the operation is public. */
  readonly caller: AccessOf<Definition> extends 'public' ? Caller | undefined : Caller;
  /** The namespace of the path or of its image, in which the caller has the operation's right. */
  readonly namespace: AccessOf<Definition> extends 'namespace' | 'image' ? NamespaceScope : undefined;
  readonly image: AccessOf<Definition> extends 'image' ? ImageScope : undefined;
  readonly request: FastifyRequest;
  readonly reply: FastifyReply;
  readonly now: Date;
  /** Aborts when the client has gone. */
  readonly signal: AbortSignal;
}

export type Handler<Definition extends Operation> = (
  call: Call<Definition>,
) => Promise<Part<Definition, 'response'>>;

/** What each operation does; a missing one does not compile. */
export type Handlers = { readonly [Id in OperationId]: Handler<Operations[Id]> };

/** The handlers of some operations: what a file of `routes/` makes. */
export type HandlersOf<Id extends OperationId> = Pick<Handlers, Id>;
