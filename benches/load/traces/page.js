// Runs inside the browser: publishes camera and microphone by WHIP, and notes what its encoders make.
//
// Owns: one connection, and the list of encoded frames. Never does: keep or change what is in a frame.

const frames = [];
const state = {};

window.recorder = {
  publish,
  report: async () => [...(await state.connection.getStats()).values()].map((entry) => ({ ...entry })),
  keyframes,
  frames: () => frames.splice(0),
  answer: () => state.connection.remoteDescription.sdp,
};

/** `encodings` are those of `addTransceiver`; `codec` is a MIME type. */
async function publish({ url, token, codec, encodings }) {
  const { HttpSession } = await import('/pages/whip.js');
  state.connection = new RTCPeerConnection();
  const [video, audio] = await devices();
  const camera = state.connection.addTransceiver(video, { direction: 'sendonly', sendEncodings: encodings });
  camera.setCodecPreferences(preferring(codec));
  const voice = { direction: 'sendonly', sendEncodings: [{ maxBitrate: 32_000 }] };
  const microphone = state.connection.addTransceiver(audio, voice);
  state.camera = camera.sender;
  observe(camera.sender, 'video');
  observe(microphone.sender, 'audio');
  state.session = new HttpSession(state.connection, { url, token });
  await state.session.start();
  const parameters = camera.sender.getParameters();
  await camera.sender.setParameters({ ...parameters, degradationPreference: 'maintain-resolution' });
}

/** One of every encoding of the camera. */
function keyframes() {
  const parameters = state.camera.getParameters();
  const encodingOptions = parameters.encodings.map(() => ({ keyFrame: true }));
  return state.camera.setParameters(parameters, { encodingOptions });
}

/** Opened as the client of calls opens them, with its hints. */
async function devices() {
  const stream = await navigator.mediaDevices.getUserMedia({
    video: { width: { ideal: 1280 }, height: { ideal: 720 }, frameRate: { ideal: 30, max: 30 } },
    audio: { echoCancellation: true, noiseSuppression: true, autoGainControl: true, channelCount: 1 },
  });
  const [[video], [audio]] = [stream.getVideoTracks(), stream.getAudioTracks()];
  video.contentHint = 'motion';
  audio.contentHint = 'speech';
  return [video, audio];
}

function preferring(codec) {
  const { codecs } = RTCRtpSender.getCapabilities('video');
  return codecs.filter(({ mimeType, sdpFmtpLine }) => {
    if (mimeType === 'video/rtx') return true;
    return mimeType === codec && (!sdpFmtpLine?.includes('profile-id') || sdpFmtpLine.includes('profile-id=0'));
  });
}

function observe(sender, kind) {
  const worker = new Worker(URL.createObjectURL(new Blob([`(${transform})()`], { type: 'text/javascript' })));
  worker.addEventListener('message', ({ data }) => frames.push(data));
  sender.transform = new RTCRtpScriptTransform(worker, { kind });
}

/** The worker's whole program: passes frames on untouched. */
function transform() {
  self.onrtctransform = ({ transformer }) => {
    const { kind } = transformer.options;
    const note = new TransformStream({
      transform(frame, controller) {
        const { rtpTimestamp, synchronizationSource: ssrc, width, height } = frame.getMetadata();
        self.postMessage({ kind, ssrc, rtpTimestamp, width, height, type: frame.type, bytes: frame.data.byteLength });
        controller.enqueue(frame);
      },
    });
    transformer.readable.pipeThrough(note).pipeTo(transformer.writable);
  };
}
