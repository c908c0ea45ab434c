// A forwarder as somebody who knows Pion would write it: what `rapport load` compares with.
//
// It is a lite ICE agent on one UDP port, with the interceptors that Pion registers by default: NACK both ways,
// RTCP reports, and transport-wide feedback to publishers. Pion of this version answers a NACK on the media's
// own SSRC, without RTX, and estimates no bandwidth for subscribers unless it is told to. AEAD_AES_128_GCM comes
// first, which is the cheaper profile.
package main

import (
	"flag"
	"log"
	"net"
	"net/http"

	"github.com/pion/dtls/v2"
	"github.com/pion/interceptor"
	"github.com/pion/sdp/v3"
	"github.com/pion/webrtc/v3"
)

func main() {
	web := flag.String("http", "127.0.0.1:8081", "where to take offers")
	media := flag.String("udp", "127.0.0.1:5004", "where to take media")
	flag.Parse()
	api, err := newAPI(*media)
	if err != nil {
		log.Fatal(err)
	}
	rooms := &rooms{publishers: map[string]*publisher{}, sessions: map[string]func(){}}
	server := &server{api: api, rooms: rooms}
	http.HandleFunc("/publish", server.publish)
	http.HandleFunc("/subscribe", server.subscribe)
	http.HandleFunc("/sessions/", server.leave)
	log.Fatal(http.ListenAndServe(*web, nil))
}

func newAPI(media string) (*webrtc.API, error) {
	address, err := net.ResolveUDPAddr("udp4", media)
	if err != nil {
		return nil, err
	}
	socket, err := net.ListenUDP("udp4", address)
	if err != nil {
		return nil, err
	}
	// As much as Linux permits, as for every server of a comparison.
	for _, set := range []func(int) error{socket.SetReadBuffer, socket.SetWriteBuffer} {
		if err := set(4 << 20); err != nil {
			return nil, err
		}
	}
	settings := webrtc.SettingEngine{}
	settings.SetLite(true)
	settings.SetNetworkTypes([]webrtc.NetworkType{webrtc.NetworkTypeUDP4})
	settings.SetIncludeLoopbackCandidate(true)
	settings.SetICEUDPMux(webrtc.NewICEUDPMux(nil, socket))
	settings.SetSRTPProtectionProfiles(dtls.SRTP_AEAD_AES_128_GCM, dtls.SRTP_AES128_CM_HMAC_SHA1_80)
	if err := settings.SetAnsweringDTLSRole(webrtc.DTLSRoleServer); err != nil {
		return nil, err
	}
	engine, registry, err := engines()
	if err != nil {
		return nil, err
	}
	return webrtc.NewAPI(
		webrtc.WithSettingEngine(settings),
		webrtc.WithMediaEngine(engine),
		webrtc.WithInterceptorRegistry(registry),
	), nil
}

func engines() (*webrtc.MediaEngine, *interceptor.Registry, error) {
	engine, registry := &webrtc.MediaEngine{}, &interceptor.Registry{}
	if err := engine.RegisterDefaultCodecs(); err != nil {
		return nil, nil, err
	}
	// By these the encodings of a simulcast are told apart.
	for _, uri := range []string{sdp.SDESMidURI, sdp.SDESRTPStreamIDURI, sdesRepairRTPStreamIDURI} {
		extension := webrtc.RTPHeaderExtensionCapability{URI: uri}
		if err := engine.RegisterHeaderExtension(extension, webrtc.RTPCodecTypeVideo); err != nil {
			return nil, nil, err
		}
	}
	return engine, registry, webrtc.RegisterDefaultInterceptors(engine, registry)
}

const sdesRepairRTPStreamIDURI = "urn:ietf:params:rtp-hdrext:sdes:repaired-rtp-stream-id"
