/** Text that looks random and is the same in every run; nothing that anybody issued. */
function noise(length: number, alphabet: string, seed: number): string {
  let state = seed * 2654435761 + 12345;
  return Array.from({ length }, () => {
    state = (Math.imul(state, 1103515245) + 12345) >>> 0;
    return alphabet[(state >>> 16) % alphabet.length] ?? '';
  }).join('');
}

const hex = '0123456789abcdef';
const lower = 'abcdefghijkmnpqrstuvwxyz23456789';
const mixed = 'abcdefghijkmnpqrstuvwxyzABCDEFGHJKLMNPQRSTUVWXYZ23456789';
const upper = 'ABCDEFGHJKLMNPQRSTUVWXYZ234567';

/** Made up at run time, so that no file of the project holds anything that a scanner takes for a secret. */
export const random = {
  hex: (length: number, seed = 1) => noise(length, hex, seed),
  lower: (length: number, seed = 1) => noise(length, lower, seed),
  mixed: (length: number, seed = 1) => noise(length, mixed, seed),
  upper: (length: number, seed = 1) => noise(length, upper, seed),
  letters: (length: number, seed = 1) => noise(length, mixed.slice(0, 48), seed),
  digits: (length: number, seed = 1) => noise(length, '123456789', seed),
  base32: (length: number, seed = 1) => noise(length, 'QPZRY9X8GF2TVDW0S3JN54KHCE6MUA7L', seed),
};

const { hex: h, lower: l, mixed: m, upper: u, letters, digits, base32 } = random;
const uuid = `${h(8)}-${h(4)}-${h(4)}-${h(4)}-${h(12)}`;
const base64 = (text: string) => Buffer.from(text).toString('base64');
const base64url = (text: string) => Buffer.from(text).toString('base64url');
const pem = (kind: string, body = m(64)) =>
  `-----BEGIN ${kind}-----\n${body}\n${m(64, 2)}\n-----END ${kind}-----\n`;
const begin = (kind: string) => `${kind} PRIVATE KEY`;

