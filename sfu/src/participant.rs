//! One member of a room: a transport, what it sends us and what we send it.
//!
//! Owns: the transport, the sources it publishes from, its subscriptions, and the RTCP that concerns only
//! the two of us. Never does: know another participant; the room does.

use std::time::{Duration, Instant};

use rustc_hash::FxHashMap;

use crate::codec::MediaKind;
use crate::command::Message;
use crate::congestion::ArrivalLog;
use crate::drop::Drop;
use crate::id::{ParticipantId, Ssrc, SubscriptionId, TrackId};
use crate::messages::MessageBudget;
use crate::output::Output;
use crate::parameters::{ExtensionKind, PublicationParameters, SubscriptionParameters};
use crate::publication::arrival::{Arrival, EncodingIndex};
use crate::publication::source::Sources;
use crate::room::Track;
use crate::rtp::ClockMap;
use crate::rtp::rtcp::ReportBlock;
use crate::subscription::Subscription;
use crate::transport::Transport;

/// One member of a room.
pub(crate) struct Participant {
    pub(crate) id: ParticipantId,
    pub(crate) transport: Transport,
    pub(crate) sources: Sources,
    pub(crate) arrivals: ArrivalLog,
    /// The stream that feedback on the whole transport names: any that the publisher sends.
    pub(crate) heard: Ssrc,
    pub(crate) publications: Vec<TrackId>,
    places: FxHashMap<SubscriptionId, Place>,
    /// Which place sends with this SSRC; retransmissions have a second one.
    outbound: FxHashMap<Ssrc, SubscriptionId>,
    /// Names us in the RTCP that we write.
    ssrc: Ssrc,
    /// It is on the list of those that want to be drained.
    touched: bool,
    /// Nothing has touched it since it was settled.
    settled: bool,
    messages: MessageBudget,
}

/// A subscription and what its transport has to know of it.
struct Place {
    subscription: Subscription,
    /// Its packets count in the transport-wide numbers.
    counted: bool,
}

impl Participant {
    pub(crate) fn new(id: ParticipantId, transport: Transport, ssrc: Ssrc) -> Self {
        Self {
            id,
            transport,
            sources: Sources::default(),
            arrivals: ArrivalLog::default(),
            heard: Ssrc(0),
            publications: Vec::new(),
            places: FxHashMap::default(),
            outbound: FxHashMap::default(),
            ssrc,
            touched: false,
            settled: false,
            messages: MessageBudget::of_participant(),
        }
    }

    /// Puts itself on the list of those that want to be drained, once a turn.
    #[inline]
    pub(crate) fn touch(&mut self, output: &mut Output) {
        self.settled = false;
        if !self.touched {
            self.touched = true;
            output.touched.push(self.id);
        }
    }

    /// Whether it has been settled since it was last touched.
    pub(crate) fn is_settled(&self) -> bool {
        self.settled
    }

    /// It has been settled: what it has to send can be drained run by run.
    pub(crate) fn mark_settled(&mut self) {
        self.settled = true;
    }

    /// It has been drained.
    pub(crate) fn untouch(&mut self) {
        self.touched = false;
    }

    /// May this message of its go on?
    pub(crate) fn admit_message(&mut self, now: Instant, message: &Message) -> Result<(), Drop> {
        self.messages.spend(now, message)
    }

    /// Takes note of what a new publication will look like on the wire.
    pub(crate) fn publish(&mut self, track: TrackId, parameters: &PublicationParameters) {
        self.sources.declare(track, parameters);
        self.publications.push(track);
    }

    pub(crate) fn unpublish(&mut self, track: TrackId) {
        self.sources.remove(track);
        self.publications.retain(|&other| other != track);
    }

    pub(crate) fn subscribe(
        &mut self,
        id: SubscriptionId,
        parameters: SubscriptionParameters,
        first: (u16, u32),
    ) {
        self.outbound.insert(parameters.ssrc, id);
        if let Some(rtx) = parameters.rtx_ssrc {
            self.outbound.insert(rtx, id);
        }
        let extensions = &parameters.media.extensions;
        let counted = extensions
            .iter()
            .any(|extension| extension.kind == ExtensionKind::TransportCc);
        let (sequence, timestamp) = first;
        let subscription = Subscription::new(id, parameters, sequence, timestamp);
        self.places.insert(
            id,
            Place {
                subscription,
                counted,
            },
        );
    }

    pub(crate) fn unsubscribe(&mut self, id: SubscriptionId) {
        self.places.remove(&id);
        self.outbound.retain(|_, &mut other| other != id);
    }

