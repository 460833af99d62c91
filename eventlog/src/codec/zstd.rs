//! zstd: any number of concatenated frames (Spark closes one at every flush), decoded in a bounded window.

use zstd::stream::raw::{DParameter, Decoder, InBuffer, Operation, OutBuffer};

use super::OUTPUT;

/// Largest zstd window that is accepted, as a power of two: 128 MiB, zstd's own limit for streams.
const WINDOW_LOG_MAX: u32 = 27;

/// A zstd decoder for any number of concatenated frames, fed in pieces.
pub(crate) struct Zstd {
    decoder: Decoder<'static>,
    output: Vec<u8>,
    /// A frame has begun and not ended.
    in_frame: bool,
    /// Bytes of the stream that were decoded.
    position: u64,
    /// Set once the stream is damaged; whatever follows is left unread.
    pub(super) damage: Option<String>,
}

impl Zstd {
    pub(super) fn new() -> std::io::Result<Self> {
        let mut decoder = Decoder::new()?;
        decoder.set_parameter(DParameter::WindowLogMax(WINDOW_LOG_MAX))?;
        Ok(Self { decoder, output: vec![0; OUTPUT], in_frame: false, position: 0, damage: None })
    }

    /// Decodes `bytes`, handing on what comes out piece by piece until `sink` fails.
    pub(super) fn push<E>(
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
            self.position += (input.pos() - before) as u64;
            let position = self.position;
            match outcome {
                Ok(remaining) => {
                    full = written == OUTPUT;
                    if input.pos() > before || written > 0 {
                        self.in_frame = remaining != 0;
                    } else if full || input.pos() < bytes.len() {
                        self.damage = Some(format!(
                            "the zstd stream is damaged at byte {position} (it makes no progress)"
                        ));
                    }
                }
                Err(error) => {
                    self.damage =
                        Some(format!("the zstd stream is damaged at byte {position} ({error})"));
                }
            }
            if written > 0 {
                sink(&self.output[..written])?;
            }
        }
        Ok(())
    }

    /// What is wrong with the stream's end.
    pub(super) fn state(&self) -> Option<String> {
        self.damage.clone().or_else(|| {
            self.in_frame.then(|| "the last zstd frame is cut or still open".to_owned())
        })
    }
}
