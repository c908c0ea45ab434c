// One of the browser's statistics reports, reduced to what is used here.
//
// Owns: the standard's names (webrtc-stats). Never does: compare or judge.

/** One report of the browser, reduced to what is used here. */
export interface Sample {
  /** In ms. */
  at: number;
  roundTripMs?: number;
  streams: Map<string, StreamSample>;
}

/** Sums since the stream began, unless it says otherwise. */
export interface StreamSample {
  mid: string;
  outbound: boolean;
  video: boolean;
  bytes: number;
  packets: number;
  lost: number;
  /** At this moment. */
  jitterMs?: number;
  codec?: string;
  framesPerSecond?: number;
  width?: number;
  height?: number;
  samples?: number;
  concealed?: number;
  freezes?: number;
}

/** Reads a report; a stream without a section is not one of ours. */
export function readReport(report: Iterable<RTCStats>): Sample {
  const all = [...report] as ReportEntry[];
  const byId = new Map(all.map((entry) => [entry.id, entry]));
  const pair = all.find(
    (entry) => entry.type === "candidate-pair" && entry.nominated && entry.state === "succeeded",
  );
  const sample: Sample = { at: all[0]?.timestamp ?? 0, streams: new Map() };
  if (pair?.currentRoundTripTime !== undefined) sample.roundTripMs = pair.currentRoundTripTime * 1000;
  for (const entry of all) {
    const outbound = entry.type === "outbound-rtp";
    if ((!outbound && entry.type !== "inbound-rtp") || entry.mid === undefined) continue;
    const remote = outbound ? byId.get(entry.remoteId ?? "") : undefined;
    sample.streams.set(entry.id, readStream(entry, remote, byId.get(entry.codecId ?? "")));
  }
  return sample;
}

function readStream(entry: ReportEntry, remote?: ReportEntry, codec?: ReportEntry): StreamSample {
  const outbound = entry.type === "outbound-rtp";
  const jitter = outbound ? remote?.jitter : entry.jitter;
  return {
    mid: entry.mid ?? "",
    outbound,
    video: entry.kind === "video",
    bytes: (outbound ? entry.bytesSent : entry.bytesReceived) ?? 0,
    packets: (outbound ? entry.packetsSent : entry.packetsReceived) ?? 0,
    lost: (outbound ? remote?.packetsLost : entry.packetsLost) ?? 0,
    ...present({
      jitterMs: jitter === undefined ? undefined : jitter * 1000,
      codec: codec?.mimeType?.split("/")[1],
      framesPerSecond: entry.framesPerSecond,
      width: entry.frameWidth,
      height: entry.frameHeight,
      samples: entry.totalSamplesReceived,
      concealed: entry.concealedSamples,
      freezes: entry.freezeCount,
    }),
  };
}

type Present<T> = { [K in keyof T as undefined extends T[K] ? never : K]: T[K] } & {
  [K in keyof T as undefined extends T[K] ? K : never]?: Exclude<T[K], undefined>;
};

/** Leaves out what is not there. */
export function present<T extends object>(value: T): Present<T> {
  return Object.fromEntries(Object.entries(value).filter(([, part]) => part !== undefined)) as Present<T>;
}

/** Of the standard's dictionaries (webrtc-stats), the members used here. */
interface ReportEntry extends RTCStats {
  kind?: string;
  mid?: string;
  codecId?: string;
  remoteId?: string;
  mimeType?: string;
  nominated?: boolean;
  state?: string;
  currentRoundTripTime?: number;
  bytesSent?: number;
  bytesReceived?: number;
  packetsSent?: number;
  packetsReceived?: number;
  packetsLost?: number;
  jitter?: number;
  framesPerSecond?: number;
  frameWidth?: number;
  frameHeight?: number;
  totalSamplesReceived?: number;
  concealedSamples?: number;
  freezeCount?: number;
}
