//! Packet status chunks: sixteen bits that tell the fate of up to 8191 packets (draft §3.1.1 – §3.1.4).
//!
//! Owns: reading them as runs and choosing a kind when writing. Never does: know sequence numbers or times.

/// What became of one packet.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Symbol {
    /// "Packet not received".
    Lost = 0,
    /// "Packet received, small delta": one byte.
    Small = 1,
    /// "Packet received, large or negative delta": two bytes.
    Large = 2,
}

impl Symbol {
    /// The fourth value is reserved, and with it the length of its delta.
    fn from_bits(bits: u16) -> Option<Self> {
        match bits & 3 {
            0 => Some(Self::Lost),
            1 => Some(Self::Small),
            2 => Some(Self::Large),
            _ => None,
        }
    }

    /// Which one a delta, in ticks, takes.
    pub(super) fn of(delta: i64) -> Self {
        if (0..=255).contains(&delta) {
            Self::Small
        } else {
            Self::Large
        }
    }

    pub(super) const fn delta_bytes(self) -> usize {
        self as usize
    }
}

/// Reads chunks as runs of equal symbols, `None` for the reserved one, until all packets are told of.
#[derive(Clone, Debug)]
pub(super) struct SymbolRuns<'a> {
    chunks: &'a [u8],
    /// Packets of which no run was given yet.
    remaining: u16,
    /// A vector in reading, its next symbol uppermost.
    vector: u16,
    /// Symbols left in it.
    symbols: u16,
    two_bits: bool,
}

impl<'a> SymbolRuns<'a> {
    pub(super) const fn new(chunks: &'a [u8], status_count: u16) -> Self {
        Self {
            chunks,
            remaining: status_count,
            vector: 0,
            symbols: 0,
            two_bits: false,
        }
    }

    /// The bytes after the last chunk read.
    pub(super) const fn unread(&self) -> &'a [u8] {
        self.chunks
    }

    /// Every packet was told of.
    pub(super) const fn is_complete(&self) -> bool {
        self.remaining == 0
    }

    fn take_from_vector(&mut self) -> Option<Symbol> {
        self.symbols -= 1;
        let bits = if self.two_bits {
            self.vector >> 14
        } else {
            self.vector >> 15
        };
        self.vector <<= if self.two_bits { 2 } else { 1 };
        Symbol::from_bits(bits)
    }
}

impl Iterator for SymbolRuns<'_> {
    type Item = (Option<Symbol>, u16);

    fn next(&mut self) -> Option<Self::Item> {
        if self.remaining == 0 {
            return None;
        }
        if self.symbols == 0 {
            let (&chunk, rest) = self.chunks.split_first_chunk()?;
            self.chunks = rest;
            let chunk = u16::from_be_bytes(chunk);
            if chunk & VECTOR_BIT == 0 {
                let count = (chunk & MAX_RUN).min(self.remaining);
                self.remaining -= count;
                return Some((Symbol::from_bits(chunk >> 13), count));
            }
            self.two_bits = chunk & TWO_BITS_BIT != 0;
            self.symbols = if self.two_bits { 7 } else { 14 };
            self.vector = chunk << 2;
        }
        self.remaining -= 1;
        Some((self.take_from_vector(), 1))
    }
}

/// Writes chunks, each taking in as many symbols as its best kind holds.
pub(super) struct ChunkWriter<'a> {
    out: &'a mut Vec<u8>,
    /// The first of the symbols waiting; all of them when they differ, since then they are at most these.
    waiting: [Symbol; 14],
    count: u16,
    uniform: bool,
}

impl<'a> ChunkWriter<'a> {
    pub(super) const fn new(out: &'a mut Vec<u8>) -> Self {
        Self {
            out,
            waiting: [Symbol::Lost; 14],
            count: 0,
            uniform: true,
        }
    }

    pub(super) fn push(&mut self, symbol: Symbol, times: u16) {
        for _ in 0..times {
            if !self.fits(symbol) {
                self.emit(false);
            }
            self.add(symbol);
        }
    }

    pub(super) fn finish(mut self) {
        while self.count > 0 {
            self.emit(true);
        }
    }

    /// Is there a kind of chunk that holds what waits and this one too?
    fn fits(&self, symbol: Symbol) -> bool {
        let run = self.uniform && symbol == self.waiting[0] && self.count < MAX_RUN;
        self.count < 7 || run || (self.count < 14 && symbol != Symbol::Large && !self.has_large())
    }

    fn add(&mut self, symbol: Symbol) {
        self.uniform = self.count == 0 || (self.uniform && symbol == self.waiting[0]);
        if let Some(place) = self.waiting.get_mut(usize::from(self.count)) {
            *place = symbol;
        }
        self.count += 1;
    }

    fn has_large(&self) -> bool {
        self.symbols().contains(&Symbol::Large)
    }

    fn symbols(&self) -> &[Symbol] {
        &self.waiting[..usize::from(self.count).min(14)]
    }

    /// Writes one chunk. Only the last of a message may have places to spare.
    fn emit(&mut self, last: bool) {
        if self.uniform {
            let chunk = (self.waiting[0] as u16) << 13 | self.count;
            self.put(chunk, self.count);
        } else if !self.has_large() && (last || self.count == 14) {
            let vector = self.vector(1, 14);
            self.put(VECTOR_BIT | vector, 14);
        } else {
            let vector = self.vector(2, 7);
            self.put(VECTOR_BIT | TWO_BITS_BIT | vector, 7);
        }
    }

    /// The first symbols, the first one uppermost; places to spare say "lost" and are not counted.
    fn vector(&self, bits: u16, places: usize) -> u16 {
        let symbols = self
            .waiting
            .iter()
            .take(usize::from(self.count))
            .chain([&Symbol::Lost; 14]);
        symbols
            .take(places)
            .fold(0, |vector, &symbol| vector << bits | symbol as u16)
    }

    /// Writes a chunk that told of `told` symbols and moves the others to the front.
    fn put(&mut self, chunk: u16, told: u16) {
        self.out.extend_from_slice(&chunk.to_be_bytes());
        let (waiting, count) = (self.waiting, self.count);
        (self.count, self.uniform) = (0, true);
        for &symbol in waiting.iter().take(usize::from(count)).skip(usize::from(told)) {
            self.add(symbol);
        }
    }
}

/// Draft §3.1.3, §3.1.4: set in a vector, clear in a run.
const VECTOR_BIT: u16 = 0x8000;
/// Draft §3.1.4: symbols of two bits, seven of them; else one bit, fourteen.
const TWO_BITS_BIT: u16 = 0x4000;
/// Draft §3.1.3: thirteen bits of length.
const MAX_RUN: u16 = 0x1fff;

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_run_too_long_for_one_chunk_takes_two() {
        let mut out = Vec::new();
        let mut chunks = ChunkWriter::new(&mut out);
        chunks.push(Symbol::Small, 10_000);
        chunks.finish();
        // 0 01 and thirteen bits: 8191, then 1809
        assert_eq!(out, [0x3f, 0xff, 0x27, 0x11]);
        let runs: Vec<_> = SymbolRuns::new(&out, 10_000).collect();
        assert_eq!(runs, [(Some(Symbol::Small), 8191), (Some(Symbol::Small), 1809)]);
    }
}
