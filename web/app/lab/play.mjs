// Makes a recording in a real browser, plays it by the product's own page, and reads in the pictures whether what is seen
// is of the time that the page says.
//
// Owns: the steps, and a server that gives out files by parts. Never does: touch the product.
//
//   node lab/play.mjs [chromium|firefox] [vp8|vp9|av1]

import { createServer } from "node:http";
import { createRequire } from "node:module";
import { mkdirSync, readFileSync } from "node:fs";
import { build } from "vite";
import { serve } from "./serving.mjs";

const here = (path) => new URL(path, import.meta.url);
const require = createRequire(here("../../../tests/browsers/package.json"));
const [name = "chromium", picture = "vp8"] = process.argv.slice(2);

/** The product's own. */
const [, written] = /CONTENT_POLICY: &str = "([^"]+)"/.exec(
  readFileSync(here("../../../signaling/src/pages.rs"), "utf8"),
);
const POLICY = written.replaceAll(/\\\n\s*/g, "");

/** A picture lasts 100 ms, the page tells its time ten times a second, and streams may be 100 ms apart. */
const MOST_OFF_MS = 300;
/** One picture is over where the other one still lasts. */
const MOST_APART_MS = 200;

const files = new Map();
const ranges = [];
await build({ configFile: here("./vite.config.ts").pathname, logLevel: "error" });
mkdirSync(here("./shots"), { recursive: true });
const server = createServer(respond).listen(0, "127.0.0.1");
await new Promise((ready) => server.once("listening", ready));
const origin = `http://127.0.0.1:${server.address().port}`;
const browser = await launch();
const findings = [];

try {
  await play();
} catch (error) {
  findings.push(String(error));
} finally {
  await browser.close();
  server.close();
  server.closeAllConnections();
}
for (const finding of findings) console.log(finding);
console.log(findings.length === 0 ? "nothing found" : `${findings.length} findings`);
process.exitCode = findings.length === 0 ? 0 : 1;

async function play() {
  const page = await browser.newPage();
  page.on("pageerror", (error) => findings.push(`page: ${error.message}`));
  page.on(
    "console",
    (message) =>
      message.type() === "error" &&
      findings.push(`console: ${message.text()} ${JSON.stringify(message.location())}`),
  );
  await page.goto(`${origin}/?scene=live&picture=${picture}`);
  await until("the list", () => press(page, "Open"), 90_000);
  await until("the player", () => press(page, "Play"), 20_000);
  await watch(page, "from the beginning", 4000, 3);
  await page.keyboard.press(" ");
  await until("a pause", async () => !(await look(page)).playing, 2000);
  await page.keyboard.press("ArrowRight");
  await page.keyboard.press(" ");
  await watch(page, "10 s on, with one camera off", 1000, 14);
  const { shown } = await look(page);
  if (shown.length !== 1) findings.push(`${shown.length} pictures while one camera is off`);
  await watch(page, "when it is on again", 3500, 17);
  await seek(page, 22_500);
  await watch(page, "before a pause of the recording", 1000, 22);
  await watch(page, "over it", 3500, 30);
  await choose(page, "1.5");
  await watch(page, "half as fast again", 3000, 32);
  await seek(page, 2000);
  await watch(page, "back at the beginning", 3000, 2);
  await page.screenshot({ path: here(`./shots/live.${name}.${picture}.png`).pathname });
  await press(page, "Sound only");
  await watch(page, "sound alone", 2000, 3);
  if ((await look(page)).shown.length > 0) findings.push("pictures, though sound alone is wanted");
  await press(page, "Sound only");
  await watch(page, "with pictures again", 4000, 5);
  await seek(page, 39_000);
  await until("the end", async () => !(await look(page)).playing, 10_000);
  await playDamaged(page);
  console.log(`${ranges.length} parts asked for, the longest of ${Math.max(...ranges)} bytes`);
}

/** The same one, of which a byte was changed. */
async function playDamaged(page) {
  const [path, body] = [...files].find(([kept]) => kept.endsWith(".mkv"));
  const changed = Buffer.from(body);
  changed[Math.floor(body.length / 2)] ^= 1;
  files.set(path, changed);
  await press(page, "All recordings");
  await until("the list", () => press(page, "Open"), 5000);
  await until("the player", () => press(page, "Play"), 20_000);
  const said = () => page.evaluate(() => document.querySelector("[role=alert] .title")?.textContent);
  await until("the fault", said, 20_000);
  const [, minutes, seconds] = / at (\d+):(\d\d)$/.exec(await said()) ?? [];
  const at = (Number(minutes) * 60 + Number(seconds)) * 1000;
  await seek(page, at - 2000);
  await until("the end before it", async () => !(await look(page)).playing, 15_000);
  const last = (await look(page)).at;
  console.log(`${await said()}: shown up to ${(last / 1000).toFixed(1)} s`);
  if (!(Math.abs(last - at) < 1500)) findings.push(`a fault at ${at} ms, and shown up to ${last} ms`);
}

