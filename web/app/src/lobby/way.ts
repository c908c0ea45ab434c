// What the main button of the lobby says.
//
// Owns: the choice of its words by what is there. Never does: open a device.

import { words } from "../words/en";

export interface Ready {
  /** The devices have been asked for. */
  asked: boolean;
  /** A device is there, be it muted or switched off by choice. */
  microphone: boolean;
  camera: boolean;
}

export function joinLabel({ asked, microphone, camera }: Ready): string {
  if (!asked) return words.lobby.joinNothing;
  if (microphone && camera) return words.lobby.join;
  if (microphone) return words.lobby.joinSound;
  return camera ? words.lobby.joinSeen : words.lobby.joinSilent;
}
