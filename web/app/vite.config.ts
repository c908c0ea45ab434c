// How the pages are built: files only, so that `script-src 'self'; style-src 'self'` holds.

import { svelte } from "@sveltejs/vite-plugin-svelte";
import { defineConfig } from "vite";

export default defineConfig({
  plugins: [svelte()],
  build: {
    // The browsers that can seal have all of ES2022.
    target: "es2022",
    // No data: addresses: the policy allows files of the own origin alone.
    assetsInlineLimit: 0,
    // Its polyfill would be an inline script, and every browser that can seal preloads modules itself.
    modulePreload: { polyfill: false },
    reportCompressedSize: false,
  },
  worker: { format: "es" },
});
