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

/// Bytes that are copied at once, of which some may be too many: what follows is written over them.
const STRIDE: usize = 16;

/// Appends what `input` stands for to `output`, which must end up `end` bytes long.
fn decompress(input: &[u8], output: &mut Vec<u8>, end: usize) -> Option<()> {
    let start = output.len();
    output.resize(end, 0);
    let output = &mut output[start..];
    let (mut at, mut to) = (0, 0);
    while let Some(&control) = input.get(at) {
        at += 1;
        let control = usize::from(control);
        if control < 32 {
            let length = control + 1;
            literal(input.get(at..)?, output.get_mut(to..)?, length)?;
            at += length;
            to += length;
        } else {
            let mut length = (control >> 5) + 2;
            if length == 7 + 2 {
                length += usize::from(*input.get(at)?);
                at += 1;
            }
            let distance = ((control & 0x1f) << 8 | usize::from(*input.get(at)?)) + 1;
            at += 1;
            repeat(output, to, distance, length)?;
            to += length;
        }
    }
    (to == output.len()).then_some(())
}

/// Copies bytes as they stand.
#[inline(always)]
fn literal(input: &[u8], output: &mut [u8], length: usize) -> Option<()> {
    const LONGEST: usize = 32;
    if let (Some(from), Some(to)) =
        (input.first_chunk::<LONGEST>(), output.first_chunk_mut::<LONGEST>())
    {
        *to = *from;
    } else {
        output.get_mut(..length)?.copy_from_slice(input.get(..length)?);
    }
    Some(())
}

/// Copies what stands so far in front of `to`; the copy may run into what it writes.
#[inline(always)]
fn repeat(output: &mut [u8], to: usize, distance: usize, length: usize) -> Option<()> {
    let from = to.checked_sub(distance)?;
    let end = to + length;
    if end > output.len() {
        return None;
    }
    if distance >= STRIDE && end + STRIDE <= output.len() {
        for done in (0..length).step_by(STRIDE) {
            let piece: [u8; STRIDE] = *output.get(from + done..)?.first_chunk()?;
            *output.get_mut(to + done..)?.first_chunk_mut()? = piece;
        }
    } else {
        for at in 0..length {
            output[to + at] = output[from + at];
        }
    }
    Some(())
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    /// What the format says, byte by byte.
    fn plainly(input: &[u8]) -> Option<Vec<u8>> {
        let mut output: Vec<u8> = Vec::new();
        let mut bytes = input.iter().copied().map(usize::from);
        while let Some(control) = bytes.next() {
            if control < 32 {
                for _ in 0..=control {
                    output.push(u8::try_from(bytes.next()?).ok()?);
                }
            } else {
                let mut length = control >> 5;
                if length == 7 {
                    length += bytes.next()?;
                }
                let from = output.len().checked_sub(((control & 0x1f) << 8 | bytes.next()?) + 1)?;
                for at in from..from + length + 2 {
                    output.push(output[at]);
                }
            }
        }
        Some(output)
    }

    /// Blocks that mostly are some: runs of bytes, and repetitions that mostly reach back to what is there.
    fn block() -> impl Strategy<Value = Vec<u8>> {
        let run = prop::collection::vec(any::<u8>(), 1..=32).prop_map(|mut run| {
            run.insert(0, run.len() as u8 - 1);
            run
        });
        let near = (1u8..7, 0u8..60).prop_map(|(length, back)| vec![length << 5, back]);
        let long = (any::<u8>(), 0u8..60).prop_map(|(length, back)| vec![7 << 5, length, back]);
        prop::collection::vec(prop_oneof![2 => run, 1 => near, 1 => long], 1..40)
            .prop_map(|pieces| pieces.concat())
    }

    proptest! {
        #[test]
        fn blocks_are_what_their_bytes_say(block in block(), cut in any::<prop::sample::Index>(), end in 0usize..9) {
            for input in [&block[..], &block[..cut.index(block.len())]] {
                let expected = plainly(input);
                let length = expected.as_ref().map_or(40, Vec::len);
                let mut output = b"before".to_vec();
                let done = decompress(input, &mut output, 6 + length);
                prop_assert_eq!(done.map(|()| output[6..].to_vec()), expected);
                // Another length than the block says is damage.
                let other = length + 1 + end;
                prop_assert!(decompress(input, &mut Vec::new(), other).is_none());
                if length > 0 {
                    prop_assert!(decompress(input, &mut Vec::new(), length - 1).is_none());
                }
            }
        }
    }
}
