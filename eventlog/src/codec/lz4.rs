//! The stream of lz4-java's `LZ4BlockOutputStream`: not the lz4 frame format.

use std::hash::Hasher;

use twox_hash::XxHash32;

use super::blocks::{Damage, Framing, LARGEST, little_endian};

/// What every block begins with.
pub(super) const MAGIC: &[u8] = b"LZ4Block";

/// Magic, token, compressed length, plain length, checksum.
const HEADER: usize = 8 + 1 + 4 + 4 + 4;
/// `LZ4BlockOutputStream.DEFAULT_SEED`.
const SEED: u32 = 0x9747_b28c;
/// The stream keeps 28 bits of the checksum (`StreamingXXHash32.asChecksum`).
const CHECKSUM: u32 = 0x0fff_ffff;
const RAW: u8 = 0x10;
const COMPRESSED: u8 = 0x20;

#[derive(Default)]
pub(crate) struct Lz4;

impl Framing for Lz4 {
    const NAME: &'static str = "lz4";

    fn block(&mut self, input: &[u8], output: &mut Vec<u8>) -> Result<Option<usize>, Damage> {
        if !input.starts_with(&MAGIC[..MAGIC.len().min(input.len())]) {
            return Err("a block does not begin with LZ4Block");
        }
        let (Some(token), Some(compressed), Some(plain), Some(checksum)) = (
            input.get(8),
            little_endian(input, 9),
            little_endian(input, 13),
            little_endian(input, 17),
        ) else {
            return Ok(None);
        };
        let (compressed, plain) = (compressed as usize, plain as usize);
        if compressed > LARGEST || plain > LARGEST {
            return Err("a block is larger than any that Spark writes");
        }
        // An empty block ends a stream; another one may follow.
        let Some(bytes) = input.get(HEADER..HEADER + compressed) else { return Ok(None) };
        let start = output.len();
        match token & 0xf0 {
            RAW if compressed == plain => output.extend_from_slice(bytes),
            COMPRESSED => {
                output.resize(start + plain, 0);
                let written = lz4_flex::block::decompress_into(bytes, &mut output[start..]);
                if written.ok() != Some(plain) {
                    output.truncate(start);
                    return Err("a block does not decompress");
                }
            }
            _ => return Err("a block is of an unknown kind"),
        }
        if plain > 0 {
            let mut hasher = XxHash32::with_seed(SEED);
            hasher.write(&output[start..]);
            if hasher.finish() as u32 & CHECKSUM != checksum {
                output.truncate(start);
                return Err("a block's checksum does not match");
            }
        }
        Ok(Some(HEADER + compressed))
    }
}