/** For so long; then the page has to be past `seconds`, and all pictures of that time. */
async function watch(page, what, ms, seconds) {
  const since = Date.now();
  let [behind, apart, looks] = [0, 0, 0];
  let last;
  do {
    await new Promise((resolve) => setTimeout(resolve, 150));
    last = await look(page);
    // what has just been sought is on its way
    if (Date.now() - since < 2500) continue;
    looks += 1;
    for (const at of last.shown) behind = Math.max(behind, Math.abs(at + 50 - last.at) / last.rate);
    apart = Math.max(apart, ...last.shown.map((at) => Math.abs(at - last.shown[0]) / last.rate));
  } while (Date.now() - since < ms);
  const seen = looks > 0 ? `, ${Math.round(behind)} ms off and ${Math.round(apart)} ms apart at most` : "";
  console.log(`${what}: at ${(last.at / 1000).toFixed(1)} s${seen}`);
  if (!last.playing) findings.push(`${what}: does not play`);
  if (last.at < seconds * 1000) findings.push(`${what}: only at ${last.at} ms`);
  if (last.at > (seconds + 12) * 1000) findings.push(`${what}: already at ${last.at} ms`);
  if (behind > MOST_OFF_MS || apart > MOST_APART_MS) findings.push(`${what}: not in step`);
}

/** Where the page says that it is, and what time stands in each picture that is seen. */
function look(page) {
  return page.evaluate(() => {
    const shown = [...document.querySelectorAll("video")].filter((video) => video.offsetParent !== null);
    const canvas = new OffscreenCanvas(320, 180);
    const context = canvas.getContext("2d", { willReadFrequently: true });
    return {
      at: document.querySelector("input[type=range]").valueAsNumber,
      rate: Number(document.querySelector("select").value),
      playing: [...document.querySelectorAll("button")].some(({ textContent }) =>
        textContent.includes("Pause"),
      ),
      shown: shown.map((video) => {
        context.drawImage(video, 0, 0, 320, 180);
        const bits = Array.from(
          { length: 12 },
          (_, bit) => context.getImageData(bit * 24 + 12, 24, 1, 1).data[0] > 127,
        );
        return bits.reduce((sum, isSet, bit) => sum + (isSet ? 100 * 2 ** bit : 0), 0);
      }),
    };
  });
}

function press(page, text) {
  return page.evaluate((wanted) => {
    const found = [...document.querySelectorAll("button")].find(
      ({ textContent, disabled }) => textContent.trim() === wanted && !disabled,
    );
    found?.click();
    return found !== undefined;
  }, text);
}

function seek(page, ms) {
  return page.evaluate((to) => {
    const bar = document.querySelector("input[type=range]");
    bar.value = String(to);
    bar.dispatchEvent(new Event("input", { bubbles: true }));
    bar.dispatchEvent(new Event("change", { bubbles: true }));
  }, ms);
}

function choose(page, value) {
  return page.evaluate((wanted) => {
    const speed = document.querySelector("select");
    speed.value = wanted;
    speed.dispatchEvent(new Event("change", { bubbles: true }));
  }, value);
}

async function until(what, is, patience) {
  for (const since = Date.now(); Date.now() - since < patience;) {
    if (await is()) return;
    await new Promise((resolve) => setTimeout(resolve, 200));
  }
  throw new Error(`${what} did not come`);
}

function launch() {
  if (name === "firefox")
    return require("puppeteer-core").launch({
      browser: "firefox",
      executablePath: process.env.FIREFOX ?? "/usr/bin/firefox-esr",
      headless: true,
      extraPrefsFirefox: {
        "media.autoplay.default": 0,
        "media.autoplay.blocking_policy": 0,
        // without a sound card nothing would be heard, and no time pass
        "media.cubeb.force_mock_context": true,
      },
    });
  return require("playwright-core").chromium.launch({
    executablePath: process.env.CHROMIUM ?? "/usr/bin/chromium",
    args: ["--autoplay-policy=no-user-gesture-required"],
  });
}

/** What the product's server does for recordings (`signaling`), and takes them in from the page. */
function respond(request, response) {
  const [, id, file] = /^\/api\/v1\/rooms\/[^/]+\/recordings\/([0-9a-f]{32})\/(.+)$/.exec(request.url) ?? [];
  if (request.method === "PUT") return keep(request, response, `${id}/${file}`);
  if (request.url.endsWith("/recordings")) return response.end(JSON.stringify(listed()));
  if (request.url === "/favicon.ico") return response.writeHead(204).end();
  if (!file) return serve(request, response, POLICY);
  const body = files.get(`${id}/${file}`);
  const [, from, to] = /^bytes=(\d+)-(\d+)$/.exec(request.headers.range ?? "") ?? [];
  if (!body) return response.writeHead(404).end();
  if (from === undefined) return response.end(body);
  const part = body.subarray(Number(from), Number(to) + 1);
  ranges.push(part.length);
  const range = `bytes ${from}-${Number(from) + part.length - 1}/${body.length}`;
  response.writeHead(206, { "content-range": range }).end(part);
}

function keep(request, response, path) {
  const parts = [];
  request.on("data", (part) => parts.push(part));
  request.on("end", () => {
    files.set(path, Buffer.concat(parts));
    response.writeHead(204).end();
  });
}

function listed() {
  return [...files].flatMap(([path, body]) => {
    if (!path.endsWith("manifest.json")) return [];
    const { id, begun, purpose, expires } = JSON.parse(body);
    const shown = { id, begun, purpose, expires, safe_ms: 40_000 };
    return [{ ...shown, ended: true, shredded: false, files: ["capture-000.mkv"] }];
  });
}
