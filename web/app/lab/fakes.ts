// People, pictures and devices that do not exist.

import type { Person, RecordingState, Trust } from "@rapport/client";
import { Capture } from "../src/parts/capture.svelte";

const NAMES = [
  "Omar Haddad",
  "Dr. Maximiliane von Hohenstein-Wittgenstein-Sayn",
  "Li",
  "Aigerim Nurlanova",
  "נועה לוי",
  "Sofía Hernández",
  "Pat",
  "Nguyễn Thị Minh Khai",
  "Jonas",
  "Ифеома Окоро",
  "Supercalifragilisticexpialidocious",
  "Emma",
  "Tāne Parata",
  "佐藤 健",
  "Ana",
];

export function fakePerson(index: number, more: Partial<Person> = {}): Person {
  return {
    id: index + 2,
    name: NAMES[index % NAMES.length] ?? "",
    standing: "guest",
    you: false,
    microphone: index % 3 !== 1,
    camera: index % 4 !== 3,
    screen: false,
    speaking: index === 0,
    hand: index === 2,
    line: index === 4 ? "poor" : index === 5 ? "fair" : "good",
    connection: "live",
    seal: "open",
    cameraStream: index % 4 !== 3 ? fakePicture(index) : undefined,
    audioStreams: [],
    trust: fakeTrust(index),
    ...more,
  };
}

export function fakeTrust(index: number): Trust {
  return {
    stay: `stay ${index}`,
    deviceId: `3fa291c07be4d815${index}`.padEnd(64, "b1"),
    role: "guest",
    link: "own_link",
    familiarity: index % 3 === 0 ? "verified" : "new",
    words: ["orbit", "candle", "velvet", "maple", "harbor"],
    isUnconfirmed: false,
    records: false,
  };
}

export function fakeYou(more: Partial<Person> = {}): Person {
  return fakePerson(0, {
    id: 1,
    trust: undefined,
    name: "Ines Duarte",
    standing: "host",
    you: true,
    speaking: false,
    ...more,
  });
}

/** One that this person has proposed, and that the others were asked about. */
export function fakeRecording(more: Partial<RecordingState> = {}): RecordingState {
  return {
    recording: "5f0c".repeat(8),
    phase: "proposed",
    isOn: false,
    proposal: {
      id: "9e31".repeat(16),
      purpose: "roleplay",
      days: 14,
      author: "Ines Duarte",
      isOwn: true,
      subjects: [
        { name: NAMES[2], isYou: true, microphone: true, camera: true, screen: false },
        { name: NAMES[1], isYou: false, microphone: true, camera: false, screen: false },
      ],
      recipients: [
        { role: "therapist", name: "Ines Duarte", isYou: false },
        { role: "clinic", name: "", isYou: false },
        { role: "client", name: NAMES[2]!, isYou: true },
      ],
    },
    answer: "yes",
    missing: [],
    safeMs: 0,
    end: undefined,
    hoursLeft: undefined,
    isSoundOnly: false,
    ...more,
  };
}

/** A still drawing of a head: wide, or upright as from a phone. */
export function fakePicture(index: number, upright = index % 5 === 4): MediaStream {
  const canvas = document.createElement("canvas");
  [canvas.width, canvas.height] = upright ? [480, 640] : [1280, 720];
  const context = canvas.getContext("2d");
  if (!context) throw new Error("no canvas");
  const draw = () => drawHead(context, index);
  draw();
  setInterval(draw, 200); // a still canvas gives no frames
  return canvas.captureStream(5);
}

export function fakeScreen(): MediaStream {
  const canvas = document.createElement("canvas");
  [canvas.width, canvas.height] = [1600, 900];
  const context = canvas.getContext("2d");
  if (!context) throw new Error("no canvas");
  const draw = () => {
    context.fillStyle = "#ffffff";
    context.fillRect(0, 0, 1600, 900);
    context.fillStyle = "#222222";
    context.font = "48px sans-serif";
    for (let line = 0; line < 12; line++)
      context.fillText(`Line ${line + 1} of a shared text`, 90, 110 + line * 66);
  };
  draw();
  setInterval(draw, 200);
  return canvas.captureStream(5);
}

/** Has devices to choose from, and asks nobody for them. */
export class FakeCapture extends Capture {
  constructor(on = true) {
    super();
    if (!on) return;
    this.camera = fakePicture(11, false).getVideoTracks()[0] ?? null;
    this.microphone = new AudioContext().createMediaStreamDestination().stream.getAudioTracks()[0] ?? null;
    this.devices = {
      microphones: [
        { id: "m1", label: "Default – Internal microphone" },
        { id: "m2", label: "Jabra Evolve 65 TE Stereo headset (0b0e:030c) with a very long name" },
      ],
      cameras: [{ id: "c1", label: "Integrated camera (04f2:b6d0)" }],
      speakers: [
        { id: "s1", label: "Default – Internal speakers" },
        { id: "s2", label: "Jabra Evolve 65" },
      ],
    };
    this.chosen = { microphone: "m2", camera: "c1", speaker: "s1" };
  }

  override watch(): void {}
  override async refresh(): Promise<void> {}
  override async openBoth(): Promise<void> {}
}

function drawHead(context: CanvasRenderingContext2D, index: number): void {
  const { width, height } = context.canvas;
  context.fillStyle = `hsl(${(index * 47) % 360} 18% ${42 + (index % 3) * 8}%)`;
  context.fillRect(0, 0, width, height);
  context.fillStyle = `hsl(${(index * 31 + 20) % 360} 25% 28%)`;
  context.beginPath();
  context.ellipse(width / 2, height * 1.05, height * 0.42, height * 0.42, 0, 0, Math.PI * 2);
  context.fill();
  context.fillStyle = `hsl(${22 + (index % 4) * 6} 38% ${45 + (index % 5) * 7}%)`;
  context.beginPath();
  context.ellipse(width / 2, height * 0.42, height * 0.17, height * 0.22, 0, 0, Math.PI * 2);
  context.fill();
}
