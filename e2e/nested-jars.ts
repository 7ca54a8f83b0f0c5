import type { ExpectedFinding } from '../src/testing/expected-alpine-findings.ts';
import { buildLayer } from '../src/testing/samples/build-image.ts';
import { buildZip } from '../src/testing/samples/build-zip.ts';

/** A layer with a WAR that holds a JAR that holds two, as Maven describes them. */
export function nestedJars(): Buffer {
  const service = jar('com.example', 'service', '1.0', [
    { name: 'BOOT-INF/lib/commons-text-1.9.jar', bytes: jar('org.apache.commons', 'commons-text', '1.9') },
    { name: 'BOOT-INF/lib/snakeyaml-1.30.jar', bytes: jar('org.yaml', 'snakeyaml', '1.30') },
  ]);
  const war = buildZip([{ name: 'WEB-INF/lib/service-1.0.jar', bytes: service }]);
  return Buffer.from(buildLayer({ 'srv/shop.war': war }).bytes);
}

type Members = Parameters<typeof buildZip>[0];

function jar(groupId: string, artifactId: string, version: string, members: Members = []): Buffer {
  const pom = `groupId=${groupId}\nartifactId=${artifactId}\nversion=${version}\n`;
  const name = `META-INF/maven/${groupId}/${artifactId}/pom.properties`;
  return buildZip([{ name, bytes: Buffer.from(pom) }, ...members]);
}

const rows = [
  ['CVE-2022-42889', 'org.apache.commons:commons-text', '1.9', '1.10.0'],
  ['CVE-2022-1471', 'org.yaml:snakeyaml', '1.30', '2.0'],
  ['CVE-2022-25857', 'org.yaml:snakeyaml', '1.30', '1.31'],
  ['CVE-2022-38749', 'org.yaml:snakeyaml', '1.30', '1.31'],
  ['CVE-2022-38750', 'org.yaml:snakeyaml', '1.30', '1.31'],
  ['CVE-2022-38751', 'org.yaml:snakeyaml', '1.30', '1.31'],
  ['CVE-2022-38752', 'org.yaml:snakeyaml', '1.30', '1.32'],
  ['CVE-2022-41854', 'org.yaml:snakeyaml', '1.30', '1.32'],
] as const;

/**
 * Read by hand from the shared data's records of the two packages in Maven's folder. CVE-2017-18640 of snakeyaml was fixed in
 * 1.26, and is none of them.
 */
export const expectedJarFindings: readonly ExpectedFinding[] = rows.map(([id, name, installed, fixed]) => ({
  id,
  package: name,
  installed,
  fixed,
}));
