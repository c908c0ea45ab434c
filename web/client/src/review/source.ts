// The files of a recording on the server.
//
// Owns: asking for parts of them, and what an answer means. Never does: keep one, or look into it.

import type { Bytes } from "../sealing/bytes.ts";
import { ReviewFault } from "./fault.ts";

/** A part of a file. */
export interface Piece {
  bytes: Bytes;
  /** Of the whole file. */
  size: number;
}

export interface Source {
  /** A whole file that is a text. Throws `ReviewFault`. */
  text(file: string): Promise<string>;
  /** A whole file. Throws `ReviewFault`. */
  bytes(file: string): Promise<Bytes>;
  /** At most `length` bytes from `from` on; none behind the end. Throws `ReviewFault`. */
  read(file: string, from: number, length: number): Promise<Piece>;
}

export interface HttpPlace {
  address: string;
  token: string;
  /** A new one instead of one that the server did not take. */
  renew: () => Promise<string | undefined>;
}

export class HttpSource implements Source {
  readonly #address: string;
  readonly #renew: HttpPlace["renew"];
  #token: string;

  constructor({ address, token, renew }: HttpPlace) {
    this.#address = address;
    this.#token = token;
    this.#renew = renew;
  }

  async text(file: string): Promise<string> {
    return new TextDecoder().decode(await this.bytes(file));
  }

  async bytes(file: string): Promise<Bytes> {
    return bytesOf(await this.#ask(file), file);
  }

  async read(file: string, from: number, length: number): Promise<Piece> {
    const response = await this.#ask(file, `bytes=${from}-${from + length - 1}`);
    // RFC 9110 §15.5.17: nothing is there any more
    if (response.status === 416) return { bytes: new Uint8Array(0), size: from };
    const [, first, size] =
      /^bytes (\d+)-\d+\/(\d+)$/.exec(response.headers.get("content-range") ?? "") ?? [];
    if (response.status !== 206 || Number(first) !== from)
      throw new ReviewFault("server_gone", "an answer that is not the part that was asked for", { file });
    return { bytes: await bytesOf(response, file), size: Number(size) };
  }

  async #ask(file: string, range?: string): Promise<Response> {
    let response = await this.#fetch(file, range);
    if (response.status === 401 || response.status === 403) {
      const token = await this.#renew();
      if (token === undefined) throw new ReviewFault("refused", `status ${response.status}`, { file });
      this.#token = token;
      response = await this.#fetch(file, range);
    }
    if (response.ok || response.status === 416) return response;
    throw new ReviewFault(codeOf(response.status), `status ${response.status}`, { file });
  }

  async #fetch(file: string, range?: string): Promise<Response> {
    const headers = { authorization: `Bearer ${this.#token}`, ...(range && { range }) };
    try {
      return await fetch(`${this.#address}/${file}`, {
        headers,
        credentials: "omit",
        referrerPolicy: "no-referrer",
        // what is kept of a recording is on the server alone
        cache: "no-store",
        signal: AbortSignal.timeout(ANSWER_TIMEOUT_MS),
      });
    } catch (error) {
      throw new ReviewFault("server_gone", String(error), { file });
    }
  }
}

async function bytesOf(response: Response, file: string): Promise<Bytes> {
  try {
    return new Uint8Array(await response.arrayBuffer());
  } catch (error) {
    throw new ReviewFault("server_gone", String(error), { file });
  }
}

function codeOf(status: number): ReviewFault["code"] {
  if (status === 410) return "shredded";
  return status >= 500 || status === 429 ? "server_gone" : "refused";
}

/** Some megabytes on a slow line. */
const ANSWER_TIMEOUT_MS = 60_000;
