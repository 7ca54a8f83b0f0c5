import type { FastifyInstance } from 'fastify';

/**
 * `/healthz`: the process runs. `/readyz`: it can serve; 503 while it starts, stops or has lost its database, with
 * the name of what is missing.
 */
export function registerHealth(fastify: FastifyInstance, missing: () => Promise<string | undefined>): void {
  fastify.get('/healthz', async (_request, reply) => {
    return reply.header('cache-control', 'no-store').send({ status: 'ok' });
  });
  fastify.get('/readyz', async (_request, reply) => {
    const reason = await missing();
    reply.header('cache-control', 'no-store');
    if (reason === undefined) return reply.send({ status: 'ready' });
    return reply.code(503).header('retry-after', '1').send({ status: 'not ready', reason });
  });
}
