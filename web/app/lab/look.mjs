// Draws every scene of the lab in Chromium, phone and desk, light and dark; keeps a picture of each in `shots/` and
// fails on a serious finding of axe, on words or controls outside of the page, and on anything the content policy of
// the product would refuse.
//
// Owns: the list of sizes and rules. Never does: touch the product.
//
//   node lab/look.mjs [part of a scene's name]

import { createServer } from "node:http";
import { createRequire } from "node:module";
import { mkdirSync, readFileSync } from "node:fs";
import { build } from "vite";
import { serve } from "./serving.mjs";

const here = (path) => new URL(path, import.meta.url);
const { chromium } = createRequire(here("../../../tests/browsers/package.json"))("playwright-core");
const axe = readFileSync(createRequire(import.meta.url).resolve("axe-core/axe.min.js"), "utf8");

const SIZES = [
  { name: "phone", width: 390, height: 844 },
  { name: "desk", width: 1440, height: 900 },
];
/** Looked at for overflow alone: the narrowest page, and a desk at 400 %. */
const TIGHT = { name: "tight", width: 320, height: 480 };
/** A machine that is busy with other work draws slowly. */
const PATIENCE_MS = 30_000;

await build({ configFile: new URL("./vite.config.ts", import.meta.url).pathname, logLevel: "error" });
mkdirSync(here("./shots"), { recursive: true });
const server = createServer(serve).listen(0, "127.0.0.1");
await new Promise((ready) => server.once("listening", ready));
const origin = `http://127.0.0.1:${server.address().port}`;
const browser = await chromium.launch({ executablePath: process.env.CHROMIUM ?? "/usr/bin/chromium" });
const findings = [];

try {
  const all = await names(process.argv[2] ?? "");
  for (const size of SIZES) for (const scheme of ["light", "dark"]) await lookAtAll(all, size, scheme, true);
  await lookAtAll(all, TIGHT, "light", false);
} finally {
  await browser.close();
  server.close();
}
for (const finding of findings) console.log(finding);
console.log(findings.length === 0 ? "nothing found" : `${findings.length} findings`);
process.exitCode = findings.length === 0 ? 0 : 1;

async function names(part) {
  const page = await browser.newPage();
  await page.goto(origin);
  const all = await page.locator("#scenes a").allTextContents();
  await page.close();
  return all.filter((name) => name.includes(part));
}

async function lookAtAll(all, size, colorScheme, whole) {
  const { width, height } = size;
  const context = await browser.newContext({
    viewport: { width, height },
    colorScheme,
    reducedMotion: "reduce",
  });
  const page = await context.newPage();
  page.setDefaultTimeout(PATIENCE_MS);
  let at = "";
  page.on("console", (message) => message.type() === "error" && findings.push(`${at}: ${message.text()}`));
  page.on("pageerror", (error) => findings.push(`${at}: ${error.message}`));
  for (const name of all) {
    if (!wanted(name, size, colorScheme)) continue;
    at = `${name} ${size.name} ${colorScheme}`;
    await lookAt(page, name, at, whole).catch((error) => findings.push(`${at}: ${error.message}`));
  }
  await context.close();
}

/** The call is dark in both schemes, and the ends differ in words alone: two of them are seen everywhere. */
function wanted(name, size, colorScheme) {
  if (name.startsWith("call")) return colorScheme === "light";
  if (/^(end|trouble|review-fault)-/.test(name) && !/-(left|wrong_secret|damaged)$/.test(name)) {
    return size.name === "phone" && colorScheme === "light";
  }
  return true;
}

async function lookAt(page, name, at, whole) {
  await page.goto(`${origin}/?scene=${name}`);
  await page.waitForSelector("h1");
  await page.waitForFunction(() =>
    [...document.querySelectorAll("video")].every((video) => video.readyState >= 2),
  );
  // the scene may press a few things, each after it was drawn
  await page.waitForFunction(() => document.body.dataset.scene === "still");
  await page.evaluate(
    () => new Promise((drawn) => requestAnimationFrame(() => requestAnimationFrame(drawn))),
  );
  const outside = await page.evaluate(() => document.documentElement.scrollWidth - innerWidth);
  if (outside > 0) findings.push(`${at}: ${outside} px wider than the page`);
  const path = here(`./shots/${at.replaceAll(" ", ".")}.png`).pathname;
  await page.screenshot({ path, fullPage: !name.startsWith("call") });
  if (whole) await judge(page, at);
}

async function judge(page, at) {
  await page.evaluate(axe);
  const { violations } = await page.evaluate(() =>
    globalThis.axe.run(document, { resultTypes: ["violations"] }),
  );
  for (const { id, impact, nodes } of violations) {
    const worst = impact === "serious" || impact === "critical";
    const where = nodes
      .map((node) => node.target.join(" "))
      .slice(0, 3)
      .join(" | ");
    if (worst) findings.push(`${at}: axe ${impact} ${id}: ${where}`);
    else console.log(`${at}: axe ${impact} ${id}: ${where}`);
  }
}
