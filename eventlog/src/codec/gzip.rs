//! gzip: any number of members.

use std::io::Write;

use flate2::write::MultiGzDecoder;

use super::Sink;

/// Bytes that are decoded at once: deflate makes at most about a thousand of one.
const INPUT: usize = 4 << 10;

pub(crate) struct Gzip {
    decoder: MultiGzDecoder<Vec<u8>>,
    damage: Option<String>,
}

impl Default for Gzip {
    fn default() -> Self {
        Self { decoder: MultiGzDecoder::new(Vec::new()), damage: None }
    }
}

impl Gzip {
    pub(super) fn push<E>(&mut self, bytes: &[u8], sink: Sink<'_, E>) -> Result<(), E> {
        for piece in bytes.chunks(INPUT) {
            if self.damage.is_some() {
                break;
            }
            // Without a flush the last bytes stay in the decoder's own buffer.
            let outcome = self.decoder.write_all(piece).and_then(|()| self.decoder.flush());
            if let Err(error) = outcome {
                self.damage = Some(format!("the gzip stream is damaged ({error})"));
            }
            let output = self.decoder.get_mut();
            if !output.is_empty() {
                let outcome = sink(output);
                output.clear();
                outcome?;
            }
        }
        Ok(())
    }

    pub(super) fn finish(mut self) -> Option<String> {
        let cut = self.damage.is_none() && self.decoder.try_finish().is_err();
        self.damage.or_else(|| cut.then(|| "the gzip stream is cut".to_owned()))
    }
}
