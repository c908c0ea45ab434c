// What can go wrong between people, by code (SK-1.md, section 11).
//
// Owns: the codes. Never does: word them; the page does.

export type FaultCode =
  | "malformed"
  | "bad_signature"
  | "wrong_room"
  | "bad_certificate"
  | "expired_certificate"
  | "other_clinic"
  | "own_reflection"
  | "unknown_stay"
  | "not_entitled"
  | "bad_link_mac"
  | "contradiction"
  | "index_taken"
  | "room_full"
  | "key_contradiction"
  | "unconfirmed"
  | "held"
  | "too_much"
  | "generations_used_up"
  | "crypto";
