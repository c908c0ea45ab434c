// The sentences about cameras, microphones and screens that do not start, in English.
//
// Owns: words, and the form of a trouble. Never does: decide which of them is shown.

import type { DeviceErrorCode, DeviceKind } from "@rapport/client";

/** An error in three parts: what happened, why (if known), what to do now. */
export interface Trouble {
  title: string;
  why?: string;
  todo: string;
}

export const browsers =
  "Chrome or Edge 141 or newer, or a current Firefox (tested: 153). Safari has not been tested with Rapport yet.";

export const devices: Record<DeviceKind, Record<DeviceErrorCode, Trouble>> = {
  microphone: {
    denied: {
      title: "This page may not use your microphone",
      why: "Your browser or your device is set to block it.",
      todo: "Open the site settings beside the web address, allow the microphone, then choose “Try again”. You can also join without it.",
    },
    dismissed: {
      title: "Your microphone is still off",
      why: "The question from your browser was closed without an answer.",
      todo: "Choose “Try again” and then “Allow”. You can also join without it.",
    },
    not_found: {
      title: "No microphone was found",
      todo: "Plug in a microphone or headset and choose “Try again”. You can also join to listen and be seen.",
    },
    in_use: {
      title: "Your microphone is busy",
      why: "Another app or tab seems to be using it.",
      todo: "Close other call apps and choose “Try again”, or pick another microphone.",
    },
    insecure: {
      title: "This page may not use your microphone",
      why: "The address does not begin with https, so your browser keeps it off.",
      todo: "Open the link again with https at the start.",
    },
    unsupported: {
      title: "This browser can’t use a microphone",
      todo: `Open your link in another browser: ${browsers}`,
    },
    failed: {
      title: "Your microphone did not start",
      todo: "Unplug it and plug it in again, or pick another one. Then choose “Try again”.",
    },
  },
  camera: {
    denied: {
      title: "This page may not use your camera",
      why: "Your browser or your device is set to block it.",
      todo: "Open the site settings beside the web address, allow the camera, then choose “Try again”. You can also join with sound only.",
    },
    dismissed: {
      title: "Your camera is still off",
      why: "The question from your browser was closed without an answer.",
      todo: "Choose “Try again” and then “Allow”. You can also join with sound only.",
    },
    not_found: {
      title: "No camera was found",
      todo: "Plug in a camera and choose “Try again”. You can also join with sound only.",
    },
    in_use: {
      title: "Your camera is busy",
      why: "Another app or tab seems to be using it.",
      todo: "Close other apps that show your picture and choose “Try again”. You can also join with sound only.",
    },
    insecure: {
      title: "This page may not use your camera",
      why: "The address does not begin with https, so your browser keeps it off.",
      todo: "Open the link again with https at the start.",
    },
    unsupported: {
      title: "This browser can’t use a camera",
      todo: `Open your link in another browser: ${browsers}`,
    },
    failed: {
      title: "Your camera did not start",
      todo: "Unplug it and plug it in again, or pick another one. You can also join with sound only.",
    },
  },
  screen: {
    denied: {
      title: "Your screen is not shared",
      why: "Your device does not let this browser see the screen.",
      todo: "Allow screen recording for this browser in the settings of your device, then share again.",
    },
    dismissed: {
      title: "Your screen is not shared",
      why: "No window or tab was chosen.",
      todo: "Choose “Share screen” again when you are ready.",
    },
    not_found: {
      title: "Your screen is not shared",
      why: "There was nothing to share.",
      todo: "Open the window that you want to show and share again.",
    },
    in_use: {
      title: "Your screen is not shared",
      why: "The window could not be captured.",
      todo: "Choose another window or a tab.",
    },
    insecure: {
      title: "Your screen is not shared",
      why: "The address does not begin with https.",
      todo: "Open the link again with https at the start.",
    },
    unsupported: {
      title: "This browser can’t share a screen",
      todo: "Use a browser on a computer to share your screen.",
    },
    failed: {
      title: "Your screen is not shared",
      why: "Sharing did not start.",
      todo: "Try again, or choose another window.",
    },
  },
};
