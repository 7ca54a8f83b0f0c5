import Type, { type Static } from 'typebox';
import { closed, component } from './component.ts';
import { NamespaceRole } from './namespace.ts';

export const Member = component('Member', { user: Type.String(), role: NamespaceRole });
export type Member = Static<typeof Member>;

export const MemberChange = component('MemberChange', { role: NamespaceRole });

export const MemberParams = closed({
  namespace: Type.String({ maxLength: 255 }),
  user: Type.String({ maxLength: 255 }),
});
