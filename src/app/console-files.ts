import { existsSync } from 'node:fs';
import fastifyStatic from '@fastify/static';
import type { FastifyInstance, FastifyReply, FastifyRequest } from 'fastify';

/** Scripts, images and calls of our own origin only; Mantine writes its variables into a style element. */
const contentSecurityPolicy = [
  "default-src 'none'",
  "script-src 'self'",
  "style-src 'self' 'unsafe-inline'",
  "img-src 'self' data:",
  "font-src 'self'",
  "connect-src 'self'",
  "base-uri 'none'",
  "form-action 'self'",
  "frame-ancestors 'none'",
].join('; ');

function setHeaders(reply: FastifyReply): void {
  reply.header('content-security-policy', contentSecurityPolicy);
  reply.header('x-frame-options', 'DENY');
  reply.header('cross-origin-opener-policy', 'same-origin');
}

/** Paths that belong to programs or to the build: an unknown one is an error there, not a page. */
const programPaths = /^\/(v2|api|token|healthz|readyz|metrics|assets)(\/|$)/i;

/**
 * Navigations ask for HTML, scripts and images do not (https://fetch.spec.whatwg.org/#concept-fetch step 13). The end of
 * a path tells nothing: a namespace may be called `my.js`.
 */
function isNavigation(request: FastifyRequest): boolean {
  const isRead = request.method === 'GET' || request.method === 'HEAD';
  return isRead && /\btext\/html\b/i.test(request.headers.accept ?? '');
}

/** Serves the built console: files by name, and its page for every other path that a browser opens. */
export async function registerConsole(fastify: FastifyInstance, folder: string): Promise<void> {
  const isBuilt = existsSync(`${folder}/index.html`);
  if (isBuilt) {
    await fastify.register(fastifyStatic, {
      root: folder,
      cacheControl: false,
      setHeaders: (response, file) => {
        // Vite names files below assets/ by their content.
        const isNamedByContent = /[\\/]assets[\\/]/.test(file);
        response.setHeader(
          'cache-control',
          isNamedByContent ? 'public, max-age=31536000, immutable' : 'no-cache',
        );
        response.setHeader('content-security-policy', contentSecurityPolicy);
        response.setHeader('x-frame-options', 'DENY');
        response.setHeader('cross-origin-opener-policy', 'same-origin');
      },
    });
  } else {
    fastify.get('/', async (_request, reply) => {
      return reply
        .code(503)
        .type('text/plain; charset=utf-8')
        .send('The console is not built. Run "npm run build:console" and start the server again.\n');
    });
  }
  fastify.setNotFoundHandler(async (request: FastifyRequest, reply: FastifyReply) => {
    const path = request.url.split('?')[0] ?? '';
    if (isBuilt && isNavigation(request) && !programPaths.test(path)) {
      setHeaders(reply);
      reply.header('vary', 'accept');
      return reply.header('cache-control', 'no-cache').sendFile('index.html');
    }
    return reply
      .code(404)
      .send({ error: { code: 'not-found', message: 'There is nothing at this path', details: null } });
  });
}
