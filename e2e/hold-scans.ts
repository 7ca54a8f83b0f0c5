import { openInstallation } from '../src/app/installation.ts';
import { loadConfig } from '../src/app/settings/config.ts';

/**
 * Lets no scan of the server with that data folder store what it has read of a layer, however fast the machine is, until the
 * function that is returned is called.
 */
export async function holdScans(dataFolder: string): Promise<() => Promise<void>> {
  const config = loadConfig({ environment: { PRATIQUE_DATA: dataFolder }, folder: '/' });
  const installation = await openInstallation(config, { role: 'guest' });
  const holding = await installation.connection.pool.connect();
  await holding.query('begin; set local idle_in_transaction_session_timeout = 0');
  await holding.query('lock table layer_inspection in share mode');
  return async () => {
    await holding.query('rollback');
    holding.release();
    await installation.close();
  };
}
