//! What a part's bytes are compressed with, told from the bytes themselves, since names lie; and its decompression in a
//! bounded window.

use zstd::stream::raw::{DParameter, Decoder, InBuffer, Operation, OutBuffer};

/// As many bytes as it takes to tell every codec.
pub(crate) const MAGIC: usize = 10;

/// Largest zstd window that is accepted, as a power of two: 128 MiB, zstd's own limit for streams.
const WINDOW_LOG_MAX: u32 = 27;

/// Decoded bytes that are handed on at once.
const OUTPUT: usize = 1 << 20;

/// What a part starts as.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Codec {
    Plain,
    Zstd,
    /// Recognised but not read, with its name.
    Refused(&'static str),
}

/// Tells the codec from the first bytes of a part ([`MAGIC`] of them, or all there are).
pub(crate) fn detect(head: &[u8]) -> Codec {
    const ZSTD: &[u8] = &[0x28, 0xb5, 0x2f, 0xfd];
    const REFUSED: [(&[u8], &str); 10] = [
        (b"LZ4Block", "lz4"),
        (&[0x04, 0x22, 0x4d, 0x18], "lz4"),
        (&[0x82, b'S', b'N', b'A', b'P', b'P', b'Y', 0], "snappy"),
        (&[0xff, 0x06, 0, 0, b's', b'N', b'a', b'P', b'p', b'Y'], "snappy"),
        (&[0x1f, 0x8b], "gzip"),
        (b"ZV\x00", "lzf"),
        (b"ZV\x01", "lzf"),
        (b"BZh", "bzip2"),
        (b"PK\x03\x04", "zip"),
        (&[0xfd, b'7', b'z', b'X', b'Z', 0], "xz"),
    ];
    // Frames that a zstd decoder skips (0x184D2A50 to 0x184D2A5F, little endian) may stand before the first real one.
    let skippable =
        head.len() >= 4 && (0x50..=0x5f).contains(&head[0]) && head[1..4] == [0x2a, 0x4d, 0x18];
    if head.starts_with(ZSTD) || skippable {
        return Codec::Zstd;
    }
    REFUSED
        .iter()
        .find(|(magic, _)| head.starts_with(magic))
        .map_or(Codec::Plain, |(_, name)| Codec::Refused(name))
}

/// A zstd decoder for any number of concatenated frames, fed in pieces.
pub(crate) struct Zstd {
    decoder: Decoder<'static>,
    output: Vec<u8>,
    /// A frame has begun and not ended.
    in_frame: bool,
    /// Set once the stream is damaged; whatever follows is left unread.
    pub(crate) damage: Option<String>,
}

impl Zstd {
    pub(crate) fn new() -> std::io::Result<Self> {
        let mut decoder = Decoder::new()?;
        decoder.set_parameter(DParameter::WindowLogMax(WINDOW_LOG_MAX))?;
        Ok(Self { decoder, output: vec![0; OUTPUT], in_frame: false, damage: None })
    }

    /// Decodes `bytes`, handing on what comes out piece by piece until `sink` fails.
    pub(crate) fn push<E>(
        &mut self,
        bytes: &[u8],
        sink: &mut dyn FnMut(&[u8]) -> Result<(), E>,
    ) -> Result<(), E> {
        let mut input = InBuffer::around(bytes);
        let mut full = false;
        while self.damage.is_none() && (input.pos() < bytes.len() || full) {
            let before = input.pos();
            let (written, outcome) = {
                let mut output = OutBuffer::around(self.output.as_mut_slice());
                let outcome = self.decoder.run(&mut input, &mut output);
                (output.pos(), outcome)
            };
            match outcome {
                Ok(remaining) => {
                    full = written == OUTPUT;
                    if input.pos() > before || written > 0 {
                        self.in_frame = remaining != 0;
                    } else if full || input.pos() < bytes.len() {
                        self.damage = Some("the zstd stream makes no progress".to_owned());
                    }
                }
                Err(error) => self.damage = Some(format!("the zstd stream is damaged ({error})")),
            }
            if written > 0 {
                sink(&self.output[..written])?;
            }
        }
        Ok(())
    }

    /// What is wrong with the stream's end.
    pub(crate) fn finish(self) -> Option<String> {
        self.damage.or_else(|| {
            self.in_frame.then(|| "the last zstd frame is cut or still open".to_owned())
        })
    }
}
