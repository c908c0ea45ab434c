// The links that a therapist makes for guests in the call.
//
// Owns: the steps on the page. Never does: know a secret by another way.

import { until } from './wait.mjs';

/** The one link for a guest that is shown to a host, which makes it. */
export async function guestLink(therapist) {
  // the panel may be open
  if (!(await therapist.has('button', 'Make a link for a guest'))) await therapist.press('People');
  await therapist.press('Make a link for a guest');
  return shownLink(therapist);
}

/** The link that stands there for somebody to copy. */
export function shownLink({ page }) {
  const linkOf = () => page.evaluate(() => document.querySelector('textarea[readonly]')?.value ?? '');
  return until('a link is shown', linkOf, Boolean);
}
