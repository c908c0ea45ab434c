// What went over the wire: datagrams to one port of loopback, by the kernel's clock.
//
// Owns: one tcpdump, its file, and the clear part of SRTP packets. Never does: look into a payload; tcpdump keeps
// no more than the headers.

import { readFile } from 'node:fs/promises';

import { Child } from '../../../tests/browsers/harness/process.mjs';
import { until } from '../../../tests/browsers/harness/wait.mjs';

/** Ethernet, IPv4 without options, UDP, and an RTP header with its extensions' length. */
const SNAP_BYTES = 128;

const ETHERNET_BYTES = 14;
const UDP_BYTES = 8;
const RTP_BYTES = 12;

export class Capture {
  static async start(port, file) {
    const filter = `udp and dst host 127.0.0.1 and dst port ${port}`;
    const args = ['-i', 'lo', '-n', '-s', String(SNAP_BYTES), '-B', '16384', '-Z', 'root', '-w', file, filter];
    const capture = new Capture();
    Object.assign(capture, { file, child: new Child('tcpdump', args) });
    await until('tcpdump listens', () => capture.child.log(), (log) => log.includes('listening on'));
    return capture;
  }

  /** Ends it; returns the RTP packets in the order in which they were sent. `tagBytes`: what SRTP adds to a packet. */
  async stop(tagBytes) {
    await this.child.end('SIGINT');
    if (!/^0 packets dropped by kernel$/m.test(this.child.log())) throw new Error(this.child.log());
    return datagrams(await readFile(this.file)).filter(isRtp).map((datagram) => packetOf(datagram, tagBytes));
  }
}

/** pcap-savefile(5), little endian, microseconds: `{ at, bytes, head }`. */
function datagrams(file) {
  if (file.readUInt32LE(0) !== 0xa1b2c3d4) throw new Error('not a little-endian pcap file with microseconds');
  const found = [];
  for (let offset = 24; offset + 16 <= file.length; ) {
    const [seconds, micros, kept] = [0, 4, 8].map((field) => file.readUInt32LE(offset + field));
    const frame = file.subarray(offset + 16, offset + 16 + kept);
    const udp = ETHERNET_BYTES + (frame[ETHERNET_BYTES] & 0x0f) * 4;
    const bytes = frame.readUInt16BE(udp + 4) - UDP_BYTES;
    found.push({ at: seconds * 1e6 + micros, bytes, head: frame.subarray(udp + UDP_BYTES) });
    offset += 16 + kept;
  }
  return found;
}

/** RFC 7983 §7: 128 to 191 is RTP or RTCP; RFC 5761 §4: types 64 to 95 without the marker are RTCP. */
function isRtp({ head }) {
  const type = head[1] & 0x7f;
  return head[0] >= 128 && head[0] <= 191 && (type < 64 || type > 95);
}

function packetOf({ at, bytes, head }, tagBytes) {
  const fixed = RTP_BYTES + (head[0] & 0x0f) * 4;
  const extensions = head[0] & 0x10 ? 4 + head.readUInt16BE(fixed + 2) * 4 : 0;
  return {
    at,
    padded: (head[0] & 0x20) !== 0,
    marker: (head[1] & 0x80) !== 0,
    sequence: head.readUInt16BE(2),
    timestamp: head.readUInt32BE(4),
    ssrc: head.readUInt32BE(8),
    bytes: bytes - fixed - extensions - tagBytes,
  };
}
