//! An egress that keeps what it is given.

use std::time::Instant;

use crate::drop::Drop;
use crate::id::Ssrc;
use crate::rtp::header::Header;
use crate::rtp::time::AbsSendTime;
use crate::transport::egress::{Egress, Stamp};

#[derive(Debug)]
pub(crate) struct Recording {
    pub(crate) connected: bool,
    pub(crate) full: bool,
    pub(crate) sent: Vec<Sent>,
    pub(crate) resent: Vec<Vec<u8>>,
    pub(crate) rtcp: Vec<Vec<u8>>,
}

#[derive(Clone, Debug)]
pub(crate) struct Sent {
    pub(crate) ssrc: Ssrc,
    pub(crate) index: u64,
    pub(crate) bytes: Vec<u8>,
}

impl Sent {
    pub(crate) fn header(&self) -> Header {
        Header::parse(&self.bytes).unwrap()
    }

    pub(crate) fn payload(&self) -> &[u8] {
        self.header().payload(&self.bytes).unwrap()
    }
}

impl Default for Recording {
    fn default() -> Self {
        Self {
            connected: true,
            full: false,
            sent: Vec::new(),
            resent: Vec::new(),
            rtcp: Vec::new(),
        }
    }
}

impl Recording {
    pub(crate) fn last(&self) -> &Sent {
        self.sent.last().unwrap()
    }

    fn stamp(&self) -> Stamp {
        Stamp {
            transport_sequence: Some(self.sent.len() as u16),
            abs_send_time: AbsSendTime(77),
        }
    }
}

impl Egress for Recording {
    fn is_connected(&self) -> bool {
        self.connected
    }

    fn send(
        &mut self,
        _: Instant,
        ssrc: Ssrc,
        index: u64,
        write: &mut dyn FnMut(&mut Vec<u8>, &Stamp) -> usize,
    ) -> Result<&[u8], Drop> {
        if self.full {
            return Err(Drop::OutboxFull);
        }
        let stamp = self.stamp();
        // The buffer is never empty in earnest: a packet is appended to those before it.
        let mut bytes = vec![0xee; 5];
        let header_len = write(&mut bytes, &stamp);
        let bytes = bytes.split_off(5);
        assert_eq!(Header::parse(&bytes).unwrap().len, header_len);
        assert_eq!(Header::parse(&bytes).unwrap().sequence, index as u16);
        assert!(
            self.sent
                .iter()
                .all(|sent| (sent.ssrc, sent.index) != (ssrc, index)),
            "index {index} of {ssrc} sealed twice"
        );
        self.sent.push(Sent { ssrc, index, bytes });
        Ok(&self.last().bytes)
    }

    fn resend(&mut self, _: Instant, sealed: &[u8]) -> Result<(), Drop> {
        self.resent.push(sealed.to_vec());
        Ok(())
    }

    fn send_rtcp(&mut self, _: Instant, write: &mut dyn FnMut(&mut Vec<u8>)) -> Result<(), Drop> {
        let mut bytes = Vec::new();
        write(&mut bytes);
        self.rtcp.push(bytes);
        Ok(())
    }
}
