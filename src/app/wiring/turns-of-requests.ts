import type { FastifyInstance } from 'fastify';
import { Turn, type Turns } from '../../database/turns.ts';
import { type RouteClass, routeClassOf } from '../../edge/route-class.ts';

/**
 * Who is served first, and who is shed first, when database connections are short (threats.md F10): health checks,
 * pulls, pushes, people. `patienceMs` is what one request may wait in all, so that a 503 comes within 5 s.
 */
const places = {
  health: { rank: 0, patienceMs: 1_000 },
  pull: { rank: 1, patienceMs: 3_500 },
  push: { rank: 2, patienceMs: 3_000 },
  console: { rank: 3, patienceMs: 1_000 },
} as const satisfies Readonly<Record<string, { readonly rank: number; readonly patienceMs: number }>>;

/** Gives every request its turn at the database. */
export function takeTurns(fastify: FastifyInstance, turns: Turns): void {
  const taken = new WeakMap<object, Turn>();
  fastify.addHook('onRequest', (request, _reply, done) => {
    const turn = new Turn(places[placeOf(routeClassOf(request.url.split('?', 1)[0] ?? ''), request.method)]);
    taken.set(request, turn);
    turns.run(turn, done);
  });
  // A body that was parsed ends in the context of its connection, not of its request.
  fastify.addHook('preHandler', (request, _reply, done) => {
    const turn = taken.get(request);
    if (turn === undefined) done();
    else turns.run(turn, done);
  });
}

function placeOf(route: RouteClass, method: string): keyof typeof places {
  switch (route) {
    case 'health':
      return 'health';
    case 'manifest':
    case 'blob':
      return method === 'GET' || method === 'HEAD' ? 'pull' : 'push';
    case 'v2':
    case 'token':
    case 'tags':
    case 'referrers':
      return 'pull';
    case 'upload':
      return 'push';
    case 'catalog':
    case 'api':
    case 'metrics':
    case 'console':
      return 'console';
  }
}
