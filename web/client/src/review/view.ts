// What a page shows of a recording that was opened.
//
// Owns: names, and whose track is which. Never does: word anything.

import { equal } from "../keys/encoding.ts";
import { nameOfSigner, type Agreed } from "./agreed.ts";
import type { Holder } from "./keyring.ts";
import type { Reviewed, ReviewTrack } from "./messages.ts";
import type { OpenerTrack } from "./opener.ts";
import { mimeTypeOf } from "./streams.ts";

export function reviewedOf(agreed: Agreed, tracks: readonly OpenerTrack[], holder: Holder): Reviewed {
  const devices = tracks.flatMap(({ signer }) => (signer ? [signer.hello.deviceId] : []));
  const distinct = devices.filter((id, at) => devices.findIndex((other) => equal(id, other)) === at);
  const { proposal, author, signers } = agreed;
  const all = [...signers.values()];
  const nameOfDevice = (id: Uint8Array) => {
    const signer = all.find(({ hello }) => equal(hello.deviceId, id));
    return signer ? nameOfSigner(signer) : "";
  };
  const answers = all.flatMap((signer) =>
    signer.said.map(({ answer, at }) => ({ name: nameOfSigner(signer), answer, at })),
  );
  return {
    people: distinct.map((id) => ({ name: nameOfDevice(id), isYou: equal(id, holder.id) })),
    tracks: tracks.map(({ codec, signer }, at): ReviewTrack => {
      const person = distinct.findIndex((id) => signer && equal(id, signer.hello.deviceId));
      return {
        number: at + 1,
        person: person < 0 ? undefined : person,
        kind: codec === "opus" ? "sound" : "picture",
        mimeType: mimeTypeOf(codec),
      };
    }),
    agreement: {
      purpose: proposal.purpose,
      until: (proposal.at + proposal.days * DAY_SECONDS) * 1000,
      answers: answers.sort((one, other) => one.at - other.at),
      openers: proposal.recipients.map(({ role, key }) => {
        const holds = all.find(({ hello }) => equal(hello.hello.agreementKey, key));
        const name = role === "therapist" ? nameOfSigner(author) : holds ? nameOfSigner(holds) : "";
        return { role, name };
      }),
    },
  };
}

const DAY_SECONDS = 24 * 3600;
