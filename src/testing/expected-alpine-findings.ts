/** One finding of a real Alpine root file system. */
export interface ExpectedFinding {
  readonly id: string;
  readonly package: string;
  readonly installed: string;
  readonly fixed: string;
}

type Row = readonly [id: string, installed: string, fixed: string];

/*
 * Worked out without our parser, orders or matcher: by a script that reads `lib/apk/db/installed` of the tarball and the
 * records of the shared data for the release and the package's origin, and asks the real `apk version -t` (apk-tools
 * 2.10.8) about every pair. An origin with two fixes in one record (CVE-2017-3738) is fixed by the later. To remake it,
 * do the same with another program; do not copy what our own scan says.
 */
const alpine340: Readonly<Record<string, readonly Row[]>> = {
  musl: [
    ['CVE-2016-8859', '1.1.14-r10', '1.1.14-r13'],
    ['CVE-2017-15650', '1.1.14-r10', '1.1.14-r16'],
  ],
  busybox: [
    ['CVE-2016-6301', '1.24.2-r9', '1.24.2-r12'],
    ['CVE-2017-15873', '1.24.2-r9', '1.24.2-r13'],
    ['CVE-2017-16544', '1.24.2-r9', '1.24.2-r13'],
  ],
  zlib: [
    ['CVE-2016-9840', '1.2.8-r2', '1.2.11-r0'],
    ['CVE-2016-9841', '1.2.8-r2', '1.2.11-r0'],
    ['CVE-2016-9842', '1.2.8-r2', '1.2.11-r0'],
    ['CVE-2016-9843', '1.2.8-r2', '1.2.11-r0'],
  ],
  'libcrypto1.0': [
    ['CVE-2016-2179', '1.0.2h-r1', '1.0.2h-r3'],
    ['CVE-2016-2180', '1.0.2h-r1', '1.0.2h-r2'],
    ['CVE-2016-2181', '1.0.2h-r1', '1.0.2h-r4'],
    ['CVE-2016-2182', '1.0.2h-r1', '1.0.2h-r3'],
    ['CVE-2016-2183', '1.0.2h-r1', '1.0.2i-r0'],
    ['CVE-2016-6302', '1.0.2h-r1', '1.0.2h-r3'],
    ['CVE-2016-6303', '1.0.2h-r1', '1.0.2h-r3'],
    ['CVE-2016-6304', '1.0.2h-r1', '1.0.2i-r0'],
    ['CVE-2016-6306', '1.0.2h-r1', '1.0.2i-r0'],
    ['CVE-2016-7052', '1.0.2h-r1', '1.0.2j-r0'],
    ['CVE-2016-7055', '1.0.2h-r1', '1.0.2k-r0'],
    ['CVE-2017-3731', '1.0.2h-r1', '1.0.2k-r0'],
    ['CVE-2017-3732', '1.0.2h-r1', '1.0.2k-r0'],
    ['CVE-2017-3735', '1.0.2h-r1', '1.0.2m-r0'],
    ['CVE-2017-3736', '1.0.2h-r1', '1.0.2m-r0'],
    ['CVE-2017-3737', '1.0.2h-r1', '1.0.2n-r0'],
    ['CVE-2017-3738', '1.0.2h-r1', '1.0.2o-r0'],
    ['CVE-2018-0732', '1.0.2h-r1', '1.0.2o-r1'],
    ['CVE-2018-0733', '1.0.2h-r1', '1.0.2o-r0'],
    ['CVE-2018-0734', '1.0.2h-r1', '1.0.2q-r0'],
    ['CVE-2018-0737', '1.0.2h-r1', '1.0.2o-r2'],
    ['CVE-2018-0739', '1.0.2h-r1', '1.0.2o-r0'],
    ['CVE-2018-5407', '1.0.2h-r1', '1.0.2q-r0'],
  ],
  'libssl1.0': [
    ['CVE-2016-2179', '1.0.2h-r1', '1.0.2h-r3'],
    ['CVE-2016-2180', '1.0.2h-r1', '1.0.2h-r2'],
    ['CVE-2016-2181', '1.0.2h-r1', '1.0.2h-r4'],
    ['CVE-2016-2182', '1.0.2h-r1', '1.0.2h-r3'],
    ['CVE-2016-2183', '1.0.2h-r1', '1.0.2i-r0'],
    ['CVE-2016-6302', '1.0.2h-r1', '1.0.2h-r3'],
    ['CVE-2016-6303', '1.0.2h-r1', '1.0.2h-r3'],
    ['CVE-2016-6304', '1.0.2h-r1', '1.0.2i-r0'],
    ['CVE-2016-6306', '1.0.2h-r1', '1.0.2i-r0'],
    ['CVE-2016-7052', '1.0.2h-r1', '1.0.2j-r0'],
    ['CVE-2016-7055', '1.0.2h-r1', '1.0.2k-r0'],
    ['CVE-2017-3731', '1.0.2h-r1', '1.0.2k-r0'],
    ['CVE-2017-3732', '1.0.2h-r1', '1.0.2k-r0'],
    ['CVE-2017-3735', '1.0.2h-r1', '1.0.2m-r0'],
    ['CVE-2017-3736', '1.0.2h-r1', '1.0.2m-r0'],
    ['CVE-2017-3737', '1.0.2h-r1', '1.0.2n-r0'],
    ['CVE-2017-3738', '1.0.2h-r1', '1.0.2o-r0'],
    ['CVE-2018-0732', '1.0.2h-r1', '1.0.2o-r1'],
    ['CVE-2018-0733', '1.0.2h-r1', '1.0.2o-r0'],
    ['CVE-2018-0734', '1.0.2h-r1', '1.0.2q-r0'],
    ['CVE-2018-0737', '1.0.2h-r1', '1.0.2o-r2'],
    ['CVE-2018-0739', '1.0.2h-r1', '1.0.2o-r0'],
    ['CVE-2018-5407', '1.0.2h-r1', '1.0.2q-r0'],
  ],
  'musl-utils': [
    ['CVE-2016-8859', '1.1.14-r10', '1.1.14-r13'],
    ['CVE-2017-15650', '1.1.14-r10', '1.1.14-r16'],
  ],
};

const alpine362: Readonly<Record<string, readonly Row[]>> = {
  musl: [['CVE-2017-15650', '1.1.16-r13', '1.1.16-r14']],
  busybox: [
    ['CVE-2017-15873', '1.26.2-r5', '1.26.2-r9'],
    ['CVE-2017-16544', '1.26.2-r5', '1.26.2-r9'],
  ],
  'musl-utils': [['CVE-2017-15650', '1.1.16-r13', '1.1.16-r14']],
};

const alpine3109: Readonly<Record<string, readonly Row[]>> = {
  'apk-tools': [['CVE-2021-36159', '2.10.6-r0', '2.10.7-r0']],
};

function listFindings(rowsByPackage: Readonly<Record<string, readonly Row[]>>): readonly ExpectedFinding[] {
  return Object.entries(rowsByPackage).flatMap(([name, rows]) =>
    rows.map(([id, installed, fixed]) => ({ id, package: name, installed, fixed })),
  );
}

/** All that the records of the shared data know of these images, by Alpine's version; 3.6.5 and 3.12.12 have none. */
export const expectedAlpineFindings = {
  '3.4.0': listFindings(alpine340),
  '3.6.2': listFindings(alpine362),
  '3.10.9': listFindings(alpine3109),
  '3.6.5': [],
  '3.12.12': [],
} as const satisfies Readonly<Record<string, readonly ExpectedFinding[]>>;
