// The name by which somebody who does not see a page finds a control on it.
//
// Owns: as much of the computation of accessible names as the product's pages need. Never does: change an element.

export function nameOf(element) {
  const byIds = (ids) => ids?.split(' ').map((id) => text(document.getElementById(id))).join(' ');
  return (
    element.getAttribute('aria-label') ??
    byIds(element.getAttribute('aria-labelledby')) ??
    (text(element.labels?.[0]) || text(element).replace(/^\d+\s*/, '')) // a figure stands before the word of "2 People"
  );
}

function text(element) {
  return element?.textContent.replace(/\s+/g, ' ').trim() ?? '';
}
