// How a page looks in the sizes and schemes that people have, and what a checker of accessibility finds on it.
//
// Owns: the sizes, the pictures in `target/screens`, and the findings. Never does: open a page or get anywhere on it.

import { mkdirSync, readFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { fileURLToPath } from 'node:url';

const FOLDER = fileURLToPath(new URL('../../../target/screens/', import.meta.url));
const AXE = readFileSync(createRequire(import.meta.url).resolve('axe-core/axe.min.js'), 'utf8');

const PHONE = { name: 'phone', width: 390, height: 844 };
const DESK = { name: 'desk', width: 1440, height: 900 };

/** The narrowest page of WCAG 2.2 §1.4.10. */
const NARROW = { name: 'narrow', width: 320, height: 640 };

/** What must not be there, in axe's words. */
const GRAVE = ['serious', 'critical'];

/** Looks at what a page shows, in all ways; returns what is wrong with it. */
export async function look(page, view) {
  const findings = [];
  for (const size of [PHONE, DESK]) {
    for (const colorScheme of ['light', 'dark']) {
      await show(page, size, { colorScheme });
      const where = `${view}.${size.name}.${colorScheme}`;
      await keep(page, where);
      findings.push(...(await judge(page)).concat(await outside(page)).map((finding) => `${where}: ${finding}`));
    }
  }
  for (const [size, scale] of [[NARROW, 1], [PHONE, 2], [DESK, 2]]) {
    await show(page, size, { colorScheme: 'light', scale });
    const where = `${view}.${size.name}.${scale === 1 ? 'light' : 'doubled'}`;
    await keep(page, where);
    findings.push(...(await outside(page)).map((finding) => `${where}: ${finding}`));
  }
  await show(page, DESK, {});
  return findings;
}

/** What still moves although the person asked that nothing does. */
export async function moving(page, reducedMotion) {
  await page.emulateMedia({ reducedMotion });
  return page.evaluate(() => {
    const NOTICED_SECONDS = 0.01;
    const longest = (text) => Math.max(...text.split(',').map((each) => parseFloat(each)));
    return [...document.querySelectorAll('*')]
      .filter((element) => {
        const { transitionDuration, animationDuration, animationName } = getComputedStyle(element);
        const animated = animationName !== 'none' && longest(animationDuration) > NOTICED_SECONDS;
        return animated || longest(transitionDuration) > NOTICED_SECONDS;
      })
      .map((element) => `${element.localName}.${element.className}`);
  });
}

async function show(page, { width, height }, { colorScheme = null, scale = 1 }) {
  await page.emulateMedia({ colorScheme, reducedMotion: 'reduce' });
  await page.setViewportSize({ width, height });
  await page.evaluate((factor) => {
    document.documentElement.style.fontSize = factor === 1 ? '' : `${factor * 100}%`;
    return new Promise((drawn) => requestAnimationFrame(() => requestAnimationFrame(drawn)));
  }, scale);
}

async function keep(page, name) {
  mkdirSync(FOLDER, { recursive: true });
  await page.screenshot({ path: `${FOLDER}${name}.png` });
}

/** Found by axe-core, with the elements. */
async function judge(page) {
  await page.evaluate(AXE);
  const { violations } = await page.evaluate(() => globalThis.axe.run(document, { resultTypes: ['violations'] }));
  return violations
    .filter(({ impact }) => GRAVE.includes(impact))
    .map(({ id, impact, nodes }) => `${impact} ${id}: ${nodes.map(({ target }) => target.join(' ')).join(' | ')}`);
}

/** Words and controls that lie beside the page, or under something else that is cut off. */
async function outside(page) {
  return page.evaluate(() => {
    const wider = document.documentElement.scrollWidth - innerWidth;
    const beyond = [...document.querySelectorAll('button, input, select, summary, h1, h2, p')].filter((element) => {
      const { left, right, width, height } = element.getBoundingClientRect();
      const unseen = width <= 1 || height <= 1 || element.closest('.unseen, .skip, [aria-hidden="true"]');
      return !unseen && (left < -1 || right > innerWidth + 1);
    });
    const names = beyond.map((element) => `beside the page: ${element.localName} ${element.innerText || element.ariaLabel}`);
    return wider > 0 ? [`${wider} px wider than the page`, ...names] : names;
  });
}
