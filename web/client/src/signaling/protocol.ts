// Written from signaling/src/protocol by a test; don't edit:
// RAPPORT_WRITE=1 cargo test -p rapport-signaling protocol

/** `Sec-WebSocket-Protocol` of this version. */
export const SUBPROTOCOL = "rapport.v1";

/** One WebSocket text message after the opening, either way. */
export type Frame<Body> = {
/** The number of `body`: from 1, one more each time, for the life of the session. Absent with `body`. */
seq?: number,
/** The number of the last body that arrived from the other side. */
ack: number,
/** What is said; absent in a mere acknowledgement. */
body?: Body, };

/** The first message of a socket. */
export type Opening = { "type": "join" } & Joining | { "type": "resume",
/** `Welcome::Joined`'s. */
session: string,
/** The number of the last body that arrived. */
received: number, };

/** All that it takes to come in, so that one round trip is enough. */
export type Joining = {
/** A bearer token that permits publishing and subscribing. */
token: string,
/** Shown to the others: 1 to 64 characters, no control characters. */
name: string,
/** How this page load seals. */
sealing: Sealing,
/** What is switched on at first. */
media: MediaState,
/** An SDP offer with one-way sections only. */
offer: string,
/** What each section is in which the client sends. */
sources: Array<SourceSection>, };

/** How a sender seals its media (RFC 9605). The server never has a key. */
export type Sealing = {
/** Of the frames: 2. */
layout: number,
/** RFC 9605 cipher suite: 5 (AES_256_GCM_SHA512_128). */
suite: number, };

/** What one section of an offer is. */
export type SourceSection = {
/** `a=mid`. */
mid: string,
/** What it carries. */
source: Source, };

/** What somebody has switched on. */
export type MediaState = {
/** Not muted. */
microphone: boolean,
/** Not off. */
camera: boolean,
/** Sharing a screen. */
screen: boolean, };

/** What a member says after it came in. */
export type ClientBody = { "type": "offer",
/** The whole new offer. */
sdp: string,
/** Of every section in which the client sends. */
sources: Array<SourceSection>, }
| { "type": "media",
/** All of it. */
media: MediaState, }
| { "type": "speaking",
/** Now. */
speaking: boolean, }
| { "type": "hand",
/** Up. */
raised: boolean, }
| { "type": "line",
/** Now. */
line: Line, }
| { "type": "remove",
/** Whom. */
participant: number, }
| { "type": "lock",
/** Closed or open. */
locked: boolean, }
| { "type": "keys",
/** For whom. */
to: Audience,
/** Base64url, at most 10,923 characters. */
message: string, }
| { "type": "lease",
/** 32 hexadecimal digits. */
recording: string, }
| { "type": "capsule",
/** Base64url, at most 10,923 characters. */
message: string, }
| { "type": "end" }
| { "type": "leave" };

/** For whom a message of the key protocol is. */
export type Audience = { "participant": number } | "members" | "everyone";

/** The answer to an `Opening`. */
export type Welcome = { "type": "joined",
/** Needed to resume: whoever has it is this member. */
session: string,
/** The SDP answer. */
answer: string,
/** The room as it is. */
snapshot: Snapshot, }
| { "type": "resumed",
/** The number of the last body that arrived here. */
received: number, };

/** A room at one moment, seen by one member. */
export type Snapshot = {
/** Who this client is. */
you: number,
/** Everybody, this client too, in the order of coming in. */
members: Array<Member>,
/** Every place of this client. */
slots: Array<Slot>,
/** What concerns everybody. */
room: RoomState, };

/** What a member is told after it came in. */
export type ServerBody = { "type": "answer",
/** The number of the offer's frame. */
to: number,
/** The SDP answer. */
sdp: string,
/** Every place, the new ones too. */
slots: Array<Slot>, }
| { "type": "failed",
/** The number of its frame. */
to: number,
/** Why, for programs. */
code: FailureCode,
/** Why, for developers: the field or the rule. */
detail: string, }
| { "type": "member",
/** All about it. */
member: Member, }
| { "type": "left",
/** Who. */
participant: number, }
| { "type": "slot",
/** Which, and what. */
slot: Slot, }
| { "type": "room",
/** All of it. */
room: RoomState, }
| { "type": "keys",
/** Whose, as far as the server knows: an address, and no proof. */
from: number,
/** As it came. */
message: string, }
| { "type": "unsealed",
/** `a=mid` of the section. */
mid: string, };

