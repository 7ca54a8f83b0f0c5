import { execFileSync } from 'node:child_process';
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';

/** A certificate authority of a test; its `ca.crt` lies in a folder as skopeo's `--cert-dir` wants it. */
export interface SelfMadeCa {
  readonly folder: string;
  readonly file: string;
  /** Signs a new key pair for localhost and returns the files' paths. */
  sign(name: string): { readonly certificate: string; readonly key: string };
}

export function makeCa(folder: string): SelfMadeCa {
  const openssl = (...args: string[]) => execFileSync('openssl', args, { cwd: folder, stdio: 'pipe' });
  const newKey = ['-newkey', 'ec', '-pkeyopt', 'ec_paramgen_curve:prime256v1', '-nodes'];
  openssl(
    'req',
    '-x509',
    ...newKey,
    '-keyout',
    'ca.pem',
    '-out',
    'ca.crt',
    '-days',
    '30',
    '-subj',
    '/CN=Test CA',
  );
  writeFileSync(join(folder, 'names.txt'), 'subjectAltName=DNS:localhost,IP:127.0.0.1\n');
  return {
    folder,
    file: join(folder, 'ca.crt'),
    sign: (name) => {
      openssl('req', ...newKey, '-keyout', `${name}-key.pem`, '-out', `${name}.csr`, '-subj', `/CN=${name}`);
      const signing = [
        'x509',
        '-req',
        '-in',
        `${name}.csr`,
        '-CA',
        'ca.crt',
        '-CAkey',
        'ca.pem',
        '-CAcreateserial',
      ];
      openssl(...signing, '-out', `${name}.pem`, '-days', '30', '-extfile', 'names.txt');
      return { certificate: join(folder, `${name}.pem`), key: join(folder, `${name}-key.pem`) };
    },
  };
}
