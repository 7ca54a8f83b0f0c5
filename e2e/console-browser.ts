import { mkdirSync, mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { chromium, type Page } from 'playwright-core';
import { mustRun } from './clients.ts';
import { adminPassword } from './server-process.ts';

/** Debian's Chromium with a new profile and one page; what went wrong in the page is written down. */
export interface ConsoleBrowser {
  readonly page: Page;
  /** Every address that the browser has asked for. */
  readonly requests: readonly string[];
  /** Errors and warnings of the browser's console, exceptions, dialogs and violations of the content security policy. */
  readonly faults: readonly string[];
  /** Opens an address of the console, signs in there as `admin`, and waits until that is done. */
  signIn(address: string): Promise<void>;
  /** Leaves a picture of the page for whoever wants to look at it, where `PRATIQUE_TEST_PICTURES` names a folder. */
  picture(name: string): Promise<void>;
  close(): Promise<void>;
}

const switches = [
  '--headless',
  '--no-sandbox',
  '--disable-gpu',
  '--disable-quic',
  '--no-first-run',
  '--disable-background-networking',
  '--disable-component-update',
  '--disable-sync',
];

export async function openConsoleBrowser(): Promise<ConsoleBrowser> {
  const profile = mkdtempSync(join(tmpdir(), 'pratique-chromium-'));
  const context = await chromium.launchPersistentContext(profile, {
    executablePath: (await mustRun('sh', ['-c', 'command -v chromium'])).trim(),
    args: switches,
    viewport: { width: 1440, height: 900 },
    colorScheme: 'light',
    locale: 'en-GB',
    timezoneId: 'UTC',
  });
  const requests: string[] = [];
  const faults: string[] = [];
  context.on('request', (request) => requests.push(request.url()));
  context.on('weberror', (error) => faults.push(`exception: ${error.error().message}`));
  context.on('dialog', (dialog) => {
    faults.push(`dialog: ${dialog.message()}`);
    void dialog.dismiss();
  });
  context.on('console', (message) => {
    if (['error', 'warning'].includes(message.type())) faults.push(`${message.type()}: ${message.text()}`);
  });
  // As text, because it runs in the page: these files are compiled without the types of a browser.
  await context.addInitScript({
    content: `document.addEventListener('securitypolicyviolation', (event) => {
      console.error('content security policy: ' + event.violatedDirective + ' ' + event.blockedURI);
    });`,
  });
  const page = context.pages()[0] ?? (await context.newPage());
  page.setDefaultTimeout(60_000);
  return {
    page,
    requests,
    faults,
    signIn: async (address) => {
      await page.goto(address);
      await page.getByLabel('Username').fill('admin');
      await page.getByRole('textbox', { name: 'Password' }).fill(adminPassword);
      await page.getByRole('button', { name: 'Sign in' }).click();
      await page.getByRole('button', { name: 'Sign out' }).waitFor();
    },
    picture: async (name) => {
      const folder = process.env['PRATIQUE_TEST_PICTURES'];
      if (folder === undefined) return;
      mkdirSync(folder, { recursive: true });
      await page.mouse.move(0, 0);
      // What moves has come to rest by then.
      await page.waitForTimeout(400);
      await page.screenshot({ path: join(folder, `${name}.png`), fullPage: true });
    },
    close: async () => {
      await context.close();
      rmSync(profile, { recursive: true, force: true });
    },
  };
}
