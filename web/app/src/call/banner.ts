// The one notice that matters most right now.
//
// Owns: which of them goes first, its words and its ways on. Never does: act.

import type { Phase } from "@rapport/client";
import { words } from "../words/en";

export type BannerAct = "again" | "leave" | "hear" | "devices" | "unmute" | "stop" | "dismiss";

export interface Banner {
  /** The same notice keeps its key while its text counts on. */
  key: string;
  text: string;
  look: "wait" | "caution" | "plain";
  acts: { act: BannerAct; label: string }[];
}

export interface Situation {
  phase: Phase;
  /** Since when the phase lasts. */
  seconds: number;
  soundBlocked: boolean;
  microphoneLost: boolean;
  cameraLost: boolean;
  /** What happened to a device, in words. */
  fault?: string;
  mutedSpeaking: boolean;
  sharing: boolean;
}

export function bannerOf(now: Situation): Banner | undefined {
  const { again, leave } = waysOut;
  if (now.phase === "reconnecting") {
    const text = words.banner.reconnecting(now.seconds);
    return {
      key: "reconnecting",
      text,
      look: "wait",
      acts: now.seconds >= WAY_OUT_SECONDS ? [again, leave] : [],
    };
  }
  if (now.phase === "joining") {
    const slow = now.seconds >= WAY_OUT_SECONDS;
    const text = slow ? words.banner.joiningSlow : words.banner.joining;
    return { key: slow ? "slow" : "joining", text, look: "wait", acts: slow ? [again, leave] : [] };
  }
  return ofDevices(now);
}

function ofDevices(now: Situation): Banner | undefined {
  const { blocked, hear, microphoneLost, cameraLost, pick, mutedSpeaking, unmute, sharing, stop } =
    words.banner;
  if (now.soundBlocked) {
    return { key: "blocked", text: blocked, look: "caution", acts: [{ act: "hear", label: hear }] };
  }
  if (now.microphoneLost) {
    return {
      key: "lost",
      text: microphoneLost,
      look: "caution",
      acts: [{ act: "devices", label: pick }],
    };
  }
  if (now.cameraLost) {
    const acts = [{ act: "devices", label: pick } as const, waysOut.dismiss];
    return { key: "camera lost", text: cameraLost, look: "caution", acts };
  }
  if (now.fault) {
    return {
      key: `fault: ${now.fault}`,
      text: now.fault,
      look: "caution",
      acts: [waysOut.devices, waysOut.dismiss],
    };
  }
  if (now.mutedSpeaking) {
    return { key: "muted", text: mutedSpeaking, look: "caution", acts: [{ act: "unmute", label: unmute }] };
  }
  if (now.sharing) {
    return { key: "sharing", text: sharing, look: "plain", acts: [{ act: "stop", label: stop }] };
  }
  return undefined;
}

const waysOut = {
  again: { act: "again", label: words.banner.again },
  leave: { act: "leave", label: words.banner.leave },
  devices: { act: "devices", label: words.banner.whatToDo },
  dismiss: { act: "dismiss", label: words.banner.dismiss },
} as const;

/** Every wait has a way out after so long. */
const WAY_OUT_SECONDS = 10;
