// The test vectors of a recording: every value of one that a host and a guest agree to (RECORDING.md).
//
// Owns: how they are made. `vectors/recording.json` holds them; the Rust implementation is checked against the same file.

import { proposalHash, sealCapsule } from "./capsule.ts";
import { deviceOf } from "./device.ts";
import { hex } from "./encoding.ts";
import { helloHash } from "./hello.ts";
import { write, type Message } from "./messages.ts";
import { PURPOSES, SOURCES, type Recipient } from "./recording-messages.ts";
import { recoveryKeyOf } from "./recovery.ts";
import { certify, rootOf } from "./root.ts";
import { kidOf } from "./senderkeys.ts";
import { ephemeralOf, filled, hello, keyPair, type Vectors } from "./vectors.testkit.ts";

export async function makeRecordingVectors(): Promise<Vectors> {
  const seeds = {
    root_seed: filled(1),
    host_signing_seed: filled(2),
    host_agreement_seed: filled(3),
    host_ephemeral_seed: filled(4),
    guest_signing_seed: filled(5),
    guest_agreement_seed: filled(6),
    guest_ephemeral_seed: filled(7),
    box_0_ephemeral_seed: filled(21),
    box_1_ephemeral_seed: filled(22),
    box_2_ephemeral_seed: filled(23),
    recording: filled(24).slice(0, 16),
    base_key: filled(25),
  };
  const root = await rootOf(seeds.root_seed);
  const host = await deviceOf({ signing: seeds.host_signing_seed, agreement: seeds.host_agreement_seed });
  const guest = await deviceOf({ signing: seeds.guest_signing_seed, agreement: seeds.guest_agreement_seed });
  const validity = { notBefore: 1_700_000_000, notAfter: 1_900_000_000 };
  const certificate = await certify(root, { deviceId: host.id, name: "Dana Práce", ...validity });
  const [hostEphemeral, guestEphemeral] = [
    await ephemeralOf(seeds.host_ephemeral_seed),
    await ephemeralOf(seeds.guest_ephemeral_seed),
  ];
  const hostHello = await write(
    hello({ ...host, ephemeral: hostEphemeral, sender: 16, name: "Dana", certificate }),
    host.sign,
  );
  const guestHello = await write(
    hello({ ...guest, ephemeral: guestEphemeral, sender: 4095, name: "Omar" }),
    guest.sign,
  );
  const [hostStay, guestStay] = [await helloHash(hostHello.body), await helloHash(guestHello.body)];
  const recoveryKey = recoveryKeyOf(root.publicKey);
  const recipients: Recipient[] = [
    { role: "therapist", key: host.agreementKey },
    { role: "clinic", key: recoveryKey },
    { role: "client", key: guest.agreementKey },
  ];
  const proposal: Message = {
    type: "proposal",
    from: hostStay,
    recording: seeds.recording,
    at: 1_800_000_000,
    purpose: "roleplay",
    days: 14,
    subjects: [{ deviceId: guest.id, what: SOURCES.microphone + SOURCES.camera }],
    recipients,
  };
  const proposed = await write(proposal, host.sign);
  const named = { proposal: await proposalHash(proposed.body) };
  const ofHost = { type: "consent", from: hostStay, ...named } as const;
  const ofGuest = { type: "consent", from: guestStay, ...named } as const;
  const key = { kid: kidOf(4095, 2, 0), baseKey: seeds.base_key };
  const ephemerals = await Promise.all(
    [seeds.box_0_ephemeral_seed, seeds.box_1_ephemeral_seed, seeds.box_2_ephemeral_seed].map(keyPair),
  );
  const capsule = await sealCapsule({ from: guestStay, ...named }, key, recipients, ephemerals);
  const digest = await crypto.subtle.digest("SHA-512", seeds.root_seed);
  return {
    ...Object.fromEntries(Object.entries(seeds).map(([name, bytes]) => [name, hex(bytes)])),
    root_public: hex(root.publicKey),
    recovery_public: hex(recoveryKey),
    recovery_private: hex(new Uint8Array(digest).slice(0, 32)),
    host_device_id: hex(host.id),
    guest_device_id: hex(guest.id),
    host_hello: hostHello.text,
    guest_hello: guestHello.text,
    host_stay: hex(hostStay),
    guest_stay: hex(guestStay),
    purpose: String(PURPOSES.roleplay),
    days: "14",
    at: "1800000000",
    proposal: proposed.text,
    proposal_hash: hex(named.proposal),
    host_consent: (await write({ ...ofHost, counter: 1, answer: "yes" }, host.sign)).text,
    guest_consent: (await write({ ...ofGuest, counter: 1, answer: "yes" }, guest.sign)).text,
    guest_withdrawal: (await write({ ...ofGuest, counter: 2, answer: "no" }, guest.sign)).text,
    kid: String(key.kid),
    capsule: (await write(capsule!, guest.sign)).text,
  };
}