/** A text that each rule of `inspection/secrets/secret-rules.ts` finds, by the rule's id. */
export const secretSamples: Readonly<Record<string, string>> = {
  'aws-access-key-id': `AKIA${u(16)}`,
  'aws-secret-access-key': `aws_secret_access_key = ${m(40)}`,
  'gcp-api-key': `AIza${m(35)}`,
  'gcp-service-account': `"private_key_id": "${h(40)}"`,
  'gcp-oauth-token': `ya29.${m(60)}`,
  'gcp-oauth-client-secret': `GOCSPX-${m(28)}`,
  'azure-storage-key': `AccountName=a;AccountKey=${m(86)}==`,
  'azure-shared-access-key': `SharedAccessKey=${m(43)}=`,
  'azure-client-secret': `client_secret: ${m(3)}8Q~${m(34)}`,
  'azure-devops-token': `${m(76)}AZDO${m(4)}`,
  'digitalocean-token': `dop_v1_${h(64)}`,
  'alibaba-access-key-id': `LTAI${m(20)}`,
  'tencent-secret-id': `AKID${m(32)}`,
  'heroku-api-key': `HRKU-AA${m(58)}`,
  'flyio-token': `fo1_${m(43)}`,
  'cloudflare-origin-ca-key': `v1.0-${h(24)}-${h(146)}`,
  'cloudflare-api-token': `CLOUDFLARE_API_TOKEN=${m(40)}`,
  'vault-token': `hvs.${m(95)}`,
  'terraform-cloud-token': `${m(14)}.atlasv1.${m(64)}`,
  'pulumi-token': `pul-${h(40)}`,
  'databricks-token': `dapi${h(32)}`,
  'planetscale-token': `pscale_tkn_${m(43)}`,
  'supabase-token': `sbp_${h(40)}`,
  'doppler-token': `dp.pt.${m(43)}`,
  'onepassword-service-token': `ops_eyJ${m(260)}`,
  'tailscale-key': `tskey-auth-${m(12)}-${m(32)}`,
  'netlify-token': `nfp_${m(36)}`,
  'github-token': `ghp_${m(36)}`,
  'github-fine-grained-token': `github_pat_${m(22)}_${m(59)}`,
  'github-app-token': `ghs_${m(36)}`,
  'gitlab-token': `glpat-${m(20, 3)}9`,
  'bitbucket-app-password': `ATBB${m(32)}`,
  'atlassian-token': `ATATT3${m(186)}`,
  'sourcegraph-token': `sgp_${h(40)}`,
  'circleci-token': `CCIPAT_${m(22)}_${h(40)}`,
  'buildkite-token': `bkua_${l(40)}`,
  'sonarqube-token': `sqp_${h(40)}`,
  'prefect-token': `pnu_${m(36)}`,
  'npm-token': `npm_${m(36)}`,
  'npmrc-auth-token': `//npm.test/:_authToken=${uuid}`,
  'npmrc-basic': `_auth=${base64(`user:${m(12)}`)}`,
  'pypi-token': `pypi-AgEIcHlwaS5vcmc${m(120)}`,
  'rubygems-token': `rubygems_${h(48)}`,
  'nuget-key': `oy2${noise(43, 'abcdefghijklmnopqrstuvwxyz234567', 1)}`,
  'dockerhub-token': `dckr_pat_${m(27)}`,
  'docker-config-auth': `{"auths":{"r.test":{"auth": "${base64(`user:${m(12)}`)}"}}}`,
  'artifactory-key': `AKCp${m(69)}`,
  'clojars-token': `CLOJARS_${h(60)}`,
  'crates-token': `token = "cio${m(32)}"`,
  'slack-token': `xoxb-${digits(12)}-${digits(12)}-${m(24)}`,
  'slack-webhook': `https://hooks.slack.com/services/T${u(8)}/B${u(10)}/${m(24)}`,
  'discord-bot-token': `DISCORD_TOKEN=M${m(25)}.${m(6)}.${m(38)}`,
  'discord-webhook': `https://discord.com/api/webhooks/${digits(18)}/${m(68)}`,
  'telegram-bot-token': `${digits(10)}:AAH${m(32)}`,
  'teams-webhook': `https://a.webhook.office.com/webhookb2/${uuid}@${uuid}/IncomingWebhook/${h(32)}/${uuid}`,
  'twilio-key': `TWILIO_KEY=SK${h(32)}`,
  'sendgrid-key': `SG.${m(22)}.${m(43)}`,
  'mailgun-key': `key-${h(32)}`,
  'mailchimp-key': `${h(32)}-us12`,
  'brevo-key': `xkeysib-${h(64)}-${m(16)}`,
  'stripe-live-key': `sk_live_${m(24)}`,
  'stripe-test-key': `sk_test_${m(24)}`,
  'stripe-webhook-secret': `whsec_${m(32)}`,
  'square-token': `sq0atp-${m(22)}`,
  'braintree-token': `access_token$production$${l(16)}$${h(32)}`,
  'shopify-token': `shpat_${h(32)}`,
  'razorpay-key': `rzp_live_${m(14)}`,
  'flutterwave-key': `FLWSECK-${l(32)}-X`,
  'easypost-key': `EZAK${m(54)}`,
  'openai-key': `sk-proj-${m(60)}T3BlbkFJ${m(60)}`,
  'anthropic-key': `sk-ant-api03-${m(95)}`,
  'huggingface-token': `hf_${letters(34)}`,
  'replicate-token': `r8_${m(37)}`,
  'postman-key': `PMAK-${h(24)}-${h(34)}`,
  'grafana-token': `glsa_${m(32)}_${h(8)}`,
  'datadog-key': `DD_API_KEY=${h(32)}`,
  'newrelic-key': `NRAK-${u(27)}`,
  'sentry-token': `sntryu_${h(64)}`,
  'dynatrace-token': `dt0c01.${u(24)}.${u(64)}`,
  'linear-key': `lin_api_${m(40)}`,
  'notion-token': `ntn_${m(46)}`,
  'figma-token': `figd_${m(40)}`,
  'airtable-token': `AIRTABLE_KEY=pat${m(14)}.${h(64)}`,
  'hubspot-token': `pat-na1-${uuid}`,
  'mapbox-token': `sk.eyJ${m(60)}.${m(22)}`,
  'contentful-token': `CFPAT-${m(43)}`,
  'readme-key': `rdme_${l(70)}`,
  'dropbox-token': `sl.B${m(135)}`,
  'private-key': pem(begin('RSA')),
  'encrypted-private-key': pem(begin('ENCRYPTED')),
  'putty-private-key': `PuTTY-User-Key-File-3: ssh-ed25519\nEncryption: none\nComment: me\nPublic-Lines: 2\n${m(64)}\n${m(20)}\n`,
  'encrypted-putty-private-key': `PuTTY-User-Key-File-3: ssh-ed25519\nEncryption: aes256-cbc\nComment: me\nPublic-Lines: 2\n${m(64)}\n${m(20)}\n`,
  'age-secret-key': `AGE-SECRET-KEY-1${base32(58)}`,
  'kubeconfig-key': `    client-key-data: ${m(400)}`,
  'private-key-in-base64': `    tls.key: ${base64(pem(begin('EC')))}`,
  'json-web-token': `${base64url('{"alg":"HS256","typ":"JWT"}')}.${base64url('{"sub":"a","iat":1}')}.${m(43)}`,
  'url-password': `postgres://app:${m(16)}@db.internal:5432/app`,
  'http-password': `https://ci:${m(16)}@git.test/x`,
  'connection-string-password': `Server=db;Database=a;User Id=b;Password=${m(14)};`,
  'netrc-password': `machine git.internal login ci password ${m(14)}`,
  'password-hash': `root:$6$${m(8)}$${m(86)}:19000:0:99999:7:::`,
  'generic-secret': `DB_PASSWORD="${m(20, 5)}7x"`,
};

