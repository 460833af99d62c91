//! A part's bytes through decoder, lines and state: by one thread, or by several once there is much to read. Each takes blocks of bytes and
//! reads what their lines say by themselves; the calling one also takes the blocks in their order, so that the number of threads has no
//! influence on the result. Where bytes are to be decoded, one more thread does that.

use std::collections::BTreeMap;
use std::io::{ErrorKind, Read};
use std::ops::ControlFlow;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::sync::mpsc::{Receiver, TryRecvError, channel};
use std::sync::{Mutex, PoisonError};

use crate::ReadAt;
use crate::block::{BLOCK, Block};
use crate::codec::Decoder;
use crate::lines::Lines;
use crate::state::State;

/// Decoded bytes from which on it pays to start threads.
const MUCH: usize = 4 << 20;

/// More threads than this would wait for each other.
const THREADS: usize = 8;

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

/// Bytes to be read, and where several threads can read the same ones.
pub(crate) struct Bytes<'a> {
    pub(crate) stream: &'a mut (dyn Read + Send),
    pub(crate) shared: Option<&'a dyn ReadAt>,
}

/// Reads to the end of `bytes`. `threads` is how many may work.
pub(crate) fn drain(
    bytes: Bytes<'_>,
    decoder: &mut Decoder,
    lines: &mut Lines,
    buffers: &mut Buffers,
    state: &mut State,
    threads: usize,
    taken: Taken<'_>,
) -> Result<(), Stopped> {
    let Buffers { block, input } = buffers;
    let Bytes { stream: bytes, shared } = bytes;
    let mut feed = Feed { bytes, decoder, input, block };
    let mut read = 0;
    while threads < 2 || read < MUCH {
        let over = feed.step(&mut |mut block| {
            block.read();
            read += block.filled();
            block.apply(lines, state);
            match taken(state) {
                ControlFlow::Continue(()) => Ok(block),
                ControlFlow::Break(()) => Err(Stopped::Enough),
            }
        })?;
        if over {
            return Ok(());
        }
    }
    let shared = shared.map(|file| (file, read as u64));
    parallel(feed, shared, lines, state, threads.min(THREADS), taken)
}

/// Memory that reading again and again needs not ask for.
#[derive(Debug, Default)]
pub(crate) struct Buffers {
    block: Box<Block>,
    input: Vec<u8>,
}

/// Gives a block away, and gets an empty one for it.
type Emit<'a> = &'a mut dyn FnMut(Box<Block>) -> Result<Box<Block>, Stopped>;

/// Where blocks come from.
struct Feed<'a> {
    bytes: &'a mut (dyn Read + Send),
    decoder: &'a mut Decoder,
    input: &'a mut Vec<u8>,
    block: &'a mut Box<Block>,
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
            emit_block(self.block, emit)?;
            return Ok(over);
        }
        self.input.resize(INPUT, 0);
        let count = read(self.bytes, self.input)?;
        let block = &mut *self.block;
        self.decoder.push(&self.input[..count], &mut |mut decoded: &[u8]| {
            while !decoded.is_empty() {
                decoded = &decoded[block.take(decoded)..];
                if block.is_full() {
                    emit_block(block, emit)?;
                }
            }
            Ok(())
        })?;
        if count == 0 {
            emit_block(self.block, emit)?;
        }
        Ok(count == 0)
    }
}

fn emit_block(block: &mut Box<Block>, emit: Emit<'_>) -> Result<(), Stopped> {
    if block.filled() > 0 {
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

/// A block and its place in the part.
type Numbered = (u64, Box<Block>);

/// Where the threads get blocks from that are to be read.
enum Supply<'a, 's> {
    /// Each fills an empty one itself, in turn.
    Files(Mutex<Filling<'a>>, Mutex<Receiver<Box<Block>>>),
    /// Each fills an empty one itself.
    Shared(Shared<'s>, Mutex<Receiver<Box<Block>>>),
    /// A thread decodes into them.
    Decoded(Mutex<Receiver<Numbered>>),
}

/// A file that is read by several threads at once, from `start` on.
struct Shared<'a> {
    file: &'a dyn ReadAt,
    start: u64,
    /// The next block that nobody reads yet.
    next: AtomicU64,
    /// The end was seen.
    over: AtomicBool,
    failed: Mutex<Option<std::io::Error>>,
}

impl Shared<'_> {
    fn fill(&self, mut block: Box<Block>) -> Option<Numbered> {
        if self.over.load(Ordering::Relaxed) {
            return None;
        }
        let number = self.next.fetch_add(1, Ordering::Relaxed);
        let start = self.start + number * BLOCK as u64;
        while !block.is_full() {
            let at = start + block.filled() as u64;
            match self.file.read_at(block.free(), at) {
                Ok(0) => {
                    self.over.store(true, Ordering::Relaxed);
                    break;
                }
                Ok(count) => block.fill(count),
                Err(error) if error.kind() == ErrorKind::Interrupted => {}
                Err(error) => {
                    self.over.store(true, Ordering::Relaxed);
                    let mut failed = self.failed.lock().unwrap_or_else(PoisonError::into_inner);
                    failed.get_or_insert(error);
                    return None;
                }
            }
        }
        (block.filled() > 0).then_some((number, block))
    }
}

/// Blocks that are filled from a file.
struct Filling<'a> {
    feed: Feed<'a>,
    blocks: u64,
    /// There are no more bytes; where that is an error, it is told once.
    over: bool,
    failed: Option<Stopped>,
}

/// What a thread gets that asks for a block.
enum Next {
    Block(Numbered),
    /// None now: others have them.
    Wait,
    Over,
}

impl Supply<'_, '_> {
    /// The next block to be read. Who may wait gets one, unless there are no more.
    fn next(&self, may_wait: bool) -> Next {
        match self {
            Self::Files(filling, empty) => {
                let block = match take(empty, may_wait) {
                    Ok(block) => block,
                    Err(next) => return next,
                };
                let mut filling = filling.lock().unwrap_or_else(PoisonError::into_inner);
                filling.fill(block).map_or(Next::Over, Next::Block)
            }
            Self::Shared(shared, empty) => match take(empty, may_wait) {
                Ok(block) => shared.fill(block).map_or(Next::Over, Next::Block),
                Err(next) => next,
            },
            Self::Decoded(blocks) => take(blocks, may_wait).map_or_else(|next| next, Next::Block),
        }
    }
}

/// Takes what comes next, where `may_wait` says so after waiting for it.
fn take<T>(receiver: &Mutex<Receiver<T>>, may_wait: bool) -> Result<T, Next> {
    if may_wait {
        let receiver = receiver.lock().unwrap_or_else(PoisonError::into_inner);
        return receiver.recv().map_err(|_| Next::Over);
    }
    // Whoever holds it waits for the same.
    let Ok(receiver) = receiver.try_lock() else { return Err(Next::Wait) };
    receiver.try_recv().map_err(|error| match error {
        TryRecvError::Empty => Next::Wait,
        TryRecvError::Disconnected => Next::Over,
    })
}

impl Filling<'_> {
    fn fill(&mut self, empty: Box<Block>) -> Option<Numbered> {
        if self.over {
            return None;
        }
        *self.feed.block = empty;
        let mut filled = None;
        let step = self.feed.step(&mut |block| {
            filled = Some(block);
            Ok(Box::default())
        });
        match step {
            Ok(over) => self.over = over,
            Err(error) => (self.over, self.failed) = (true, Some(error)),
        }
        self.blocks += u64::from(filled.is_some());
        filled.map(|block| (self.blocks - 1, block))
    }
}

