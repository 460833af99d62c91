//! What a part's bytes are compressed with, told from the bytes themselves, since names lie; and its decompression, piece by piece.
//!
//! Spark's codecs are `org.apache.spark.io.CompressionCodec`'s: streams of lz4-java, snappy-java, compress-lzf and zstd-jni. gzip is what
//! Databricks delivers.

mod blocks;
mod gzip;
mod lz4;
mod lzf;
mod snappy;
mod zstd;

use blocks::Blocks;

/// As many bytes as it takes to tell every codec.
pub(crate) const MAGIC: usize = 10;

/// Decoded bytes that are handed on at once, about.
const OUTPUT: usize = 1 << 20;

/// What a part starts as.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Codec {
    Plain,
    Zstd,
    Lz4,
    Snappy,
    Lzf,
    Gzip,
    /// Recognised but not read, with its name.
    Refused(&'static str),
}

/// Tells the codec from the first bytes of a part ([`MAGIC`] of them, or all there are).
pub(crate) fn detect(head: &[u8]) -> Codec {
    const ZSTD: &[u8] = &[0x28, 0xb5, 0x2f, 0xfd];
    const KNOWN: [(&[u8], Codec); 10] = [
        (lz4::MAGIC, Codec::Lz4),
        (snappy::MAGIC, Codec::Snappy),
        (b"ZV\x00", Codec::Lzf),
        (b"ZV\x01", Codec::Lzf),
        (&[0x1f, 0x8b], Codec::Gzip),
        // What the command-line tools of these codecs write, Spark never does.
        (&[0x04, 0x22, 0x4d, 0x18], Codec::Refused("lz4 frames")),
        (&[0xff, 0x06, 0, 0, b's', b'N', b'a', b'P', b'p', b'Y'], Codec::Refused("snappy frames")),
        (b"BZh", Codec::Refused("bzip2")),
        (b"PK\x03\x04", Codec::Refused("zip")),
        (&[0xfd, b'7', b'z', b'X', b'Z', 0], Codec::Refused("xz")),
    ];
    // Frames that a zstd decoder skips (0x184D2A50 to 0x184D2A5F, little endian) may stand before the first real one.
    let skippable =
        head.len() >= 4 && (0x50..=0x5f).contains(&head[0]) && head[1..4] == [0x2a, 0x4d, 0x18];
    if head.starts_with(ZSTD) || skippable {
        return Codec::Zstd;
    }
    KNOWN.iter().find(|(magic, _)| head.starts_with(magic)).map_or(Codec::Plain, |known| known.1)
}

/// Takes the decoded bytes, piece by piece.
pub(crate) type Sink<'a, E> = &'a mut dyn FnMut(&[u8]) -> Result<(), E>;

/// A decoder that is fed in pieces. It holds no more than a window of decoded bytes, whatever the stream claims.
pub(crate) enum Decoder {
    Plain,
    Zstd(Box<zstd::Zstd>),
    Lz4(Blocks<lz4::Lz4>),
    Snappy(Blocks<snappy::Snappy>),
    Lzf(Blocks<lzf::Lzf>),
    Gzip(gzip::Gzip),
}

impl Decoder {
    /// A decoder for a codec; its name where it is not read.
    pub(crate) fn new(codec: Codec) -> Result<std::io::Result<Self>, &'static str> {
        Ok(Ok(match codec {
            Codec::Plain => Self::Plain,
            Codec::Zstd => return Ok(zstd::Zstd::new().map(|it| Self::Zstd(Box::new(it)))),
            Codec::Lz4 => Self::Lz4(Blocks::default()),
            Codec::Snappy => Self::Snappy(Blocks::default()),
            Codec::Lzf => Self::Lzf(Blocks::default()),
            Codec::Gzip => Self::Gzip(gzip::Gzip::default()),
            Codec::Refused(name) => return Err(name),
        }))
    }

    /// Decodes `bytes`, handing on what comes out until `sink` fails. Bytes behind damage are dropped.
    pub(crate) fn push<E>(&mut self, bytes: &[u8], sink: Sink<'_, E>) -> Result<(), E> {
        match self {
            Self::Plain => bytes.chunks(OUTPUT).try_for_each(sink),
            Self::Zstd(decoder) => decoder.push(bytes, sink),
            Self::Lz4(decoder) => decoder.push(bytes, sink),
            Self::Snappy(decoder) => decoder.push(bytes, sink),
            Self::Lzf(decoder) => decoder.push(bytes, sink),
            Self::Gzip(decoder) => decoder.push(bytes, sink),
        }
    }

    /// What is wrong with the stream, or with where it ends so far.
    pub(crate) fn state(&self) -> Option<String> {
        match self {
            Self::Plain => None,
            Self::Zstd(decoder) => decoder.state(),
            Self::Lz4(decoder) => decoder.state(),
            Self::Snappy(decoder) => decoder.state(),
            Self::Lzf(decoder) => decoder.state(),
            Self::Gzip(decoder) => decoder.state(),
        }
    }
}
