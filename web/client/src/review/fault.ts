// Why a recording can't be opened, or not from some place on.
//
// Owns: the codes, and where it is. Never does: word them; the page does.

export type ReviewCode =
  | "not_yours" // it is not sealed to this browser's device
  | "damaged" // what is there is not what was written
  | "foreign" // something in it is of another recording
  | "not_agreed" // a word of consent is missing behind what was recorded
  | "replayed" // something comes twice, or not in its order
  | "no_key" // something is sealed by a key that nobody gave out
  | "shredded" // its keys are destroyed
  | "not_ended" // it is still being made
  | "unplayable" // this browser has no decoder for it
  | "refused" // the server does not give it to this link
  | "server_gone"; // no answer: worth another try

/** As far as it is known. */
export interface Place {
  file?: string;
  /** In bytes. */
  offset?: number;
  /** Of a file of lines, from 1. */
  line?: number;
  /** Since the beginning of the recording. */
  ms?: number;
}

export class ReviewFault extends Error {
  override readonly name = "ReviewFault";
  constructor(
    readonly code: ReviewCode,
    detail: string,
    readonly place: Place = {},
  ) {
    super(detail);
  }
}
