import type pg from 'pg';

/**
 * Runs `work` in one transaction of a client that is ours alone. Imports are long and bounded by their own deadlines,
 * so the pool's statement timeouts do not apply.
 */
export async function inTransaction<Result>(
  client: pg.ClientBase,
  work: () => Promise<Result>,
): Promise<Result> {
  await client.query('begin');
  try {
    await client.query('set local statement_timeout = 0; set local idle_in_transaction_session_timeout = 0');
    const result = await work();
    await client.query('commit');
    return result;
  } catch (error) {
    await client.query('rollback').catch(() => undefined); // a lost connection has rolled back by itself
    throw error;
  }
}
