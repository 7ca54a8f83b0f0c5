import { expect, test } from 'vitest';
import { normalisePackageName } from '../../advisories/osv/package-name.ts';
import { advisedNames, binaryEcosystems } from '../../matching/installed-as.ts';
import type { Package } from '../../report/package.ts';
import { createTemporaryDatabase } from '../../testing/temporary-database.ts';
import { internPackages } from '../intern-packages.ts';
import { packagesNamed } from './packages-named.ts';

test('the name that packages are looked up by is the one that advisories use', async () => {
  const { pool, drop } = await createTemporaryDatabase();
  try {
    const ecosystems = [...binaryEcosystems, 'PyPI', 'NuGet', 'Packagist', 'Debian', 'npm', 'Rocky Linux'];
    for (const ecosystem of ecosystems) {
      const installed = { name: 'Lib_A.b', sourceName: 'Source__A-._b', version: '1', sourceVersion: '1' };
      const [name = ''] = advisedNames({ ...installed, ecosystem, release: '', module: '' });
      const { rows } = await pool.query('select advised_name($1, $2, $3) as name', [
        ecosystem,
        installed.name,
        installed.sourceName,
      ]);
      expect(rows, ecosystem).toEqual([{ name: normalisePackageName(ecosystem, name) }]);
    }
  } finally {
    await drop();
  }
});

test('a changed advisory names the packages of its name however they are spelled', async () => {
  const database = await createTemporaryDatabase();
  try {
    const spelled: readonly (readonly [ecosystem: string, name: string])[] = [
      ['npm', 'left-pad'],
      ['NuGet', 'Newtonsoft.Json'],
      ['Packagist', 'Symfony/http-kernel'],
      ['PyPI', 'Flask_Login'],
      ['SwiftURL', 'github.com/Alamofire/Alamofire'],
    ];
    const packages = spelled.map(
      ([ecosystem, name]): Package => ({
        ...{ ecosystem, name, sourceName: name },
        ...{ release: '', version: '1.0.0', sourceVersion: '1.0.0', module: '' },
      }),
    );
    const ids = await internPackages(database.db, packages);
    const changedPackages = spelled.map(([ecosystem, name]) => ({
      ecosystem,
      name: normalisePackageName(ecosystem, name),
    }));
    const changes = { changedAdvisoryIds: [], changedCves: [], changedPackages };
    expect((await packagesNamed(database, changes)).changed).toEqual([...ids].sort((a, b) => a - b));
  } finally {
    await database.drop();
  }
});
