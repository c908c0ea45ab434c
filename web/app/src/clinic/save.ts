// A text as a file in the person's downloads.
//
// Owns: asking the browser for it. Never does: know whether it was kept.

export function saveText(name: string, text: string): void {
  const link = document.createElement("a");
  link.download = name;
  link.href = `data:text/plain,${encodeURIComponent(text)}`;
  link.click();
}
