//! gzip (RFC 1952): any number of members.

use flate2::{Crc, Decompress, FlushDecompress, Status};

use super::{OUTPUT, Sink};

/// Magic, method, flags, time, extra flags, system.
const HEADER: usize = 10;

/// Checksum and length.
const TRAILER: usize = 8;

/// Longest header with its texts.
const LONGEST_HEADER: usize = 256 << 10;

/// A gzip decoder that is fed in pieces.
pub(crate) struct Gzip {
    inflate: Decompress,
    checksum: Crc,
    within: Within,
    /// The bytes of a header or trailer that is not complete yet.
    pending: Vec<u8>,
    output: Vec<u8>,
    position: u64,
    damage: Option<String>,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Within {
    Header,
    Body,
    Trailer,
}

impl Default for Gzip {
    fn default() -> Self {
        Self {
            inflate: Decompress::new(false),
            checksum: Crc::new(),
            within: Within::Header,
            pending: Vec::new(),
            output: vec![0; OUTPUT],
            position: 0,
            damage: None,
        }
    }
}

impl Gzip {
    pub(super) fn push<E>(&mut self, mut bytes: &[u8], sink: Sink<'_, E>) -> Result<(), E> {
        while self.damage.is_none() && !bytes.is_empty() {
            let taken = match self.within {
                Within::Header | Within::Trailer => {
                    self.pending.push(bytes[0]);
                    self.frame();
                    1
                }
                Within::Body => self.body(bytes, sink)?,
            };
            self.position += taken as u64;
            bytes = &bytes[taken..];
        }
        Ok(())
    }

    /// Inflates, and tells how many bytes that took.
    fn body<E>(&mut self, bytes: &[u8], sink: Sink<'_, E>) -> Result<usize, E> {
        let (read, written) = (self.inflate.total_in(), self.inflate.total_out());
        let status = self.inflate.decompress(bytes, &mut self.output, FlushDecompress::None);
        let taken = usize::try_from(self.inflate.total_in() - read).unwrap_or(bytes.len());
        let made = usize::try_from(self.inflate.total_out() - written).unwrap_or(0);
        match status {
            Ok(Status::StreamEnd) => self.within = Within::Trailer,
            Ok(_) if taken > 0 || made > 0 => {}
            Ok(_) => self.damaged("it makes no progress"),
            Err(_) => self.damaged("a block does not inflate"),
        }
        let made = &self.output[..made];
        self.checksum.update(made);
        if !made.is_empty() {
            sink(made)?;
        }
        Ok(taken)
    }

    /// Looks at what was read of a header or trailer.
    fn frame(&mut self) {
        let bytes = self.pending.as_slice();
        if self.within == Within::Trailer {
            if let Some(sum) = bytes.first_chunk::<4>().filter(|_| bytes.len() == TRAILER) {
                if u32::from_le_bytes(*sum) != self.checksum.sum() {
                    return self.damaged("a checksum does not match");
                }
                self.pending.clear();
                self.within = Within::Header;
            }
            return;
        }
        if bytes.len() > LONGEST_HEADER
            || !bytes.starts_with(&[0x1f, 0x8b, 8][..bytes.len().min(3)])
        {
            self.damaged("a member has no header");
        } else if header_is_whole(bytes) {
            self.pending.clear();
            self.inflate.reset(false);
            self.checksum.reset();
            self.within = Within::Body;
        }
    }

    fn damaged(&mut self, why: &str) {
        let position = self.position;
        self.damage = Some(format!("the gzip stream is damaged at byte {position} ({why})"));
    }

    /// What is wrong with the stream, or its end.
    pub(super) fn state(&self) -> Option<String> {
        let open = self.within != Within::Header || !self.pending.is_empty();
        self.damage.clone().or_else(|| open.then(|| "the gzip stream is cut".to_owned()))
    }
}

/// Whether a header with what its flags announce is complete.
fn header_is_whole(bytes: &[u8]) -> bool {
    let Some(&flags) = bytes.get(3) else { return false };
    let mut at = HEADER;
    if flags & 4 != 0 {
        let Some(length) = bytes.get(at..at + 2) else { return false };
        at += 2 + usize::from(u16::from_le_bytes([length[0], length[1]]));
    }
    for flag in [8, 16] {
        if flags & flag != 0 {
            let Some(end) = bytes.get(at..).and_then(|text| memchr::memchr(0, text)) else {
                return false;
            };
            at += end + 1;
        }
    }
    at += if flags & 2 != 0 { 2 } else { 0 };
    bytes.len() >= at
}
