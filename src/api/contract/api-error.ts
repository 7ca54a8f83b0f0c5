import Type, { type Static } from 'typebox';
import { closed, component } from './component.ts';

/** The body of every answer from 400 on. `details` is data for programs; its form depends on `code`. */
export const ApiErrorBody = component('Error', {
  error: closed({
    code: Type.String(),
    message: Type.String(),
    details: Type.Optional(Type.Unknown()),
  }),
});
export type ApiErrorBody = Static<typeof ApiErrorBody>;
