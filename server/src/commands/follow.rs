//! `stagelight log --follow`: a log that is read while its application runs.

use std::io::IsTerminal;
use std::ops::ControlFlow;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::path::Path;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::mpsc::{Receiver, RecvTimeoutError, Sender, channel};
use std::time::Duration;

use eventlog::{Follower, Grown, Profile};

use crate::cli::PageFormat;
use crate::log_source::LogFile;
use crate::output::log_live::{Plain, Screen, View};
use crate::problem::{Problem, panic_message};

/// Between two looks at the files. Logs lie on network file systems as well, which tell nobody that something was written.
const PAUSE: Duration = Duration::from_millis(100);

/// So many looks in a row a log may not be there: it is being renamed.
const ABSENCES: u32 = 40;

/// Follows a log until its application ends, nothing can be added to it, or Ctrl-C is pressed. The profile of all that was read; none
/// where there is no log.
pub(crate) fn run(
    path: &Path,
    format: PageFormat,
    problems: &mut Vec<Problem>,
) -> Option<Arc<Profile>> {
    let mut view: Option<Box<dyn View>> = match format {
        PageFormat::Text if std::io::stdout().is_terminal() => Some(Box::new(Screen::default())),
        PageFormat::Text => Some(Box::new(Plain::default())),
        // They are for programs and come whole.
        PageFormat::Json | PageFormat::Html => None,
    };
    let interrupt = Interrupt::new();
    let mut follower = Follower::new();
    let mut absences = None;
    loop {
        match look(path, &mut follower, &interrupt.pressed) {
            Ok((grown, can_grow)) => {
                absences = Some(0);
                if let Some(view) = &mut view {
                    if grown.bytes == 0 {
                        view.rest();
                    } else if view.show(&follower).is_err() {
                        break;
                    }
                }
                if grown.over || !can_grow {
                    break;
                }
            }
            Err(_) if interrupt.pressed.load(Ordering::SeqCst) => return None,
            // It was there before.
            Err(_) if absences.is_some_and(|absences| absences < ABSENCES) => {
                absences = absences.map(|absences| absences + 1);
            }
            Err(problem) => {
                problems.push(problem);
                return None;
            }
        }
        if interrupt.wait(PAUSE) {
            break;
        }
    }
    if let Some(view) = &mut view {
        view.end();
    }
    let name = crate::files::display_path(path);
    let finished = catch_unwind(AssertUnwindSafe(|| follower.finish()));
    match finished {
        Ok(Ok(profile)) => Some(Arc::new(profile)),
        Ok(Err(error)) => {
            let problem = LogFile::open_growing(path).map(|log| log.problem(error));
            problems.push(problem.unwrap_or_else(|problem| problem));
            None
        }
        Err(panic) => {
            let why = panic_message(&*panic);
            let message = format!("could not be understood ({why}); please report it");
            problems.push(Problem::named(name, message));
            None
        }
    }
}

/// Reads what is new. The flag tells whether more can come.
fn look(
    path: &Path,
    follower: &mut Follower,
    pressed: &AtomicBool,
) -> Result<(Grown, bool), Problem> {
    let log = LogFile::open_growing(path)?;
    let mut progress = |_| {
        if pressed.load(Ordering::SeqCst) {
            ControlFlow::Break(())
        } else {
            ControlFlow::Continue(())
        }
    };
    let read = catch_unwind(AssertUnwindSafe(|| log.advance(follower, &mut progress)));
    let grown = read.unwrap_or_else(|panic| {
        let why = panic_message(&*panic);
        let message = format!("could not be understood ({why}); please report it");
        Err(Problem::named(crate::files::display_path(path), message))
    })?;
    Ok((grown, log.can_grow()))
}

/// Waits for Ctrl-C.
struct Interrupt {
    pressed: Arc<AtomicBool>,
    told: Receiver<()>,
    /// Held, so that waiting takes its time where nobody can be told.
    _keep: Sender<()>,
}

impl Interrupt {
    fn new() -> Self {
        let (tell, told) = channel();
        let pressed = Arc::new(AtomicBool::new(false));
        let interrupt = Self { pressed: Arc::clone(&pressed), told, _keep: tell.clone() };
        let (ready, listening) = channel();
        std::thread::spawn(move || {
            let runtime = tokio::runtime::Builder::new_current_thread().enable_io().build();
            let listen = async {
                let mut signal = std::pin::pin!(tokio::signal::ctrl_c());
                std::future::poll_fn(|context| {
                    // Asked once, it listens.
                    let polled = signal.as_mut().poll(context);
                    let _ = ready.send(());
                    polled
                })
                .await
            };
            // Without one, Ctrl-C ends the process as it always does.
            if let Ok(runtime) = runtime
                && runtime.block_on(listen).is_ok()
            {
                pressed.store(true, Ordering::SeqCst);
                // Nobody waits where everything was read.
                let _ = tell.send(());
            }
        });
        // What is pressed after the first line of output is heard. Nothing comes where there is no runtime.
        let _ = listening.recv();
        interrupt
    }

    /// Waits, but not longer than until Ctrl-C is pressed. Whether it was.
    fn wait(&self, pause: Duration) -> bool {
        let waited = self.told.recv_timeout(pause);
        !matches!(waited, Err(RecvTimeoutError::Timeout)) || self.pressed.load(Ordering::SeqCst)
    }
}
