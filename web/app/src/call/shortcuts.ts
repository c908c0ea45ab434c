// Single keys that do something in the call.
//
// Owns: which key means what, and when it means nothing. Never does: do it.

export type Shortcut = "microphone" | "camera" | "screen" | "hand" | "people";

/** The parts of a KeyboardEvent that count. */
export interface Key {
  key: string;
  ctrlKey: boolean;
  metaKey: boolean;
  altKey: boolean;
  repeat: boolean;
  target: EventTarget | null;
}

export function shortcutOf(event: Key): Shortcut | undefined {
  if (event.ctrlKey || event.metaKey || event.altKey || event.repeat || typing(event.target))
    return undefined;
  return KEYS.get(event.key.toLowerCase());
}

/** Keys that are pressed in a field, a list or a dialog are meant for it. */
function typing(target: EventTarget | null): boolean {
  const element = target as Partial<Element> | null;
  return Boolean(
    element?.closest?.(
      "input, select, textarea, [contenteditable], [role=dialog], [role=alertdialog], [role=menu]",
    ),
  );
}

const KEYS = new Map<string, Shortcut>([
  ["m", "microphone"],
  ["v", "camera"],
  ["s", "screen"],
  ["h", "hand"],
  ["p", "people"],
]);
