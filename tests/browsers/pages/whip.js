// A small, standard WHIP (RFC 9725) and WHEP client.
//
// Owns: one HTTP session and its trickle. Never does: know what is published or played, nor which server
// answers. Nothing here is special to our server: that is its point.

export class HttpSession {
  constructor(connection, { url, token, trickle = true }) {
    Object.assign(this, { connection, url, token, trickle, candidates: [], etag: null, statuses: [] });
  }

  /** Offers, and applies the answer. Rejects with the status in the message if the server refuses. */
  async start() {
    this.connection.addEventListener('icecandidate', ({ candidate }) => this.#onCandidate(candidate));
    await this.connection.setLocalDescription();
    if (!this.trickle) await gathered(this.connection);
    const response = await this.#request('POST', this.url, 'application/sdp', this.connection.localDescription.sdp);
    if (response.status !== 201) throw await refusal(response);
    // RFC 9725 §4.2: the Location header may be relative to the endpoint.
    this.location = new URL(response.headers.get('Location'), this.url).href;
    this.etag = response.headers.get('ETag');
    const sdp = await response.text();
    this.answeredAt = performance.now();
    await this.connection.setRemoteDescription({ type: 'answer', sdp });
    await this.#flush();
  }

  /** RFC 9725 §4.3.2: an ICE restart is a PATCH with new credentials and If-Match: "*". */
  async restartIce() {
    this.restarting = true;
    this.connection.restartIce();
    await this.connection.setLocalDescription();
    const response = await this.#patch([], '"*"');
    if (response.status !== 200) throw await refusal(response);
    this.etag = response.headers.get('ETag');
    const fragment = await response.text();
    await this.connection.setRemoteDescription({
      type: 'answer',
      sdp: withCredentials(this.connection.remoteDescription.sdp, fragment),
    });
    this.restarting = false;
    await this.#flush();
  }

  /** Ends the session at the server; the connection is the caller's to close. */
  async stop() {
    return (await this.#request('DELETE', this.location)).status;
  }

  #onCandidate(candidate) {
    // RFC 9725 §4.3.1: candidates of the first m-section are enough in a bundle.
    if (!this.trickle || (candidate && candidate.sdpMLineIndex > 0)) return;
    this.candidates.push(candidate);
    if (this.location && !this.restarting) this.#flush();
  }

  async #flush() {
    const lines = this.candidates.splice(0).map((candidate) =>
      candidate?.candidate ? `a=${candidate.candidate}` : 'a=end-of-candidates',
    );
    if (lines.length === 0) return;
    const response = await this.#patch(lines, this.etag);
    this.statuses.push(response.status);
  }

  #patch(lines, match) {
    const body = fragmentOf(this.connection.localDescription.sdp, lines);
    const headers = match ? { 'If-Match': match } : {};
    return this.#request('PATCH', this.location, 'application/trickle-ice-sdpfrag', body, headers);
  }

  #request(method, url, type, body, headers = {}) {
    if (type) headers['Content-Type'] = type;
    if (this.token) headers.Authorization = `Bearer ${this.token}`;
    return fetch(url, { method, body, headers });
  }
}

/** RFC 8840 §4.4: credentials, then the first m-section with its mid and candidates. */
function fragmentOf(sdp, lines) {
  const credential = (name) => sdp.match(new RegExp(`^a=${name}:.*$`, 'm'))[0].trim();
  const media = sdp.match(/^m=.*$/m)[0].trim();
  const mid = sdp.match(/^a=mid:.*$/m)[0].trim();
  return [credential('ice-ufrag'), credential('ice-pwd'), media, mid, ...lines, ''].join('\r\n');
}

/** The answer in force, with the server's new ICE credentials and candidates. */
function withCredentials(sdp, fragment) {
  const line = (name) => fragment.match(new RegExp(`^a=${name}:.*$`, 'm'))[0].trim();
  const candidates = fragment.match(/^a=candidate:.*$/gm) ?? [];
  const renewed = sdp
    .replace(/^a=ice-ufrag:.*$/gm, line('ice-ufrag'))
    .replace(/^a=ice-pwd:.*$/gm, line('ice-pwd'));
  if (candidates.length === 0) return renewed;
  const bare = renewed.replace(/^a=candidate:.*\r\n/gm, '');
  return bare.replace(/^a=mid:.*\r\n/m, (mid) => `${mid}${candidates.map((c) => `${c.trim()}\r\n`).join('')}`);
}

function gathered(connection) {
  if (connection.iceGatheringState === 'complete') return Promise.resolve();
  return new Promise((resolve) => {
    connection.addEventListener('icegatheringstatechange', () => {
      if (connection.iceGatheringState === 'complete') resolve();
    });
  });
}

async function refusal(response) {
  const body = (await response.text()).slice(0, 300);
  return new Error(`status ${response.status} ${response.headers.get('Content-Type')} ${body}`);
}
