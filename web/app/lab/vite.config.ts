// Serves every view with made-up people, to look at them without a server. No part of the product.

import { svelte } from "@sveltejs/vite-plugin-svelte";
import { defineConfig } from "vite";

const here = (path: string) => new URL(path, import.meta.url).pathname;

export default defineConfig({
  root: here("."),
  publicDir: here("../public"),
  plugins: [svelte({ configFile: here("../svelte.config.js") })],
  build: {
    outDir: here("./dist"),
    emptyOutDir: true,
    assetsInlineLimit: 0,
    modulePreload: { polyfill: false },
  },
});
