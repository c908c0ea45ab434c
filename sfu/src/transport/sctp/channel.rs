//! The open data channels of one client, and what each has under way.
//!
//! Owns: label ↔ stream, and the account of bytes and messages that the client has not acknowledged. Never
//! does: send.

use std::collections::VecDeque;

/// All channels of one client: few, so a list does.
#[derive(Debug, Default)]
pub(super) struct Channels(Vec<Channel>);

#[derive(Debug)]
struct Channel {
    stream: u16,
    label: String,
    /// The messages under way, in bytes, oldest first.
    messages: VecDeque<usize>,
    /// The part of the oldest that has been acknowledged, in bytes.
    released: usize,
}

impl Channels {
    /// Opens one, unless there are too many, or the label or the stream is taken: a label names one channel.
    pub(super) fn open(&mut self, stream: u16, label: &str) -> bool {
        let taken = self
            .0
            .iter()
            .any(|channel| channel.stream == stream || channel.label == label);
        if taken || self.0.len() == MAX_CHANNELS {
            return false;
        }
        self.0.push(Channel {
            stream,
            label: label.to_owned(),
            messages: VecDeque::new(),
            released: 0,
        });
        true
    }

    /// Closes one and gives its label.
    pub(super) fn close(&mut self, stream: u16) -> Option<String> {
        let at = self.0.iter().position(|channel| channel.stream == stream)?;
        Some(self.0.remove(at).label)
    }

    /// The label of an open channel.
    pub(super) fn label(&self, stream: u16) -> Option<&str> {
        let channel = self.0.iter().find(|channel| channel.stream == stream)?;
        Some(&channel.label)
    }

    /// The stream of an open channel.
    pub(super) fn stream(&self, label: &str) -> Option<u16> {
        let channel = self.0.iter().find(|channel| channel.label == label)?;
        Some(channel.stream)
    }

    /// Whether another message fits, on whichever channel: the buffer is the client's, not the channel's.
    pub(super) fn has_room(&self, bytes: usize) -> bool {
        let under_way: usize = self.0.iter().map(Channel::bytes).sum();
        let messages: usize = self.0.iter().map(|channel| channel.messages.len()).sum();
        under_way + bytes <= SEND_BUFFER_BYTES && messages < MAX_MESSAGES
    }

    /// A message is under way.
    pub(super) fn handle_sent(&mut self, stream: u16, bytes: usize) {
        if let Some(channel) = self.0.iter_mut().find(|channel| channel.stream == stream) {
            channel.messages.push_back(bytes);
        }
    }

    /// So many bytes of a channel are acknowledged, or given up.
    pub(super) fn handle_released(&mut self, stream: u16, bytes: usize) {
        if let Some(channel) = self.0.iter_mut().find(|channel| channel.stream == stream) {
            channel.release(bytes);
        }
    }
}

impl Channel {
    fn bytes(&self) -> usize {
        self.messages.iter().sum::<usize>().saturating_sub(self.released)
    }

    fn release(&mut self, bytes: usize) {
        self.released += bytes;
        while let Some(&oldest) = self.messages.front()
            && oldest <= self.released
        {
            self.messages.pop_front();
            self.released -= oldest;
        }
    }
}

/// Channels of one client. A room's chat, state and files need a handful.
const MAX_CHANNELS: usize = 16;

/// Bytes under way to one client: the receive window that browsers advertise is larger, so this is what a
/// slow client costs us at most.
const SEND_BUFFER_BYTES: usize = 256 << 10;

/// Messages under way to one client: the smallest cost far more than their bytes.
const MAX_MESSAGES: usize = 1024;

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_label_and_a_stream_name_one_channel() {
        let mut channels = Channels::default();
        assert!(channels.open(0, "chat"));
        assert!(!channels.open(2, "chat"));
        assert!(!channels.open(0, "files"));
        assert_eq!(
            (channels.stream("chat"), channels.label(0)),
            (Some(0), Some("chat"))
        );
        assert_eq!(channels.close(0), Some("chat".to_owned()));
        assert!(channels.open(2, "chat"), "closed, it may be opened again");
    }

    #[test]
    fn there_are_sixteen_at_most() {
        let mut channels = Channels::default();
        let opened = (0..100)
            .filter(|&stream| channels.open(stream, &stream.to_string()))
            .count();
        assert_eq!(opened, MAX_CHANNELS);
    }

    #[test]
    fn the_buffer_is_full_of_bytes_or_of_messages_until_they_are_acknowledged() {
        let mut channels = Channels::default();
        channels.open(0, "one");
        channels.open(2, "other");
        channels.handle_sent(0, SEND_BUFFER_BYTES - 10);
        assert!(channels.has_room(10) && !channels.has_room(11));
        channels.handle_released(0, 1);
        assert!(channels.has_room(11));
        channels.handle_released(0, SEND_BUFFER_BYTES - 11);
        (0..MAX_MESSAGES).for_each(|_| channels.handle_sent(2, 1));
        assert!(!channels.has_room(1));
        channels.handle_released(2, 1);
        assert!(channels.has_room(1));
    }
}
