// The words on parts that many pages share, in English.
//
// Owns: words. Never does: belong to one page.

export const parts = { copy: "Copy", copied: "Copied" } as const;
