// Owns: reading a sender's totals out of getStats. Never does: judge them.

import type { SenderReading } from "./watchdog.ts";

/** Totals over all encodings of a sender, or nothing where the connection is gone. */
export async function readSender(
  sender: RTCRtpSender,
): Promise<Pick<SenderReading, "packets" | "bytes" | "encoded"> | undefined> {
  const totals = { packets: 0, bytes: 0, encoded: 0 };
  let report: RTCStatsReport;
  try {
    report = await sender.getStats();
  } catch {
    return undefined;
  }
  report.forEach((entry: Partial<OutboundStats> & { type: string }) => {
    if (entry.type !== "outbound-rtp") return;
    totals.packets += (entry.packetsSent ?? 0) - (entry.retransmittedPacketsSent ?? 0);
    totals.bytes += (entry.bytesSent ?? 0) - (entry.retransmittedBytesSent ?? 0);
    totals.encoded += entry.framesEncoded ?? 0;
  });
  return totals;
}

interface OutboundStats {
  packetsSent: number;
  retransmittedPacketsSent: number;
  bytesSent: number;
  retransmittedBytesSent: number;
  framesEncoded: number;
}