fn parallel(
    mut feed: Feed<'_>,
    shared: Option<(&dyn ReadAt, u64)>,
    lines: &mut Lines,
    state: &mut State,
    threads: usize,
    taken: Taken<'_>,
) -> Result<(), Stopped> {
    let (give_empty, get_empty) = channel::<Box<Block>>();
    let (give_read, get_read) = channel::<Numbered>();
    // As many blocks as there are bound what is held: who wants one more waits until one was taken.
    for _ in 0..2 * threads {
        let _ = give_empty.send(Box::default());
    }
    let is_plain = matches!(feed.decoder, Decoder::Plain);
    let (supply, decode) = if let Some((file, start)) = shared.filter(|_| is_plain) {
        let shared = Shared {
            file,
            start,
            next: AtomicU64::new(0),
            over: AtomicBool::new(false),
            failed: Mutex::new(None),
        };
        (Supply::Shared(shared, Mutex::new(get_empty)), None)
    } else if is_plain {
        let filling = Filling { feed, blocks: 0, over: false, failed: None };
        (Supply::Files(Mutex::new(filling), Mutex::new(get_empty)), None)
    } else {
        let (give, get) = channel::<Numbered>();
        let decode = move || {
            let mut number = 0;
            let mut emit = |block| {
                give.send((number, block)).map_err(|_| Stopped::Enough)?;
                number += 1;
                get_empty.recv().map_err(|_| Stopped::Enough)
            };
            while !feed.step(&mut emit)? {}
            Ok(())
        };
        (Supply::Decoded(Mutex::new(get)), Some(decode))
    };
    let is_shared = matches!(supply, Supply::Shared(..));
    let outcome = std::thread::scope(|scope| {
        // Gone with this closure, so that nobody waits for a block where reading stops early.
        let (give_empty, get_read) = (give_empty, get_read);
        let decoding = decode.map(|decode| scope.spawn(decode));
        for _ in 1..threads {
            let (supply, give_read) = (&supply, give_read.clone());
            scope.spawn(move || {
                while let Next::Block((number, mut block)) = supply.next(true) {
                    block.read();
                    if give_read.send((number, block)).is_err() {
                        return;
                    }
                }
            });
        }
        drop(give_read);
        let mut early: BTreeMap<u64, Box<Block>> = BTreeMap::new();
        let mut next = 0;
        loop {
            early.extend(get_read.try_iter());
            while let Some(mut block) = early.remove(&next) {
                next += 1;
                let is_last = is_shared && !block.is_full();
                block.apply(lines, state);
                if taken(state).is_break() {
                    return Err(Stopped::Enough);
                }
                if is_last {
                    // What stands behind it was added meanwhile.
                    return Ok(());
                }
                // Nobody wants it where everything was read.
                let _ = give_empty.send(block);
            }
            if let Next::Block((number, mut block)) = supply.next(false) {
                block.read();
                early.insert(number, block);
            } else if let Ok((number, block)) = get_read.recv() {
                early.insert(number, block);
            } else {
                break;
            }
        }
        decoding.map_or(Ok(()), |decoding| {
            decoding.join().unwrap_or_else(|panic| std::panic::resume_unwind(panic))
        })
    });
    match supply {
        Supply::Files(filling, _) => {
            let filling = filling.into_inner().unwrap_or_else(PoisonError::into_inner);
            outcome.and(filling.failed.map_or(Ok(()), Err))
        }
        Supply::Shared(shared, _) => {
            let failed = shared.failed.into_inner().unwrap_or_else(PoisonError::into_inner);
            outcome.and(failed.map_or(Ok(()), |error| Err(Stopped::Io(error))))
        }
        Supply::Decoded(_) => outcome,
    }
}