/** A private key in each armour, with what stands before its body, by what it is called. */
export const privateKeySamples: Readonly<Record<string, string>> = {
  'PKCS#8': pem('PRIVATE KEY'),
  EC: pem(begin('EC')),
  DSA: pem(begin('DSA')),
  OpenSSH: pem(begin('OPENSSH')),
  'PGP without headers': pem('PGP PRIVATE KEY BLOCK', `\n${m(64)}`),
  'PGP with headers': pem(
    'PGP PRIVATE KEY BLOCK',
    `Version: GnuPG v1.4.11 (GNU/Linux)\nComment: of "me" <me@example.test>\n\n${m(64)}`,
  ),
  SSH2: `---- BEGIN SSH2 PRIVATE KEY ----\nComment: "rsa-key-2026"\n${m(64)}\n${m(64, 2)}\n`,
  'one line of JSON': pem(begin('RSA')).replaceAll('\n', '\\n'),
};

/** The same under a passphrase. */
export const encryptedKeySamples: Readonly<Record<string, string>> = {
  'PKCS#8': pem(begin('ENCRYPTED')),
  ...Object.fromEntries(
    ['RSA', 'EC', 'DSA'].map((kind) => [
      `${kind} of OpenSSL before PKCS#8`,
      pem(begin(kind), `Proc-Type: 4,ENCRYPTED\nDEK-Info: AES-128-CBC,${h(32).toUpperCase()}\n\n${m(64)}`),
    ]),
  ),
  SSH2: `---- BEGIN SSH2 ENCRYPTED PRIVATE KEY ----\nComment: "rsa-key-2026"\n${m(64)}\n${m(64, 2)}\n`,
};
