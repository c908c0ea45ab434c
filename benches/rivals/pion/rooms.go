package main

import (
	"fmt"
	"strconv"
	"sync"
	"sync/atomic"
	"time"

	"github.com/pion/rtcp"
	"github.com/pion/rtp"
	"github.com/pion/webrtc/v3"
)

// Who publishes what, and which sessions there are.
type rooms struct {
	lock       sync.Mutex
	publishers map[string]*publisher
	sessions   map[string]func()
	last       int
}

// Somebody's tracks, as far as media has come.
type publisher struct {
	tracks []*track
}

// A track that is forwarded: Pion writes one packet to everybody who is bound to it.
type track struct {
	local     *webrtc.TrackLocalStaticRTP
	from      *webrtc.PeerConnection
	source    webrtc.SSRC
	lastAsked int64
}

func publisherKey(room, identity string) string {
	return room + "\n" + identity
}

func (r *rooms) add(key string, publisher *publisher) {
	r.lock.Lock()
	defer r.lock.Unlock()
	r.publishers[key] = publisher
}

func (r *rooms) remove(key string, publisher *publisher) {
	r.lock.Lock()
	defer r.lock.Unlock()
	if r.publishers[key] == publisher {
		delete(r.publishers, key)
	}
}

// begin returns the path of a new session.
func (r *rooms) begin(end func()) string {
	r.lock.Lock()
	defer r.lock.Unlock()
	r.last++
	path := "/sessions/" + strconv.Itoa(r.last)
	r.sessions[path] = end
	return path
}

func (r *rooms) end(path string) bool {
	r.lock.Lock()
	end, found := r.sessions[path]
	delete(r.sessions, path)
	r.lock.Unlock()
	if found {
		end()
	}
	return found
}

// await returns the tracks of some publishers once there are so many of them. Pion names a track when its first
// packet comes, which may be a moment after its publisher is connected.
func (r *rooms) await(room string, from []string, wanted int) ([]*track, error) {
	for deadline := time.Now().Add(5 * time.Second); ; time.Sleep(10 * time.Millisecond) {
		tracks := r.tracks(room, from)
		if len(tracks) == wanted {
			return tracks, nil
		}
		if time.Now().After(deadline) {
			return nil, fmt.Errorf("%d tracks for %d places", len(tracks), wanted)
		}
	}
}

func (r *rooms) tracks(room string, from []string) []*track {
	r.lock.Lock()
	defer r.lock.Unlock()
	var tracks []*track
	for _, identity := range from {
		if publisher, found := r.publishers[publisherKey(room, identity)]; found {
			tracks = append(tracks, publisher.tracks...)
		}
	}
	return tracks
}

// forward reads a track until its publisher is gone.
func (r *rooms) forward(publisher *publisher, from *webrtc.PeerConnection, remote *webrtc.TrackRemote) {
	local, err := webrtc.NewTrackLocalStaticRTP(remote.Codec().RTPCodecCapability, remote.ID(), remote.StreamID())
	if err != nil {
		return
	}
	r.lock.Lock()
	publisher.tracks = append(publisher.tracks, &track{local: local, from: from, source: remote.SSRC()})
	r.lock.Unlock()
	buffer, packet := make([]byte, 1500), &rtp.Packet{}
	for {
		length, _, err := remote.Read(buffer)
		if err != nil {
			return
		}
		if packet.Unmarshal(buffer[:length]) != nil {
			continue
		}
		// The publisher's mid and transport-wide numbers mean nothing to a subscriber; padding was cut off.
		packet.Header.Extension, packet.Header.Extensions = false, nil
		packet.Header.Padding = false
		// What can't be written to one is written to the others all the same.
		_ = local.WriteRTP(packet)
	}
}

// discard reads an encoding that nobody sees, so that it doesn't fill its buffer.
func discard(remote *webrtc.TrackRemote) {
	for buffer := make([]byte, 1500); ; {
		if _, _, err := remote.Read(buffer); err != nil {
			return
		}
	}
}

// requestKeyframe asks the publisher, twice a second at most however many subscribers ask.
func (t *track) requestKeyframe() {
	now, last := time.Now().UnixNano(), atomic.LoadInt64(&t.lastAsked)
	if now-last < int64(500*time.Millisecond) || !atomic.CompareAndSwapInt64(&t.lastAsked, last, now) {
		return
	}
	request := &rtcp.PictureLossIndication{MediaSSRC: uint32(t.source)}
	_ = t.from.WriteRTCP([]rtcp.Packet{request})
}
