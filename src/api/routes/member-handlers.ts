import { findAccount } from '../../accounts/accounts.ts';
import { listMembers, type Member, removeMember, setMember } from '../../catalog/members.ts';
import type { Database } from '../../database/database.ts';
import type { ApiDependencies } from '../api-dependencies.ts';
import type { HandlersOf } from '../call.ts';
import type { Member as MemberShown } from '../contract/member.ts';
import { notFound } from '../errors.ts';
import { pageOf } from '../page-of.ts';
import { recordChange } from '../record-change.ts';

export function memberHandlers(
  dependencies: ApiDependencies,
): HandlersOf<'listMembers' | 'putMember' | 'deleteMember'> {
  const { db } = dependencies;
  return {
    listMembers: async ({ namespace, query }) => {
      const items = await listMembers(db, namespace.id);
      return pageOf({
        list: 'members',
        items,
        request: query,
        keyOf: ({ account }) => account,
        show: showMember,
      });
    },

    putMember: async (call) => {
      const { namespace, params, body } = call;
      const accountId = await accountIdOf(db, params.user);
      await db.transaction().execute(async (transaction) => {
        await setMember(transaction, { namespaceId: namespace.id, accountId, role: body.role });
        const details = { role: body.role };
        await recordChange(transaction, call, { kind: 'member.set', subject: params.user, details });
      });
      return { user: params.user, role: body.role };
    },

    deleteMember: async (call) => {
      const { namespace, params } = call;
      const accountId = await accountIdOf(db, params.user);
      await db.transaction().execute(async (transaction) => {
        const removed = await removeMember(transaction, { namespaceId: namespace.id, accountId });
        if (!removed)
          throw notFound(`Cannot remove "${params.user}": it is no member of "${namespace.name}"`);
        await recordChange(transaction, call, { kind: 'member.removed', subject: params.user });
      });
      return undefined;
    },
  };
}

function showMember({ account, role }: Member): MemberShown {
  return { user: account, role };
}

async function accountIdOf(db: Database, name: string): Promise<number> {
  const account = await findAccount(db, name);
  if (account === undefined) throw notFound(`Cannot find user "${name}": there is none of that name`);
  return account.id;
}
