//! The stream of snappy-java's `SnappyOutputStream`: not the snappy framing format.

use super::blocks::{Damage, Framing, LARGEST, big_endian};

/// What a stream begins with (`SnappyCodec.MAGIC_HEADER`).
pub(super) const MAGIC: &[u8] = &[0x82, b'S', b'N', b'A', b'P', b'P', b'Y', 0];

/// Magic, version and the oldest version that reads it.
const HEADER: usize = 8 + 4 + 4;

#[derive(Default)]
pub(crate) struct Snappy;

impl Framing for Snappy {
    const NAME: &'static str = "snappy";

    fn block(&mut self, input: &[u8], output: &mut Vec<u8>) -> Result<Option<usize>, Damage> {
        // A header stands in front of the first block, and again where streams were put together.
        if input[0] == MAGIC[0] {
            if input.starts_with(&MAGIC[..MAGIC.len().min(input.len())]) {
                return Ok((input.len() >= HEADER).then_some(HEADER));
            }
            return Err("a header is not snappy-java's");
        }
        let Some(length) = big_endian(input, 0) else { return Ok(None) };
        let length = length as usize;
        if length > LARGEST {
            return Err("a block is larger than any that Spark writes");
        }
        let Some(bytes) = input.get(4..4 + length) else { return Ok(None) };
        let plain = snap::raw::decompress_len(bytes).map_err(|_| "a block has no length")?;
        if plain > LARGEST {
            return Err("a block is larger than any that Spark writes");
        }
        let start = output.len();
        output.resize(start + plain, 0);
        if snap::raw::Decoder::new().decompress(bytes, &mut output[start..]) != Ok(plain) {
            output.truncate(start);
            return Err("a block does not decompress");
        }
        Ok(Some(4 + length))
    }
}
