// Serves what the lab has built, under a content policy that is stricter than that of the product, or under another one.
//
// Owns: that policy, and the types of files. Never does: touch the product.

import { readFileSync } from "node:fs";
import { extname } from "node:path";

const POLICY =
  "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self'; media-src 'self' blob:; connect-src 'self'; worker-src 'self'; manifest-src 'self'; require-trusted-types-for 'script'; trusted-types svelte-trusted-html";
const TYPES = { ".html": "text/html", ".js": "text/javascript", ".css": "text/css", ".svg": "image/svg+xml" };

export function serve(request, response, policy = POLICY) {
  const { pathname } = new URL(request.url ?? "/", "http://127.0.0.1");
  try {
    const body = readFileSync(
      new URL(`./dist${pathname === "/" ? "/index.html" : pathname}`, import.meta.url),
    );
    response.setHeader("content-type", TYPES[extname(pathname)] ?? TYPES[".html"]);
    response.setHeader("content-security-policy", policy);
    response.end(body);
  } catch {
    response.writeHead(404).end();
  }
}
