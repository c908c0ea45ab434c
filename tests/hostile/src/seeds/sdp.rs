//! Offers as short as they can be, and what follows one.

use super::Named;

/// Each has what negotiation cannot do without.
pub(super) fn offers() -> Vec<Named> {
    let publish = [
        SESSION,
        BUNDLE,
        SOUND,
        "a=sendonly\r\n",
        PICTURE,
        "a=sendonly\r\n",
    ]
    .concat();
    let play = [
        SESSION,
        BUNDLE,
        SOUND,
        "a=recvonly\r\n",
        PICTURE,
        "a=recvonly\r\n",
    ]
    .concat();
    let simulcast = [SESSION, PICTURE, "a=sendonly\r\n", SIMULCAST].concat();
    let data = [SESSION, DATA].concat();
    let fragment = [CREDENTIALS, SOUND, CANDIDATE].concat();
    [
        ("publish", publish),
        ("play", play),
        ("simulcast", simulcast),
        ("data-channel", data),
        ("fragment", fragment),
    ]
    .map(|(name, text)| (name, text.into_bytes()))
    .to_vec()
}

const CREDENTIALS: &str = "a=ice-ufrag:clnt\r\na=ice-pwd:clientclientclientclient\r\n";

const SESSION: &str = "v=0\r\no=- 1 1 IN IP4 0.0.0.0\r\ns=-\r\nt=0 0\r\n\
    a=ice-ufrag:clnt\r\na=ice-pwd:clientclientclientclient\r\na=setup:actpass\r\n\
    a=fingerprint:sha-256 00:01:02:03:04:05:06:07:08:09:0A:0B:0C:0D:0E:0F:10:11:12:13:14:15:16:17:18:19:1A:1B:1C:1D:1E:1F\r\n";

const BUNDLE: &str = "a=group:BUNDLE 0 1\r\n";

const SOUND: &str = "m=audio 9 UDP/TLS/RTP/SAVPF 111\r\nc=IN IP4 0.0.0.0\r\na=mid:0\r\na=rtcp-mux\r\n\
    a=rtpmap:111 opus/48000/2\r\na=extmap:1 urn:ietf:params:rtp-hdrext:ssrc-audio-level\r\n";

const PICTURE: &str = "m=video 9 UDP/TLS/RTP/SAVPF 96 97\r\nc=IN IP4 0.0.0.0\r\na=mid:1\r\na=rtcp-mux\r\n\
    a=rtpmap:96 VP8/90000\r\na=rtcp-fb:96 nack pli\r\na=rtpmap:97 rtx/90000\r\na=fmtp:97 apt=96\r\n\
    a=ssrc-group:FID 1 2\r\na=ssrc:1 cname:c\r\na=ssrc:2 cname:c\r\n";

const SIMULCAST: &str = "a=extmap:2 urn:ietf:params:rtp-hdrext:sdes:rtp-stream-id\r\n\
    a=rid:hi send\r\na=rid:lo send\r\na=simulcast:send hi;lo\r\n";

const DATA: &str = "m=application 9 UDP/DTLS/SCTP webrtc-datachannel\r\nc=IN IP4 0.0.0.0\r\na=mid:2\r\n\
    a=sctp-port:5000\r\na=max-message-size:262144\r\n";

const CANDIDATE: &str = "a=candidate:1 1 udp 2130706431 192.0.2.1 40000 typ host\r\na=end-of-candidates\r\n";
