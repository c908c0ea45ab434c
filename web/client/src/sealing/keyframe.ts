// Owns: asking an encoder for a key frame from the page. Never does: ask a far end.

/** For browsers whose transformers have no `generateKeyFrame`: Chromium takes the wish with the parameters. */
export async function requestKeyFrame(sender: RTCRtpSender): Promise<void> {
  const parameters = sender.getParameters();
  const encodingOptions = parameters.encodings.map(() => ({ keyFrame: true }));
  try {
    await (sender as SenderWithOptions).setParameters(parameters, { encodingOptions });
  } catch {
    // a negotiation came between reading and setting, or the sender is over: the far end's own request remains
  }
}

/** The second parameter is in the standard (w3c/webrtc-extensions), not yet in TypeScript's library. */
interface SenderWithOptions extends RTCRtpSender {
  setParameters(
    parameters: RTCRtpSendParameters,
    options?: { encodingOptions: { keyFrame: boolean }[] },
  ): Promise<void>;
}
