// Small edits of session descriptions, for what lies between a client and the server.
//
// Owns: pure functions from text to text. Never does: parse more than the line it edits.

const CANDIDATE = /^a=candidate:(\S+) (\d+) (\S+) (\d+) (\S+) (\d+) (.*)$/;

/** The candidates of a description as `{ protocol, address, port }`. */
export function candidates(sdp) {
  return lines(sdp)
    .map((line) => line.match(CANDIDATE))
    .filter(Boolean)
    .map(([, , , protocol, , address, port]) => ({ protocol: protocol.toLowerCase(), address, port: Number(port) }));
}

/** Names `port` on loopback as the only way to the far end: every other candidate goes. */
export function withOnlyPort(sdp, port) {
  let kept = false;
  return join(
    lines(sdp).flatMap((line) => {
      if (line.startsWith('m=')) kept = false;
      const match = line.match(CANDIDATE);
      if (!match) return [line];
      const [, foundation, component, protocol, priority, , , rest] = match;
      if (kept || protocol.toLowerCase() !== 'udp') return [];
      kept = true;
      return [`a=candidate:${foundation} ${component} ${protocol} ${priority} 127.0.0.1 ${port} ${rest}`];
    }),
  );
}

/** Without any candidate: the far end must find this one by its checks. */
export function withoutCandidates(sdp) {
  return join(lines(sdp).filter((line) => !line.startsWith('a=candidate:')));
}

/** With the first byte of every fingerprint changed: another certificate than the one that will be shown. */
export function withWrongFingerprint(sdp) {
  return sdp.replace(/^(a=fingerprint:\S+ )([0-9A-Fa-f]{2})/gm, (_, name, byte) => {
    const other = (Number.parseInt(byte, 16) ^ 0xff).toString(16).padStart(2, '0').toUpperCase();
    return `${name}${other}`;
  });
}

function lines(sdp) {
  return sdp.split('\r\n');
}

function join(kept) {
  return kept.join('\r\n');
}
