import type { FastifyInstance } from 'fastify';

/**
 * `/healthz`: the process runs. `/readyz`: it can serve; 503 while it starts, stops or has lost its database, with
 * the name of what is missing. A server whose disk is full still serves what it has: both then say `degraded` and why.
 */
export function registerHealth(
  fastify: FastifyInstance,
  state: {
    readonly missing: () => Promise<string | undefined>;
    readonly problems: () => Promise<readonly string[]>;
  },
): void {
  fastify.get('/healthz', async (_request, reply) => {
    const problems = await state.problems();
    reply.header('cache-control', 'no-store');
    return reply.send(problems.length === 0 ? { status: 'ok' } : { status: 'degraded', problems });
  });
  fastify.get('/readyz', async (_request, reply) => {
    const reason = await state.missing();
    reply.header('cache-control', 'no-store');
    if (reason !== undefined) {
      return reply.code(503).header('retry-after', '1').send({ status: 'not ready', reason });
    }
    const problems = await state.problems();
    return reply.send(
      problems.length === 0 ? { status: 'ready' } : { status: 'ready', degraded: true, problems },
    );
  });
}
