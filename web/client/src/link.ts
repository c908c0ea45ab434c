// Session links, and what the server gives for them.
//
// Owns: the form of a link, the identity of this tab, and the words between link and server.
// Never does: send the secret anywhere. It stands in the fragment, which browsers keep to themselves.

import { fromBase64Url, toBase64Url } from "./base64.ts";
import { reloaded } from "./navigation.ts";

/** What a link carries. */
export interface Link {
  /** Public: names the invitation to the server. */
  invitation: string;
  /** What stands after the `#`, which the server never sees; `readFragment` reads it. */
  fragment: string;
}

/** Why an address is not a link that works. */
export type LinkFault = "no_invitation"; // not the address of a session at all

/** What a server gives for an invitation. */
export interface Redeemed {
  /** For `Session.join`: lets this tab, and no other, in. */
  token: string;
  room: string;
  standing: "host" | "guest";
  /** What the session is called. */
  title: string;
  /** Unix time in seconds. */
  expires: number;
  /** The server made the secret itself, so it could open the session: only to try things out. */
  demo: boolean;
  /** Pictures are to be coded by AV1 where the browser can. */
  av1: boolean;
}

export type LinkErrorCode =
  | "unknown_link"
  | "expired"
  | "revoked"
  | "refused" // the server answers, and will not
  | "server_gone" // no answer, or the server can't at the moment: worth another try
  | "fault"; // an answer that makes no sense

/** Why a link did not open. `code` is for programs, `message` for support. */
export class LinkError extends Error {
  override readonly name = "LinkError";
  constructor(
    readonly code: LinkErrorCode,
    detail: string,
  ) {
    super(detail);
  }
}

/** Takes the address of a session apart: `ORIGIN/j/<invitation>#<secret>`. */
export function parseLink(url: string | URL): Link | LinkFault {
  const parsed = asUrl(url);
  const invitation = parsed && INVITATION_PATH.exec(parsed.pathname)?.[1];
  if (!parsed || !invitation) return "no_invitation";
  return { invitation, fragment: parsed.hash.slice(1) };
}

/** Asks the server what an invitation is good for. Throws `LinkError`. */
export async function redeem(invitation: string, origin = location.origin): Promise<Redeemed> {
  const response = await post(new URL(`/api/v1/invitations/${encodeURIComponent(invitation)}`, origin), {
    device: (thisDevice ??= deviceOf(() => sessionStorage, reloaded())),
  });
  if (!response.ok) throw new LinkError(await codeOf(response), `status ${response.status}`);
  const redeemed: unknown = await response.json().catch(() => undefined);
  if (!isRedeemed(redeemed)) throw new LinkError("fault", "the answer is not a redeemed invitation");
  return redeemed;
}

/** Whose invitations, and by whose right. */
export interface Inviting {
  origin: string;
  room: string;
  token: string;
}

/** Asks for an invitation for a guest. Throws `LinkError`. */
export async function makeInvitation(inviting: Inviting): Promise<{ invitation: string; expires: number }> {
  const response = await ask(invitationsOf(inviting), { method: "POST", ...bearing(inviting) });
  if (!response.ok) throw new LinkError(await codeOf(response), `status ${response.status}`);
  const made = (await response.json().catch(() => undefined)) as Record<string, unknown> | undefined;
  const { invitation, expires } = made ?? {};
  if (typeof invitation !== "string" || typeof expires !== "number")
    throw new LinkError("fault", "the answer is not an invitation");
  return { invitation, expires };
}

/** Nobody comes in by it any more. Throws `LinkError`. */
export async function takeBackInvitation(inviting: Inviting, invitation: string): Promise<void> {
  const url = invitationsOf(inviting, `/${encodeURIComponent(invitation)}`);
  const response = await ask(url, { method: "DELETE", ...bearing(inviting) });
  if (!response.ok) throw new LinkError(await codeOf(response), `status ${response.status}`);
}

function invitationsOf({ origin, room }: Inviting, one = ""): URL {
  return new URL(`/api/v1/rooms/${encodeURIComponent(room)}/invitations${one}`, origin);
}

function bearing({ token }: Inviting): RequestInit {
  return { headers: { authorization: `Bearer ${token}` } };
}

/**
 * The identity of this tab: a reload is the same person, another tab another one. A copied or restored tab is another
 * one too: it brings the storage of the first along, and would push the first out of the call. A storage that is shut
 * off costs no more than that a reload comes in as somebody new.
 */
export function deviceOf(storage: () => Pick<Storage, "getItem" | "setItem">, reload: boolean): string {
  const known = reload ? knownDevice(storage) : undefined;
  const device = known ?? toBase64Url(crypto.getRandomValues(new Uint8Array(DEVICE_BYTES)));
  try {
    storage().setItem(DEVICE_KEY, device);
  } catch {
    // Touching it throws where the user blocks storage, and writing where it is full.
  }
  return device;
}

function knownDevice(storage: () => Pick<Storage, "getItem">): string | undefined {
  try {
    const known = storage().getItem(DEVICE_KEY);
    return known && fromBase64Url(known)?.length === DEVICE_BYTES ? known : undefined;
  } catch {
    return undefined;
  }
}

function post(url: URL, body: object): Promise<Response> {
  const headers = { "content-type": "application/json" };
  return ask(url, { method: "POST", headers, body: JSON.stringify(body) });
}

async function ask(url: URL, request: RequestInit): Promise<Response> {
  try {
    return await fetch(url, {
      ...request,
      credentials: "omit",
      referrerPolicy: "no-referrer",
      signal: AbortSignal.timeout(ANSWER_TIMEOUT_MS),
    });
  } catch (error) {
    throw new LinkError("server_gone", String(error));
  }
}

async function codeOf(response: Response): Promise<LinkErrorCode> {
  const { status } = response;
  if (status === 404) return "unknown_link";
  if (status === 410) {
    const problem = (await response.json().catch(() => undefined)) as { type?: unknown } | undefined;
    return problem?.type === "urn:rapport:problem:revoked" ? "revoked" : "expired";
  }
  return status >= 500 || status === 429 ? "server_gone" : "refused";
}

function isRedeemed(value: unknown): value is Redeemed {
  if (typeof value !== "object" || value === null) return false;
  const { token, room, standing, title, expires, demo, av1 } = value as Record<string, unknown>;
  return (
    typeof token === "string" &&
    typeof room === "string" &&
    (standing === "host" || standing === "guest") &&
    typeof title === "string" &&
    typeof expires === "number" &&
    typeof demo === "boolean" &&
    typeof av1 === "boolean"
  );
}

function asUrl(url: string | URL): URL | undefined {
  if (url instanceof URL) return url;
  return URL.canParse(url) ? new URL(url) : undefined;
}

/** As long as the page lives, whether or not it can be stored. */
let thisDevice: string | undefined;

const INVITATION_PATH = /\/j\/([A-Za-z0-9_-]{22})\/?$/;
const DEVICE_BYTES = 16;
const DEVICE_KEY = "rapport.device";
/** Longer than any server takes that still answers; the page names the wait long before. */
const ANSWER_TIMEOUT_MS = 10_000;
