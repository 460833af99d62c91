//! A part's bytes through decoder, lines and state: by one thread, or by several once there is much to read. One thread decodes and
//! cuts blocks of whole lines, some read what the lines say by themselves, and the calling one takes the blocks in their order, so that the
//! number of threads has no influence on the result.

use std::collections::BTreeMap;
use std::io::{ErrorKind, Read};
use std::ops::ControlFlow;
use std::sync::mpsc::channel;
use std::sync::{Mutex, PoisonError};

use crate::block::Block;
use crate::codec::Decoder;
use crate::lines::Lines;
use crate::state::State;

/// Decoded bytes from which on it pays to start threads.
const MUCH: usize = 4 << 20;

/// More threads than this would wait for the one that takes the blocks.
const WORKERS: usize = 6;

/// Compressed bytes read at once.
const INPUT: usize = 256 << 10;

/// Why reading ended early.
pub(crate) enum Stopped {
    Io(std::io::Error),
    /// The state, or whom it reports to, has had enough.
    Enough,
}

/// Takes a state's new blocks; stops the reading where it breaks.
pub(crate) type Taken<'a> = &'a mut dyn FnMut(&mut State) -> ControlFlow<()>;

/// Reads to the end of `bytes`. `threads` is how many may work.
pub(crate) fn drain(
    bytes: &mut (dyn Read + Send),
    decoder: &mut Decoder,
    lines: &mut Lines,
    buffers: &mut Buffers,
    state: &mut State,
    threads: usize,
    taken: Taken<'_>,
) -> Result<(), Stopped> {
    let Buffers { block, input } = buffers;
    let mut feed = Feed { bytes, decoder, lines, input, block };
    let mut read = 0;
    while threads < 2 || read < MUCH {
        let over = feed.step(&mut |mut block| {
            block.read();
            read += block.filled();
            block.apply(state);
            match taken(state) {
                ControlFlow::Continue(()) => Ok(block),
                ControlFlow::Break(()) => Err(Stopped::Enough),
            }
        })?;
        if over {
            return Ok(());
        }
    }
    parallel(feed, state, threads, taken)
}

/// Memory that reading again and again needs not ask for.
#[derive(Debug, Default)]
pub(crate) struct Buffers {
    block: Block,
    input: Vec<u8>,
}

/// Gives a block away, and gets an empty one for it.
type Emit<'a> = &'a mut dyn FnMut(Block) -> Result<Block, Stopped>;

/// Where blocks come from.
struct Feed<'a> {
    bytes: &'a mut (dyn Read + Send),
    decoder: &'a mut Decoder,
    lines: &'a mut Lines,
    input: &'a mut Vec<u8>,
    block: &'a mut Block,
}

impl Feed<'_> {
    /// Reads some bytes and emits what blocks they fill. The flag says that there are no more bytes.
    fn step(&mut self, emit: Emit<'_>) -> Result<bool, Stopped> {
        if matches!(self.decoder, Decoder::Plain) {
            // Without a copy between file and block.
            let mut over = false;
            while !over && !self.block.is_full() {
                let count = read(self.bytes, self.block.free())?;
                self.block.fill(count);
                over = count == 0;
            }
            emit_block(self.block, self.lines, emit)?;
            return Ok(over);
        }
        self.input.resize(INPUT, 0);
        let count = read(self.bytes, self.input)?;
        let (block, lines) = (&mut *self.block, &mut *self.lines);
        self.decoder.push(&self.input[..count], &mut |mut decoded: &[u8]| {
            while !decoded.is_empty() {
                decoded = &decoded[block.take(decoded)..];
                if block.is_full() {
                    emit_block(block, lines, emit)?;
                }
            }
            Ok(())
        })?;
        if count == 0 {
            emit_block(self.block, self.lines, emit)?;
        }
        Ok(count == 0)
    }
}

fn emit_block(block: &mut Block, lines: &mut Lines, emit: Emit<'_>) -> Result<(), Stopped> {
    if block.filled() > 0 {
        block.cut(lines);
        *block = emit(std::mem::take(block))?;
    }
    Ok(())
}

fn read(bytes: &mut (dyn Read + Send), buffer: &mut [u8]) -> Result<usize, Stopped> {
    loop {
        match bytes.read(buffer) {
            Ok(count) => return Ok(count),
            Err(error) if error.kind() == ErrorKind::Interrupted => {}
            Err(error) => return Err(Stopped::Io(error)),
        }
    }
}

fn parallel(
    mut feed: Feed<'_>,
    state: &mut State,
    threads: usize,
    taken: Taken<'_>,
) -> Result<(), Stopped> {
    let workers = (threads - 1).clamp(1, WORKERS);
    let (give_empty, get_empty) = channel::<Block>();
    let (give_cut, get_cut) = channel::<(u64, Block)>();
    let (give_read, get_read) = channel::<(u64, Block)>();
    // As many blocks as there are bound what is held: who wants one more waits until one was taken.
    for _ in 0..workers + 3 {
        let _ = give_empty.send(Block::default());
    }
    let get_cut = Mutex::new(get_cut);
    std::thread::scope(|scope| {
        // Gone with this closure, so that nobody waits for a block where reading stops early.
        let (give_empty, get_read) = (give_empty, get_read);
        let source = scope.spawn(move || {
            let mut number = 0;
            let mut emit = |block| {
                give_cut.send((number, block)).map_err(|_| Stopped::Enough)?;
                number += 1;
                get_empty.recv().map_err(|_| Stopped::Enough)
            };
            while !feed.step(&mut emit)? {}
            Ok(())
        });
        for _ in 0..workers {
            let (get_cut, give_read) = (&get_cut, give_read.clone());
            scope.spawn(move || {
                loop {
                    let next = get_cut.lock().unwrap_or_else(PoisonError::into_inner).recv();
                    let Ok((number, mut block)) = next else { return };
                    block.read();
                    if give_read.send((number, block)).is_err() {
                        return;
                    }
                }
            });
        }
        drop(give_read);
        let mut early: BTreeMap<u64, Block> = BTreeMap::new();
        let mut next = 0;
        for (number, block) in &get_read {
            early.insert(number, block);
            while let Some(mut block) = early.remove(&next) {
                next += 1;
                block.apply(state);
                if taken(state).is_break() {
                    return Err(Stopped::Enough);
                }
                // Nobody wants it where everything was read.
                let _ = give_empty.send(block);
            }
        }
        source.join().unwrap_or_else(|panic| std::panic::resume_unwind(panic))
    })
}
