// The test vectors of SK-1: every value of a small call, from fixed keys (SK-1.md, section 15).
//
// Owns: how they are made. `vectors/sk1.json` holds them; the Rust implementation is checked against the same file.

import { importPrivate, deviceOf } from "./device.ts";
import { hex, u32, type Bytes } from "./encoding.ts";
import { linkId, linkKey, writeFragment } from "./fragment.ts";
import { helloHash } from "./hello.ts";
import { keyInfo } from "./core.ts";
import { sealTo } from "./hpke.ts";
import { kitOf } from "./kit.ts";
import { Membership } from "./membership.ts";
import { macInput, VERDICTS, write, type Hello, type Knock, type Message } from "./messages.ts";
import { hash, mac } from "./primitives.ts";
import { writeRequest } from "./request.ts";
import { certify, rootOf } from "./root.ts";
import { kidOf, nextStep } from "./senderkeys.ts";
import { wordsOf } from "./words.ts";

export type Vectors = Record<string, string>;

export async function makeVectors(): Promise<Vectors> {
  const seeds = {
    root_seed: filled(1),
    host_signing_seed: filled(2),
    host_agreement_seed: filled(3),
    host_ephemeral_seed: filled(4),
    guest_signing_seed: filled(5),
    guest_agreement_seed: filled(6),
    guest_ephemeral_seed: filled(7),
    key_ephemeral_seed: filled(8),
    nonce_guest: filled(9),
    nonce_host: filled(10),
    base_key: filled(11),
    link_secret: filled(12).slice(0, 16),
  };
  const root = await rootOf(seeds.root_seed);
  const host = await deviceOf({ signing: seeds.host_signing_seed, agreement: seeds.host_agreement_seed });
  const guest = await deviceOf({ signing: seeds.guest_signing_seed, agreement: seeds.guest_agreement_seed });
  const link = { secret: seeds.link_secret, rootHash: root.hash };
  const certificate = await certify(root, {
    deviceId: host.id,
    name: "Dana Práce",
    notBefore: 1_700_000_000,
    notAfter: 1_900_000_000,
  });
  const hellos = {
    host: hello({
      ...host,
      ephemeral: await ephemeralOf(seeds.host_ephemeral_seed),
      sender: 16,
      name: "Dana",
      certificate,
    }),
    guest: hello({
      ...guest,
      ephemeral: await ephemeralOf(seeds.guest_ephemeral_seed),
      sender: 4095,
      name: "Omar",
    }),
  };
  const [hostHello, guestHello] = [
    await write(hellos.host, host.sign),
    await write(hellos.guest, guest.sign),
  ];
  const [hostStay, guestStay] = [await helloHash(hostHello.body), await helloHash(guestHello.body)];
  const sides = { from: guestStay, to: hostStay };
  const knock: Knock = {
    type: "knock",
    ...sides,
    commitment: await hash("commit", seeds.nonce_guest, guestStay, hostStay),
    linkId: await linkId(link),
    linkMac: new Uint8Array(0),
  };
  knock.linkMac = await mac(await linkKey(link), "link mac", macInput(knock));
  const knocked = await write(knock, guest.sign);
  const knockHash = await hash("knock hash", knocked.body);
  const back = { from: hostStay, to: guestStay };
  const answered = await write(
    { type: "answer", ...back, knock: knockHash, nonce: seeds.nonce_host },
    host.sign,
  );
  const answerHash = await hash("answer hash", answered.body);
  const open: Message = { type: "open", ...sides, answer: answerHash, nonce: seeds.nonce_guest };
  const map = new Membership();
  map.decide({ deviceId: host.id, hash: hostStay, sender: 16 }, VERDICTS.admitted, 1_800_000_000);
  map.decide({ deviceId: guest.id, hash: guestStay, sender: 4095 }, VERDICTS.admitted, 1_800_000_000);
  const membership = await map.hash(hellos.host.room);
  const kid = kidOf(16, 1, 2);
  const pair = await keyPair(seeds.key_ephemeral_seed);
  const key = await sealTo(
    hellos.guest.ephemeralKey,
    keyInfo(hostStay, guestStay),
    u32(kid),
    seeds.base_key,
    pair,
  );
  const heard = [{ stay: guestStay.slice(0, 8), counter: 3, kid: kidOf(4095, 0, 1) }];
  return {
    ...Object.fromEntries(Object.entries(seeds).map(([name, bytes]) => [name, hex(bytes)])),
    root_public: hex(root.publicKey),
    root_hash: hex(root.hash),
    kit: (await kitOf(seeds.root_seed)).join(" "),
    host_device_id: hex(host.id),
    guest_device_id: hex(guest.id),
    request: await writeRequest(host),
    certificate: hex(certificate),
    fragment: await writeFragment(link),
    fragment_of_demonstration: await writeFragment({ ...link, rootSeed: seeds.root_seed }),
    link_key: hex(await linkKey(link)),
    link_id: hex(await linkId(link)),
    host_hello: hostHello.text,
    guest_hello: guestHello.text,
    host_stay: hex(hostStay),
    guest_stay: hex(guestStay),
    knock: knocked.text,
    knock_hash: hex(knockHash),
    answer: answered.text,
    answer_hash: hex(answerHash),
    open: (await write(open, guest.sign)).text,
    words: (await wordsOf([seeds.nonce_guest, seeds.nonce_host], guestStay, hostStay)).join(" "),
    statement: (await write({ type: "statement", from: hostStay, entries: map.all() }, host.sign)).text,
    membership: hex(membership),
    key: (await write({ type: "key", ...back, kid, ...key! }, host.sign)).text,
    next_base_key: hex(await nextStep(seeds.base_key)),
    beat: (await write({ type: "beat", from: hostStay, counter: 7, membership, kid, heard }, host.sign)).text,
    bye: (await write({ type: "bye", from: guestStay }, guest.sign)).text,
  };
}

export function filled(byte: number): Bytes {
  return new Uint8Array(32).fill(byte);
}

export async function ephemeralOf(seed: Bytes): Promise<Bytes> {
  return (await keyPair(seed)).publicKey;
}

export async function keyPair(seed: Bytes) {
  const [publicKey, privateKey] = await importPrivate("X25519", seed, ["deriveBits"]);
  return { publicKey, privateKey };
}

interface Bringing {
  signingKey: Bytes;
  agreementKey: Bytes;
  ephemeral: Bytes;
  sender: number;
  name: string;
  certificate?: Bytes;
}

export function hello({ ephemeral, certificate, signingKey, agreementKey, sender, name }: Bringing): Hello {
  return {
    type: "hello",
    room: "session-1",
    signingKey,
    agreementKey,
    ephemeralKey: ephemeral,
    sender,
    capabilities: 0,
    name,
    certificate: certificate ?? new Uint8Array(0),
  };
}
