import { type RegistryOptions, type ServedRegistry, serveRegistry } from './serve-registry.ts';
import { createTemporaryDatabase, type TemporaryDatabase } from './temporary-database.ts';

/** A served registry with a database of its own, which goes with it. */
export interface RegistryUnderTest extends ServedRegistry {
  readonly database: TemporaryDatabase;
}

export async function startRegistry(options: RegistryOptions = {}): Promise<RegistryUnderTest> {
  const database = await createTemporaryDatabase();
  const served = await serveRegistry(database, options);
  return {
    ...served,
    database,
    close: async () => {
      await served.close();
      await database.drop();
    },
  };
}
