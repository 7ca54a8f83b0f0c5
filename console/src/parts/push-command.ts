/** The command that puts a first image into a namespace of this server. */
export function pushCommand(namespace: string): string {
  const tls = window.location.protocol === 'https:' ? '' : '--dest-tls-verify=false ';
  return `skopeo copy ${tls}docker://docker.io/library/alpine:3.20 docker://${window.location.host}/${namespace}/alpine:3.20`;
}
