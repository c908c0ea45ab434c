import { afterEach, describe, expect, it, vi } from "vitest";

import { deviceErrorCode, listDevices, openCamera, openScreen } from "./devices.ts";

const secure = { secure: true };

describe("deviceErrorCode", () => {
  it.each([
    ["denied", "camera", "NotAllowedError", "Permission denied", { secure: true, permission: "denied" }],
    [
      "denied",
      "camera",
      "NotAllowedError",
      "Permission denied by system",
      { secure: true, permission: "prompt" },
    ],
    [
      "dismissed",
      "microphone",
      "NotAllowedError",
      "Permission dismissed",
      { secure: true, permission: "denied" },
    ],
    // Firefox has one message for both; what it would do next tells them apart.
    [
      "dismissed",
      "camera",
      "NotAllowedError",
      "The request is not allowed …",
      { secure: true, permission: "prompt" },
    ],
    [
      "denied",
      "camera",
      "NotAllowedError",
      "The request is not allowed …",
      { secure: true, permission: "denied" },
    ],
    ["denied", "camera", "NotAllowedError", "The request is not allowed …", secure],
    ["dismissed", "screen", "NotAllowedError", "Permission denied", secure],
    ["denied", "screen", "NotAllowedError", "Permission denied by system", secure],
    ["not_found", "camera", "NotFoundError", "Requested device not found", secure],
    ["not_found", "camera", "OverconstrainedError", "", secure],
    ["in_use", "camera", "NotReadableError", "Could not start video source", secure],
    ["in_use", "camera", "AbortError", "Starting videoinput failed", secure],
    ["failed", "screen", "AbortError", "", secure],
    ["insecure", "camera", "SecurityError", "", secure],
    ["insecure", "camera", "TypeError", "absent", { secure: false }],
    ["unsupported", "camera", "TypeError", "absent", secure],
    ["failed", "camera", "SomethingError", "", secure],
  ] as const)("is %s for a %s's %s: %s", (code, kind, name, message, context) => {
    expect(deviceErrorCode(kind, { name, message }, context)).toBe(code);
  });
});

describe("opening", () => {
  afterEach(() => vi.unstubAllGlobals());

  const browser = (mediaDevices: object | undefined, permission: PermissionState = "prompt") => {
    vi.stubGlobal("isSecureContext", mediaDevices !== undefined);
    vi.stubGlobal("navigator", { mediaDevices, permissions: { query: async () => ({ state: permission }) } });
  };

  it("tells of a refusal by its own error", async () => {
    browser(
      { getUserMedia: () => Promise.reject(new DOMException("Permission denied", "NotAllowedError")) },
      "denied",
    );
    await expect(openCamera()).rejects.toMatchObject({ name: "DeviceError", code: "denied", kind: "camera" });
  });

  it("tells of an address without devices", async () => {
    browser(undefined);
    await expect(openCamera()).rejects.toMatchObject({ code: "insecure" });
    await expect(listDevices()).resolves.toEqual({ microphones: [], cameras: [], speakers: [] });
  });

  it("tells of a browser that shares no screen", async () => {
    browser({});
    await expect(openScreen()).rejects.toMatchObject({ code: "unsupported", kind: "screen" });
  });

  it("demands the chosen camera, and only prefers the rest", async () => {
    const getUserMedia = vi.fn(async () => ({ getTracks: () => ["track"] }));
    browser({ getUserMedia });
    expect(await openCamera("front", { facing: "environment" })).toBe("track");
    const video = { deviceId: { exact: "front" }, width: { ideal: 1280 }, height: { ideal: 720 } };
    expect(getUserMedia).toHaveBeenCalledWith({ video: { ...video, frameRate: { ideal: 30, max: 30 } } });
  });

  it("lists what can be chosen", async () => {
    const device = (kind: string, deviceId: string) => ({ kind, deviceId, label: deviceId, groupId: "" });
    const all = [device("audioinput", "a"), device("videoinput", ""), device("audiooutput", "s")];
    browser({ enumerateDevices: async () => all });
    expect(await listDevices()).toEqual({
      microphones: [{ id: "a", label: "a" }],
      cameras: [],
      speakers: [{ id: "s", label: "s" }],
    });
  });
});
