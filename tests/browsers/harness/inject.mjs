// Modules of `pages/` as one script that runs in a page before the page's own.
//
// Owns: the joining. Never does: understand more than the `import` and `export` lines that those modules use.
// The pages of the product load nothing from elsewhere, so modules can't be imported there.

import { readFile } from 'node:fs/promises';

const IMPORT = /^import \{([^}]*)\} from '\.\/([^']+)';$/gm;
const EXPORT = /^export (?=(?:async function|function|class|const) (\w+))/gm;

/** `modules` in the order of their needs; `last` is code that sees them as `modules['name.js']`. */
export async function inject(modules, last) {
  const parts = await Promise.all(modules.map(asFunction));
  return `(() => { const modules = {};\n${parts.join('\n')}\n${last} })();`;
}

async function asFunction(name) {
  const text = await readFile(new URL(`../pages/${name}`, import.meta.url), 'utf8');
  const names = [...text.matchAll(EXPORT)].map(([, exported]) => exported);
  const body = text.replace(IMPORT, (_, list, from) => `const {${list}} = modules['${from}'];`).replace(EXPORT, '');
  return `modules['${name}'] = (() => {\n${body}\nreturn { ${names.join(', ')} };\n})();`;
}
