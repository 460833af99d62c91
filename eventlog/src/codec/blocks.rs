//! Streams of blocks that each say how long they are: what lz4, snappy and lzf have in common.

use super::{OUTPUT, Sink};

/// The most bytes that a block may have, compressed or not. lz4-java writes up to 32 MiB, the others less.
pub(super) const LARGEST: usize = 64 << 20;

/// A framing of blocks.
pub(crate) trait Framing: Default {
    /// Its name, for messages.
    const NAME: &'static str;

    /// Reads the block that `input` begins with, appends its plain bytes to `output`, and tells how many bytes it took. None where the block
    /// goes on behind `input`.
    fn block(&mut self, input: &[u8], output: &mut Vec<u8>) -> Result<Option<usize>, Damage>;
}

/// What is wrong with a block, in a few words.
pub(crate) type Damage = &'static str;

/// A decoder of blocks that is fed in pieces.
#[derive(Default)]
pub(crate) struct Blocks<F> {
    framing: F,
    /// The bytes of a block that is not complete yet.
    pending: Vec<u8>,
    output: Vec<u8>,
    /// Bytes of the stream in front of `pending`.
    position: u64,
    damage: Option<String>,
}

impl<F: Framing> Blocks<F> {
    pub(super) fn push<E>(&mut self, bytes: &[u8], sink: Sink<'_, E>) -> Result<(), E> {
        if self.damage.is_some() {
            return Ok(());
        }
        self.pending.extend_from_slice(bytes);
        let mut at = 0;
        loop {
            let rest = &self.pending[at..];
            let outcome =
                if rest.is_empty() { Ok(None) } else { self.framing.block(rest, &mut self.output) };
            match outcome {
                Ok(Some(taken)) => at += taken,
                Ok(None) => break,
                Err(damage) => {
                    let position = self.position + at as u64;
                    self.damage = Some(format!(
                        "the {} stream is damaged at byte {position} ({damage})",
                        F::NAME
                    ));
                    break;
                }
            }
            if self.output.len() >= OUTPUT {
                sink(&self.output)?;
                self.output.clear();
            }
        }
        if !self.output.is_empty() {
            sink(&self.output)?;
            self.output.clear();
        }
        self.position += at as u64;
        self.pending.drain(..at);
        if self.damage.is_some() {
            self.pending = Vec::new();
        }
        Ok(())
    }

    /// What is wrong with the stream, or its end.
    pub(super) fn state(&self) -> Option<String> {
        let open = !self.pending.is_empty();
        self.damage.clone().or_else(|| open.then(|| format!("the last {} block is cut", F::NAME)))
    }
}

/// Four bytes at `at`, little endian.
pub(super) fn little_endian(bytes: &[u8], at: usize) -> Option<u32> {
    Some(u32::from_le_bytes(bytes.get(at..at + 4)?.try_into().ok()?))
}

/// Four bytes at `at`, big endian.
pub(super) fn big_endian(bytes: &[u8], at: usize) -> Option<u32> {
    Some(u32::from_be_bytes(bytes.get(at..at + 4)?.try_into().ok()?))
}
