import { expect, test } from 'vitest';
import { normalisePackageName } from '../../advisories/osv/package-name.ts';
import { advisedNames, binaryEcosystems } from '../../matching/installed-as.ts';
import { createTemporaryDatabase } from '../../testing/temporary-database.ts';

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
