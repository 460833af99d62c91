//! A part's bytes through decoder, lines and state: by one thread, or by several once there is much to read. Each takes blocks of bytes and
//! reads what their lines say by themselves; the calling one also takes the blocks in their order, so that the number of threads has no
//! influence on the result. Where bytes are to be decoded, one more thread does that.

use std::collections::BTreeMap;
use std::io::{ErrorKind, Read};
use std::ops::ControlFlow;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::sync::mpsc::{Receiver, Sender, TryRecvError, channel};
use std::sync::{Mutex, PoisonError};

use crate::ReadAt;
use crate::block::{BLOCK, Block, Digest};
use crate::codec::Decoder;
use crate::lines::Lines;
use crate::state::State;
use crate::task_events::Memo;

/// Decoded bytes from which on it pays to start threads.
const MUCH: usize = 4 << 20;

/// More threads than this would wait for each other.
const THREADS: usize = 8;

/// What was read and not yet taken, by thread: a thread that has to wait for a core must not make the others wait.
const DIGESTS: usize = 3;

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
    let Buffers { block, input, digest } = buffers;
    let Bytes { stream: bytes, shared } = bytes;
    let mut feed = Feed { bytes, decoder, input, block };
    let mut read = 0;
    while threads < 2 || read < MUCH {
        let over = feed.step(&mut |mut block| {
            block.read(&mut state.memo, digest);
            read += digest.filled();
            digest.apply(lines, state);
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
    digest: Box<Digest>,
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

/// A block or what it says, and its place in the part.
type Numbered<T> = (u64, Box<T>);

/// Where the threads get blocks from that are to be read.
enum Supply<'a, 's> {
    /// Each fills its own, in turn.
    Files(Mutex<Filling<'a>>),
    /// Each fills its own.
    Shared(Shared<'s>),
    /// A thread decodes into them.
    Decoded(Mutex<Receiver<Numbered<Block>>>),
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
    fn fill(&self, block: &mut Block) -> Option<u64> {
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
        (block.filled() > 0).then_some(number)
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

/// What a thread gets that asks for a block, or for a digest to read it into.
enum Next<T> {
    Some(T),
    /// None now: others have them.
    Wait,
    Over,
}

/// What a thread reads with.
struct Hand {
    block: Box<Block>,
    /// Takes blocks that were read.
    give: Sender<Box<Block>>,
}

impl Supply<'_, '_> {
    /// Fills the block in this hand, and gives its number. Who may wait gets one, unless there are no more.
    fn next(&self, hand: &mut Hand, may_wait: bool) -> Next<u64> {
        let filled = match self {
            Self::Files(filling) => {
                let mut filling = filling.lock().unwrap_or_else(PoisonError::into_inner);
                filling.fill(&mut hand.block)
            }
            Self::Shared(shared) => shared.fill(&mut hand.block),
            Self::Decoded(blocks) => {
                return match take(blocks, may_wait) {
                    Next::Some((number, block)) => {
                        hand.block = block;
                        Next::Some(number)
                    }
                    Next::Wait => Next::Wait,
                    Next::Over => Next::Over,
                };
            }
        };
        filled.map_or(Next::Over, Next::Some)
    }

    /// Takes the block back that was read.
    fn put_back(&self, hand: &mut Hand) {
        if matches!(self, Self::Decoded(_)) {
            // Nobody wants it where everything was decoded.
            let _ = hand.give.send(std::mem::take(&mut hand.block));
        }
    }
}

/// Takes what comes next, where `may_wait` says so after waiting for it.
fn take<T>(receiver: &Mutex<Receiver<T>>, may_wait: bool) -> Next<T> {
    if may_wait {
        let receiver = receiver.lock().unwrap_or_else(PoisonError::into_inner);
        return receiver.recv().map_or(Next::Over, Next::Some);
    }
    // Whoever holds it waits for the same.
    let Ok(receiver) = receiver.try_lock() else { return Next::Wait };
    match receiver.try_recv() {
        Ok(taken) => Next::Some(taken),
        Err(TryRecvError::Empty) => Next::Wait,
        Err(TryRecvError::Disconnected) => Next::Over,
    }
}

impl Filling<'_> {
    fn fill(&mut self, block: &mut Box<Block>) -> Option<u64> {
        if self.over {
            return None;
        }
        std::mem::swap(self.feed.block, block);
        let mut filled = None;
        let step = self.feed.step(&mut |block| {
            filled = Some(block);
            Ok(Box::default())
        });
        match step {
            Ok(over) => self.over = over,
            Err(error) => (self.over, self.failed) = (true, Some(error)),
        }
        *block = filled?;
        self.blocks += 1;
        Some(self.blocks - 1)
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
    let (give_block, get_block) = channel::<Box<Block>>();
    let (give_empty, get_empty) = channel::<Box<Digest>>();
    let (give_read, get_read) = channel::<Numbered<Digest>>();
    // As many digests as there are bound what is held: who wants one more waits until one was taken.
    for _ in 0..DIGESTS * threads {
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
        (Supply::Shared(shared), None)
    } else if is_plain {
        let filling = Filling { feed, blocks: 0, over: false, failed: None };
        (Supply::Files(Mutex::new(filling)), None)
    } else {
        let (give, get) = channel::<Numbered<Block>>();
        // One for each that reads, and some that the decoder is ahead.
        for _ in 0..threads + 2 {
            let _ = give_block.send(Box::default());
        }
        let decode = move || {
            let mut number = 0;
            let mut emit = |block| {
                give.send((number, block)).map_err(|_| Stopped::Enough)?;
                number += 1;
                get_block.recv().map_err(|_| Stopped::Enough)
            };
            while !feed.step(&mut emit)? {}
            Ok(())
        };
        (Supply::Decoded(Mutex::new(get)), Some(decode))
    };
    let empty = Mutex::new(get_empty);
    let is_shared = matches!(supply, Supply::Shared(..));
    let outcome = std::thread::scope(|scope| {
        // Gone with this closure, so that nobody waits for what they give where reading stops early.
        let (give_empty, get_read) = (give_empty, get_read);
        let mut hand = Hand { block: Box::default(), give: give_block };
        let decoding = decode.map(|decode| scope.spawn(decode));
        for _ in 1..threads {
            let (supply, empty, give_read) = (&supply, &empty, give_read.clone());
            let mut hand = Hand { block: Box::default(), give: hand.give.clone() };
            scope.spawn(move || {
                let mut memo = Memo::default();
                while let Next::Some(mut digest) = take(empty, true)
                    && let Next::Some(number) = supply.next(&mut hand, true)
                {
                    hand.block.read(&mut memo, &mut digest);
                    supply.put_back(&mut hand);
                    if give_read.send((number, digest)).is_err() {
                        return;
                    }
                }
            });
        }
        drop(give_read);
        let mut early: BTreeMap<u64, Box<Digest>> = BTreeMap::new();
        let mut next = 0;
        let mut spare = None;
        loop {
            early.extend(get_read.try_iter());
            while let Some(mut digest) = early.remove(&next) {
                next += 1;
                digest.apply(lines, state);
                if taken(state).is_break() {
                    return Err(Stopped::Enough);
                }
                if is_shared && !digest.is_full() {
                    // What stands behind it was added meanwhile.
                    return Ok(());
                }
                // Nobody wants it where everything was read.
                let _ = give_empty.send(digest);
            }
            if spare.is_none()
                && let Next::Some(digest) = take(&empty, false)
            {
                spare = Some(digest);
            }
            if spare.is_some()
                && let Next::Some(number) = supply.next(&mut hand, false)
                && let Some(mut digest) = spare.take()
            {
                hand.block.read(&mut state.memo, &mut digest);
                supply.put_back(&mut hand);
                early.insert(number, digest);
            } else if let Ok((number, digest)) = get_read.recv() {
                early.insert(number, digest);
            } else {
                break;
            }
        }
        drop(hand);
        decoding.map_or(Ok(()), |decoding| {
            decoding.join().unwrap_or_else(|panic| std::panic::resume_unwind(panic))
        })
    });
    match supply {
        Supply::Files(filling) => {
            let filling = filling.into_inner().unwrap_or_else(PoisonError::into_inner);
            outcome.and(filling.failed.map_or(Ok(()), Err))
        }
        Supply::Shared(shared) => {
            let failed = shared.failed.into_inner().unwrap_or_else(PoisonError::into_inner);
            outcome.and(failed.map_or(Ok(()), |error| Err(Stopped::Io(error))))
        }
        Supply::Decoded(_) => outcome,
    }
}
