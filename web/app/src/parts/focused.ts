// Brings the focus to the heading of a new view, so that a screen reader starts there.

export function focused(element: HTMLElement): void {
  element.focus({ preventScroll: true });
}
