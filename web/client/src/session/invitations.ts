// The links that a host's browser has made for guests of a room.
//
// Owns: making one, its secret included, and taking it back. Never does: let the server see a secret, or forget a link
// before it is over: whoever comes by it is known by that.

import { readFragment, writeFragment, type Fragment } from "../keys/fragment.ts";
import { randomBytes } from "../keys/primitives.ts";
import { signedCertificate } from "../keys/root.ts";
import type { KeptLink, Store } from "../keys/store.ts";
import { LinkError, takeBackInvitation, makeInvitation } from "../link.ts";
import type { OwnLink } from "./types.ts";

export class Invitations {
  readonly #origin: string;
  readonly #room: string;
  readonly #store: Store;
  readonly #certificate: Uint8Array<ArrayBuffer>;
  readonly #loaded: Promise<void>;
  #links: KeptLink[] = [];

  constructor(place: { origin: string; room: string }, store: Store, certificate: Uint8Array<ArrayBuffer>) {
    this.#origin = place.origin;
    this.#room = place.room;
    this.#store = store;
    this.#certificate = certificate;
    this.#loaded = this.#load();
  }

  get all(): OwnLink[] {
    return this.#links.map(({ invitation, fragment }) => ({
      invitation,
      url: `${this.#origin}/j/${invitation}#${fragment}`,
    }));
  }

  /** What proves that somebody has one of them. */
  async fragments(): Promise<Fragment[]> {
    await this.#loaded;
    const read = await Promise.all(this.#links.map(({ fragment }) => readFragment(fragment)));
    return read.filter((fragment) => typeof fragment !== "string");
  }

  /** Throws `LinkError`. */
  async make(token: string): Promise<void> {
    const certificate = await signedCertificate(this.#certificate);
    if (!certificate) throw new LinkError("fault", "the own certificate can't be read");
    const secret = randomBytes(SECRET_BYTES);
    const fragment = await writeFragment({ secret, rootHash: certificate.rootHash });
    const made = await makeInvitation({ origin: this.#origin, room: this.#room, token });
    await this.#loaded;
    this.#links = [...this.#links, { ...made, fragment }];
    await this.#keep();
  }

  /** Nobody comes in by it any more; who is in stays. Throws `LinkError`. */
  async takeBack(token: string, invitation: string): Promise<void> {
    try {
      await takeBackInvitation({ origin: this.#origin, room: this.#room, token }, invitation);
    } catch (error) {
      // the server does not know it any more: then it opens nothing either
      if (!(error instanceof LinkError) || error.code !== "unknown_link") throw error;
    }
    this.#links = this.#links.filter((one) => one.invitation !== invitation);
    await this.#keep();
  }

  async #load(): Promise<void> {
    const kept = await this.#store.links(this.#room).catch(() => []);
    this.#links = kept.filter(({ expires }) => expires > Date.now() / 1000);
  }

  /** Where the browser refuses, they are known as long as the page lives. */
  async #keep(): Promise<void> {
    await this.#store.keepLinks(this.#room, this.#links).catch(() => undefined);
  }
}

/** What is new of a link's secret: as long as the demonstration's, 128 bits. */
const SECRET_BYTES = 16;