/** Why a request was not carried out. */
export type FailureCode = "not_permitted" | "no_participant" | "offer" | "limit" | "key_message" | "consent";

/** Somebody in the room, as all others see it. */
export type Member = {
/** Never used again. */
participant: number,
/** As its client told it. Empty for a listener (WHEP), which has none. */
name: string,
/** What it may do. */
standing: Standing,
/** Upper 12 bits of its KIDs, from 16; unique in the room for its life. Absent for a listener, which sends none. */
sender?: number,
/** Its media flows: a host, or let in by a host's client. A hint, by which no key is ever given. */
admitted: boolean,
/** What it has switched on. */
media: MediaState,
/** It speaks. */
speaking: boolean,
/** Its hand is up. */
hand: boolean,
/** How good its line is, as its client says. */
line: Line,
/** Whether it can be reached. */
connection: Connection, };

/** What a member may do. */
export type Standing = "host" | "guest" | "listener";

/** How good a line is. */
export type Line = "unknown" | "good" | "fair" | "poor";

/** Whether a member can be reached. */
export type Connection = "connecting" | "live" | "away";

/** What a published track is. */
export type Source = "microphone" | "camera" | "screen" | "screen_audio";

/** One place in which a client receives, and what the server sends there. Only a hint where to draw: whose it
 * is, the key says that opens it. */
export type Slot = {
/** `a=mid` of the section. */
mid: string,
/** What is there now. */
track: SlotTrack | null, };

/** Whose track. */
export type SlotTrack = {
/** Whose. */
participant: number,
/** Which of its. */
source: Source, };

/** What concerns everybody. */
export type RoomState = {
/** Nobody new comes in. */
locked: boolean,
/** This server can record. */
records: boolean,
/** What was last proposed. */
recording: Recording | null, };

/** A recording, as the server sees it (`web/client/RECORDING.md`, section 4). Clients believe their own agreement. */
export type Recording = {
/** 32 hexadecimal digits. */
recording: string,
/** How far it is. */
phase: RecordingPhase,
/** What of it outlives a crash, in milliseconds. */
safe_ms: number,
/** Pictures are not recorded at the moment: the disk has no room for them. */
sound_only: boolean,
/** Whose yes or whose lease is missing. */
missing: number[],
/** Why it is over. */
end: RecordingEnd | null,
/** How many hours there is room for, where that was too little to begin, and where others will soon not begin. */
hours_left: number | null, };

/** How far a recording is. */
export type RecordingPhase = "proposed" | "starting" | "recording" | "paused" | "ended";

/** Why a recording is over. */
export type RecordingEnd = "stopped" | "gone" | "failed" | "full";

/** Goes into a WebSocket close frame: a code, and a reason of the form `name` or `name: detail`. */
export type CloseReason = "left" | "malformed" | "unauthorized" | "expired" | "forbidden" | "no_session" | "room_full" | "room_locked" | "room_unsealed" | "ended" | "removed" | "replaced" | "offer" | "too_much" | "too_slow" | "silent" | "media_lost" | "unavailable" | "internal";

/** The codes of close frames, by reason. */
export const CLOSE_CODES = {
  left: 1000,
  malformed: 4400,
  unauthorized: 4401,
  expired: 4410,
  forbidden: 4403,
  no_session: 4404,
  room_full: 4424,
  room_locked: 4423,
  room_unsealed: 4425,
  ended: 4411,
  removed: 4412,
  replaced: 4409,
  offer: 4422,
  too_much: 4413,
  too_slow: 4414,
  silent: 4408,
  media_lost: 4426,
  unavailable: 4503,
  internal: 4500,
} as const satisfies Record<CloseReason, number>;
