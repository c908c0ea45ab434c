// Reads the handshake out of a datagram, as far as the relay's rules need it.
//
// Owns: record and handshake headers of epoch 0. Never does: keep state, or trust a length.

/** RFC 6347 §4.1: type 22 is handshake. */
const HANDSHAKE = 22;
const RECORD_HEADER_BYTES = 13;
const HANDSHAKE_HEADER_BYTES = 12;

/** RFC 5246 §7.4: the message types that rules speak of. */
export const MESSAGE = { clientHello: 1, serverHello: 2, certificate: 11 };

/** The unencrypted handshake fragments of a datagram: `{ type, sequence, offset, length, total }`. */
export function fragments(datagram) {
  return records(datagram)
    .filter(({ type, epoch }) => type === HANDSHAKE && epoch === 0)
    .flatMap(({ body }) => fragmentsOfRecord(body));
}

function records(datagram) {
  const found = [];
  let at = 0;
  while (at + RECORD_HEADER_BYTES <= datagram.length) {
    const start = at + RECORD_HEADER_BYTES;
    const end = start + datagram.readUInt16BE(at + 11);
    if (end > datagram.length) break;
    found.push({ type: datagram[at], epoch: datagram.readUInt16BE(at + 3), body: datagram.subarray(start, end) });
    at = end;
  }
  return found;
}

function fragmentsOfRecord(body) {
  const found = [];
  let at = 0;
  while (at + HANDSHAKE_HEADER_BYTES <= body.length) {
    const length = body.readUIntBE(at + 9, 3);
    found.push({
      type: body[at],
      total: body.readUIntBE(at + 1, 3),
      sequence: body.readUInt16BE(at + 4),
      offset: body.readUIntBE(at + 6, 3),
      length,
    });
    at += HANDSHAKE_HEADER_BYTES + length;
  }
  return found;
}
