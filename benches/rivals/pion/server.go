package main

import (
	"fmt"
	"io"
	"net/http"
	"strings"

	"github.com/pion/rtcp"
	"github.com/pion/webrtc/v3"
)

// What it answers over HTTP.
type server struct {
	api   *webrtc.API
	rooms *rooms
}

// POST /publish?room=…&identity=…&rid=…: an offer with media to send. Of a simulcast only the encoding `rid` is
// forwarded.
func (s *server) publish(w http.ResponseWriter, r *http.Request) {
	peer, offer, err := s.begin(r)
	if err != nil {
		refuse(w, err)
		return
	}
	query := r.URL.Query()
	key, rid := publisherKey(query.Get("room"), query.Get("identity")), query.Get("rid")
	publisher := &publisher{}
	peer.OnTrack(func(remote *webrtc.TrackRemote, _ *webrtc.RTPReceiver) {
		if remote.RID() != "" && remote.RID() != rid {
			discard(remote)
			return
		}
		s.rooms.forward(publisher, peer, remote)
	})
	s.finish(w, peer, offer, func() { s.rooms.remove(key, publisher) })
	s.rooms.add(key, publisher)
}

// POST /subscribe?room=…&from=a,b: an offer with as many places as those publish tracks.
func (s *server) subscribe(w http.ResponseWriter, r *http.Request) {
	peer, offer, err := s.begin(r)
	if err != nil {
		refuse(w, err)
		return
	}
	query := r.URL.Query()
	from := strings.Split(query.Get("from"), ",")
	tracks, err := s.rooms.await(query.Get("room"), from, strings.Count(offer.SDP, "\nm="))
	if err == nil {
		err = addTracks(peer, tracks)
	}
	if err != nil {
		_ = peer.Close()
		refuse(w, err)
		return
	}
	s.finish(w, peer, offer, func() {})
}

// DELETE /sessions/…
func (s *server) leave(w http.ResponseWriter, r *http.Request) {
	if r.Method != http.MethodDelete || !s.rooms.end(r.URL.Path) {
		http.NotFound(w, r)
	}
}

func (s *server) begin(r *http.Request) (*webrtc.PeerConnection, webrtc.SessionDescription, error) {
	offer := webrtc.SessionDescription{Type: webrtc.SDPTypeOffer}
	if r.Method != http.MethodPost {
		return nil, offer, fmt.Errorf("an offer is posted")
	}
	body, err := io.ReadAll(io.LimitReader(r.Body, 256<<10))
	if err != nil {
		return nil, offer, err
	}
	offer.SDP = string(body)
	peer, err := s.api.NewPeerConnection(webrtc.Configuration{})
	return peer, offer, err
}

// Answers with all candidates in it.
func (s *server) finish(w http.ResponseWriter, peer *webrtc.PeerConnection, offer webrtc.SessionDescription, gone func()) {
	answer, err := answerTo(peer, offer)
	if err != nil {
		_ = peer.Close()
		refuse(w, err)
		return
	}
	path := s.rooms.begin(func() {
		gone()
		_ = peer.Close()
	})
	peer.OnConnectionStateChange(func(state webrtc.PeerConnectionState) {
		if state == webrtc.PeerConnectionStateFailed {
			s.rooms.end(path)
		}
	})
	w.Header().Set("Content-Type", "application/sdp")
	w.Header().Set("Location", path)
	w.WriteHeader(http.StatusCreated)
	_, _ = io.WriteString(w, answer)
}

func answerTo(peer *webrtc.PeerConnection, offer webrtc.SessionDescription) (string, error) {
	if err := peer.SetRemoteDescription(offer); err != nil {
		return "", err
	}
	answer, err := peer.CreateAnswer(nil)
	if err != nil {
		return "", err
	}
	gathered := webrtc.GatheringCompletePromise(peer)
	if err := peer.SetLocalDescription(answer); err != nil {
		return "", err
	}
	<-gathered
	return peer.LocalDescription().SDP, nil
}

func addTracks(peer *webrtc.PeerConnection, tracks []*track) error {
	for _, track := range tracks {
		sender, err := peer.AddTrack(track.local)
		if err != nil {
			return err
		}
		go passKeyframeRequests(sender, track)
	}
	return nil
}

// Reads until the subscriber is gone; the interceptors work while somebody reads.
func passKeyframeRequests(sender *webrtc.RTPSender, track *track) {
	for {
		packets, _, err := sender.ReadRTCP()
		if err != nil {
			return
		}
		for _, packet := range packets {
			switch packet.(type) {
			case *rtcp.PictureLossIndication, *rtcp.FullIntraRequest:
				track.requestKeyframe()
			}
		}
	}
}

func refuse(w http.ResponseWriter, err error) {
	http.Error(w, err.Error(), http.StatusConflict)
}
