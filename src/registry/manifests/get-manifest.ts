import type { OutgoingHttpHeaders } from 'node:http';
import type { FastifyReply } from 'fastify';
import { askPullGuard, matchesETag } from '../ask-guard.ts';
import { authorize, repositoryUnknown } from '../authorize.ts';
import type { RegistryCall } from '../dependencies.ts';
import { refusals, refuse } from '../errors.ts';
import type { FullName, ManifestReference } from '../parse-path.ts';

/** GET and HEAD of a manifest (distribution-spec v1.1 spec.md#pulling-manifests): seen, then judged, then answered. */
export async function getManifest(
  call: RegistryCall,
  asked: { readonly name: FullName; readonly reference: ManifestReference },
): Promise<FastifyReply> {
  const { parts, request, reply } = call;
  const { name, reference } = asked;
  const access = await authorize({
    request,
    credentials: call.credentials,
    name,
    action: 'pull',
    lookup: reference.kind === 'tag' ? { tag: reference.tag } : { manifestDigest: reference.digest },
    challenges: parts.challenges,
    readSituation: parts.readSituation,
    denials: parts.login.denials,
  });
  if (access.kind === 'refused') return refuse(reply, access);
  if (access.repository === undefined) return refuse(reply, repositoryUnknown(name));
  const { manifest } = access.situation;
  if (manifest === undefined) return refuse(reply, manifestUnknown(name, reference));
  const method = request.method === 'HEAD' ? 'HEAD' : 'GET';
  const refused = await askPullGuard({
    guard: parts.pullGuard,
    access,
    repository: access.repository,
    target: { kind: 'manifest', digest: manifest.digest },
    ...(reference.kind === 'tag' ? { tag: reference.tag } : {}),
    method,
    reply,
  });
  if (refused !== undefined) return refuse(reply, refused);
  const digest = reference.kind === 'digest' ? reference.digest : (manifest.tagDigest ?? manifest.digest);
  const etag = `"${digest}"`;
  reply.header('docker-content-digest', digest).header('etag', etag);
  if (matchesETag(request.headers['if-none-match'], etag)) return reply.code(304).send();
  // Its type is the pusher's choice; it is never rendered from our origin (threats.md E1).
  reply.header('x-content-type-options', 'nosniff').header('content-security-policy', 'sandbox');
  reply.header('content-type', manifest.mediaType).header('content-length', manifest.sizeBytes);
  if (method === 'HEAD') return reply.send();
  const content = await parts.manifestCache.read(manifest.digest);
  if (content === undefined) {
    for (const header of ['content-length', 'etag', 'docker-content-digest']) reply.removeHeader(header);
    return refuse(reply, manifestUnknown(name, reference));
  }
  return typeof content === 'string' ? sendText(reply, content) : reply.send(content);
}

/** Past Fastify, which would add a charset to the pusher's type: one write for headers and text. */
function sendText(reply: FastifyReply, text: string): FastifyReply {
  reply.hijack();
  // Fastify types the names of headers more narrowly than Node does.
  reply.raw.writeHead(reply.statusCode, reply.getHeaders() as OutgoingHttpHeaders).end(text, 'latin1');
  return reply;
}

export function manifestUnknown(name: FullName, reference: ManifestReference) {
  const shown =
    reference.kind === 'tag' ? `${name.full}:${reference.tag}` : `${name.full}@${reference.digest}`;
  return refusals.manifestUnknown(`Cannot find the manifest "${shown}": it must have been pushed here`);
}
