/** The command that signs a registry client in to this server. */
export function loginCommand(): string {
  const tls = window.location.protocol === 'https:' ? '' : '--tls-verify=false ';
  return `skopeo login ${tls}${window.location.host}`;
}

/** The command that puts a first image into a namespace of this server. */
export function pushCommand(namespace: string): string {
  const tls = window.location.protocol === 'https:' ? '' : '--dest-tls-verify=false ';
  return `skopeo copy ${tls}docker://docker.io/library/alpine:3.20 docker://${window.location.host}/${namespace}/alpine:3.20`;
}