    /// The places that it has.
    pub(crate) fn subscriptions(&self) -> impl Iterator<Item = SubscriptionId> + '_ {
        self.places.keys().copied()
    }

    pub(crate) fn subscription_mut(&mut self, id: SubscriptionId) -> Option<&mut Subscription> {
        self.places.get_mut(&id).map(|place| &mut place.subscription)
    }

    /// What a place shows of which a subscriber speaks by its SSRC.
    pub(crate) fn showing(&self, ssrc: Ssrc) -> Option<(TrackId, EncodingIndex)> {
        self.places.get(self.outbound.get(&ssrc)?)?.subscription.current()
    }

    /// A subscriber told how a stream of ours arrives; returns the round trip if that tells it.
    pub(crate) fn handle_report(&mut self, now: Instant, block: &ReportBlock) -> Option<Duration> {
        self.sending(block.ssrc)?.subscription.handle_report(now, block)
    }

    /// The place that sends its media with this SSRC; what is said of a retransmission stream is not said
    /// of the media.
    fn sending(&mut self, media: Ssrc) -> Option<&mut Place> {
        let place = self.places.get_mut(self.outbound.get(&media)?);
        place.filter(|place| place.subscription.ssrc() == media)
    }

    /// The key frames that its places wait for, if they are to be asked for now.
    pub(crate) fn poll_keyframe_requests(
        &mut self,
        now: Instant,
        wanted: &mut Vec<(TrackId, EncodingIndex)>,
    ) {
        // Before there are keys a key frame would come too early to be of use.
        if self.transport.is_connected() {
            let places = self.places.values_mut();
            wanted.extend(places.filter_map(|place| place.subscription.poll_keyframe_request(now)));
        }
    }

    /// Sends one packet to one of its places.
    #[inline]
    pub(crate) fn forward(
        &mut self,
        now: Instant,
        id: SubscriptionId,
        arrival: &Arrival<'_>,
        clock: &ClockMap,
    ) -> Result<(), Drop> {
        let place = self.places.get_mut(&id).ok_or(Drop::NotSelected)?;
        let video = place.subscription.kind() == MediaKind::Video;
        let mut egress = self.transport.egress()?.counted(place.counted).padded(video);
        place.subscription.forward(now, arrival, clock, &mut egress)
    }

    /// Answers one number of a NACK.
    pub(crate) fn retransmit(
        &mut self,
        now: Instant,
        media: Ssrc,
        lost: u16,
        tracks: &FxHashMap<TrackId, Track>,
    ) -> Result<(), Drop> {
        let id = self.outbound.get(&media).ok_or(Drop::UnknownSource)?;
        let place = self.places.get_mut(id);
        let place = place.filter(|place| place.subscription.ssrc() == media);
        let place = place.ok_or(Drop::UnknownSource)?;
        let mut egress = self.transport.egress()?.counted(place.counted);
        let cached = |track, encoding, sequence| {
            tracks
                .get(&track)
                .and_then(|track| track.publication.cached(now, encoding, sequence))
        };
        place.subscription.handle_nack(now, lost, cached, &mut egress)
    }

    /// Writes the RTCP that has fallen due: about what it publishes, and about what we send it.
    pub(crate) fn write_rtcp(
        &mut self,
        now: Instant,
        tracks: &mut FxHashMap<TrackId, Track>,
        output: &mut Output,
    ) {
        let Ok(mut egress) = self.transport.egress() else {
            return;
        };
        for track in &self.publications {
            let Some(track) = tracks.get_mut(track) else {
                continue;
            };
            let sent = egress.send_each(|out| track.publication.poll_rtcp(now, self.ssrc, out));
            output.settle(sent);
            let requests = track.publication.take_requests();
            output.stats.outbound_nacks += requests.nacks;
            output.stats.outbound_keyframe_requests += requests.keyframes;
        }
        let sent = egress.send_each(|out| self.arrivals.poll_feedback(now, out, self.ssrc, self.heard));
        output.settle(sent);
        for place in self.places.values_mut() {
            let sent = place.subscription.poll_rtcp(now, &mut egress);
            output.settle(sent);
        }
    }

    /// When something of this participant falls due.
    pub(crate) fn poll_timeout(&self, now: Instant, tracks: &FxHashMap<TrackId, Track>) -> Option<Instant> {
        let transport = self.transport.poll_timeout();
        if !self.transport.is_connected() {
            // Reports and requests wait for the keys.
            return transport;
        }
        let publications = self.publications.iter();
        let publications = publications.filter_map(|track| tracks.get(track)?.publication.poll_timeout());
        let places = self
            .places
            .values()
            .filter_map(|place| place.subscription.poll_timeout(now));
        let own = [transport, self.arrivals.poll_timeout()];
        own.into_iter().flatten().chain(publications).chain(places).min()
    }
}
