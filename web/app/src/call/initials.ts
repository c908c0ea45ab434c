// Two letters that stand for somebody without a picture.

/** Of the first and the last word, by what a reader takes for one letter. */
export function initialsOf(name: string): string {
  const parts = name.trim().split(/\s+/).filter(Boolean);
  const first = parts[0] ?? "";
  const last = parts.length > 1 ? (parts[parts.length - 1] ?? "") : "";
  return (letter(first) + letter(last)).toLocaleUpperCase() || "?";
}

function letter(word: string): string {
  // Firefox has it from 125 on; in an older one a letter may lose its accent.
  if (!("Segmenter" in Intl)) return [...word][0] ?? "";
  for (const { segment } of new Intl.Segmenter(undefined, { granularity: "grapheme" }).segment(word))
    return segment;
  return "";
}
