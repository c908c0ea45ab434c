// Two browsers behind one face: a browser opens pages, a page calls functions of `window.peer`.
//
// Owns: the browser's process and its fresh profile. Never does: know what a page is for.

import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { chromium } from 'playwright-core';
import puppeteer from 'puppeteer-core';

import { until } from './wait.mjs';

const CHROMIUM = process.env.CHROMIUM ?? '/usr/bin/chromium';
const FIREFOX = process.env.FIREFOX ?? '/usr/bin/firefox-esr';

const CHROMIUM_FLAGS = [
  '--headless=new',
  '--no-sandbox', // the tests run as root in containers
  '--disable-gpu',
  '--disable-quic',
  '--no-first-run',
  '--disable-background-networking',
  '--disable-component-update',
  '--disable-sync',
  '--autoplay-policy=no-user-gesture-required',
  '--allow-loopback-in-peer-connection',
  '--disable-features=MediaRouter',
];

const FIREFOX_PREFERENCES = {
  'media.peerconnection.ice.loopback': true,
  // only a page that may use the camera gathers on other interfaces than that of the default route: loopback is one
  'permissions.default.camera': 1,
  'permissions.default.microphone': 1,
  'media.autoplay.default': 0,
  'media.autoplay.blocking_policy': 0,
  // without a sound card an AudioContext of this browser never starts; the mock device lends it a clock
  'media.cubeb.force_mock_context': true,
  'media.gmp-manager.url': '', // no plug-in downloads
  'app.update.enabled': false,
  'datareporting.policy.dataSubmissionEnabled': false,
  'network.captive-portal-service.enabled': false,
  'browser.safebrowsing.update.enabled': false,
};

/**
 * `plainAddresses` shows host candidates as addresses: two pages without a server cannot resolve mDNS names. `flags`
 * are more of them for Chromium.
 */
export async function launch(name, { plainAddresses = false, flags = [] } = {}) {
  return name === 'firefox' ? launchFirefox(plainAddresses) : launchChromium(plainAddresses, flags);
}

async function launchChromium(plainAddresses, flags) {
  const profile = await mkdtemp(join(tmpdir(), 'rapport-chromium-'));
  const known = plainAddresses
    ? [...CHROMIUM_FLAGS.slice(0, -1), '--disable-features=MediaRouter,WebRtcHideLocalIpsWithMdns']
    : CHROMIUM_FLAGS;
  const args = [...known, ...flags];
  const context = await chromium.launchPersistentContext(profile, { executablePath: CHROMIUM, args });
  return {
    name: 'chromium',
    open: async (url) => peerOf(await context.newPage(), url),
    page: async (script) => {
      const page = await newWindow(context);
      await page.addInitScript({ content: script });
      return page;
    },
    close: async () => {
      await context.close();
      await rm(profile, { recursive: true, force: true, maxRetries: 5 });
    },
  };
}

/** A page in a window of its own: the pictures of a tab in the background are not rendered. */
async function newWindow(context) {
  const opened = context.waitForEvent('page');
  const session = await context.newCDPSession(context.pages()[0] ?? (await context.newPage()));
  await session.send('Target.createTarget', { url: 'about:blank', newWindow: true });
  await session.detach();
  return opened;
}

async function launchFirefox(plainAddresses) {
  const extraPrefsFirefox = {
    ...FIREFOX_PREFERENCES,
    'media.peerconnection.ice.obfuscate_host_addresses': !plainAddresses,
  };
  // the driver makes a fresh profile and removes it
  const browser = await puppeteer.launch({
    browser: 'firefox',
    executablePath: FIREFOX,
    headless: true,
    extraPrefsFirefox,
  });
  return {
    name: 'firefox',
    open: async (url) => peerOf(await browser.newPage(), url),
    page: async (script) => {
      const page = await browser.newPage();
      await page.evaluateOnNewDocument(script);
      return page;
    },
    close: () => browser.close(),
  };
}

/** The page's functions as methods: `page.call('play', options)`. */
async function peerOf(page, url) {
  const faults = [];
  page.on('pageerror', (error) => faults.push(String(error)));
  await page.goto(url);
  await until('the page has loaded', () => page.evaluate(() => window.peer !== undefined));
  return {
    faults,
    call: (name, ...args) => page.evaluate(([method, given]) => window.peer[method](...given), [name, args]),
    close: async () => {
      await page.evaluate(() => window.peer.stop());
      await page.close();
    },
  };
}
