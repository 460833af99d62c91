//! The stream of compress-lzf's `LZFOutputStream`. Its blocks are LZF, which has no kept decoder: its format is one page.

use super::blocks::{Damage, Framing};

const RAW: u8 = 0;
const COMPRESSED: u8 = 1;

#[derive(Default)]
pub(crate) struct Lzf;

impl Framing for Lzf {
    const NAME: &'static str = "lzf";

    /// `ZV`, the kind, the length in the stream and, where compressed, the plain length, both of 16 bits (`LZFChunk`).
    fn block(&mut self, input: &[u8], output: &mut Vec<u8>) -> Result<Option<usize>, Damage> {
        if !input.starts_with(&b"ZV"[..input.len().min(2)]) {
            return Err("a block does not begin with ZV");
        }
        let length = |at: usize| {
            Some(usize::from(u16::from_be_bytes(input.get(at..at + 2)?.try_into().ok()?)))
        };
        let (Some(&kind), Some(stored)) = (input.get(2), length(3)) else { return Ok(None) };
        match kind {
            RAW => {
                let Some(bytes) = input.get(5..5 + stored) else { return Ok(None) };
                output.extend_from_slice(bytes);
                Ok(Some(5 + stored))
            }
            COMPRESSED => {
                let (Some(plain), Some(bytes)) = (length(5), input.get(7..7 + stored)) else {
                    return Ok(None);
                };
                let start = output.len();
                if decompress(bytes, output, start + plain).is_none() {
                    output.truncate(start);
                    return Err("a block does not decompress");
                }
                Ok(Some(7 + stored))
            }
            _ => Err("a block is of an unknown kind"),
        }
    }
}

/// Appends what `input` stands for to `output`, which must end up `end` bytes long.
fn decompress(input: &[u8], output: &mut Vec<u8>, end: usize) -> Option<()> {
    let start = output.len();
    let mut bytes = input.iter().copied();
    while let Some(control) = bytes.next() {
        let control = usize::from(control);
        if control < 32 {
            for _ in 0..=control {
                output.push(bytes.next()?);
            }
        } else {
            let mut length = control >> 5;
            if length == 7 {
                length += usize::from(bytes.next()?);
            }
            let distance = ((control & 0x1f) << 8 | usize::from(bytes.next()?)) + 1;
            let from = output.len().checked_sub(distance).filter(|from| *from >= start)?;
            // The copy may run into what it writes.
            for at in from..from + length + 2 {
                output.push(output[at]);
            }
        }
        if output.len() > end {
            return None;
        }
    }
    (output.len() == end).then_some(())
}
