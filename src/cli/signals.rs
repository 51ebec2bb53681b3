//! Ctrl-C, SIGTERM and a terminal that goes away: once to stop in order, twice to stop at once.

use super::failure::Failure;
use crate::pg::Canceller;
use futures_util::future::BoxFuture;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Mutex, PoisonError};
use std::time::Duration;
use tokio_util::sync::CancellationToken;

/// What is still to be done before the process ends at the second signal.
static LAST: Mutex<Option<BoxFuture<'static, ()>>> = Mutex::new(None);

/// How long that may take. A third signal ends it.
const LAST_WITHIN: Duration = Duration::from_secs(3);

/// Nothing is begun yet, and what is going on cannot be told to stop: one signal is enough.
static AT_ONCE: AtomicBool = AtomicBool::new(false);

/// Does something before anything else is begun, which the first signal ends together with the process: reading from a
/// pipe that nobody writes into.
pub fn at_once<T>(work: impl FnOnce() -> T) -> T {
    AT_ONCE.store(true, Ordering::SeqCst);
    let done = work();
    AT_ONCE.store(false, Ordering::SeqCst);
    done
}

/// Sets what is done before the process ends at the second signal.
pub fn at_last(act: Option<BoxFuture<'static, ()>>) {
    *LAST.lock().unwrap_or_else(PoisonError::into_inner) = act;
}

/// Listens for signals; the token is cancelled at the first, and the process ends at the second.
pub fn listen() -> CancellationToken {
    let stop = CancellationToken::new();
    let told = stop.clone();
    tokio::spawn(async move {
        let mut before = false;
        while let Some(signal) = one().await {
            // a terminal that goes away says so more than once: its shell does, and the kernel
            let again = before && signal != Told::HungUp;
            before = true;
            told.cancel();
            if again || AT_ONCE.load(Ordering::SeqCst) {
                let act = LAST.lock().unwrap_or_else(PoisonError::into_inner).take();
                if let Some(act) = act {
                    tokio::select! {
                        _ = tokio::time::timeout(LAST_WITHIN, act) => {}
                        () = async { while one().await == Some(Told::HungUp) {} } => {}
                    }
                }
                // what is in flight was listed when the first signal came
                std::process::exit(i32::from(super::failure::code::INTERRUPTED));
            }
        }
    });
    stop
}

/// Does something that changes nothing, so that a signal may end it at once.
///
/// # Errors
/// Its own; and that it was told to stop.
pub async fn or_stopped<T>(
    work: impl Future<Output = Result<T, Failure>>,
    stop: &CancellationToken,
) -> Result<T, Failure> {
    tokio::select! {
        biased;
        () = stop.cancelled() => Err(Failure::Interrupted),
        result = work => result,
    }
}

/// As [`or_stopped`], for what a database is asked: the server is told, too. Otherwise it would go on.
///
/// # Errors
/// Those of the work; and that it was told to stop.
pub async fn or_cancelled<T>(
    canceller: &Canceller,
    work: impl Future<Output = Result<T, Failure>>,
    stop: &CancellationToken,
) -> Result<T, Failure> {
    let result = or_stopped(work, stop).await;
    if matches!(result, Err(Failure::Interrupted)) {
        // it may be gone, or not be reached; then it finds out by itself
        let _ = tokio::time::timeout(LAST_WITHIN, canceller.cancel()).await;
    }
    result
}

/// What told the process to stop.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Told {
    Stop,
    /// SIGHUP: the terminal has gone away.
    HungUp,
}

/// Waits for the next signal; nothing where none can come.
#[cfg(unix)]
async fn one() -> Option<Told> {
    use std::sync::OnceLock;
    use tokio::signal::unix::{Signal, SignalKind, signal};
    use tokio::sync::Mutex;
    type Source = OnceLock<Option<Mutex<Signal>>>;
    static TERM: Source = OnceLock::new();
    static HUP: Source = OnceLock::new();
    async fn next(source: &Option<Mutex<Signal>>) {
        match source {
            Some(source) => {
                source.lock().await.recv().await;
            }
            None => std::future::pending().await,
        }
    }
    let made = |kind| signal(kind).ok().map(Mutex::new);
    let term = TERM.get_or_init(|| made(SignalKind::terminate()));
    let hup = HUP.get_or_init(|| {
        if ignores_hangups() {
            return None;
        }
        made(SignalKind::hangup())
    });
    tokio::select! {
        r = tokio::signal::ctrl_c() => r.is_ok().then_some(Told::Stop),
        () = next(term) => Some(Told::Stop),
        () = next(hup) => Some(Told::HungUp),
    }
}

/// Tells whether the process was begun so that it outlives its terminal (`nohup`). Where that cannot be told it is taken
/// for one: listening would take that away.
#[cfg(unix)]
fn ignores_hangups() -> bool {
    let status = std::fs::read_to_string("/proc/self/status");
    status.map_or(true, |status| hangups_ignored_in(&status).unwrap_or(true))
}

/// Reads the mask of ignored signals as Linux writes it, in hexadecimal digits; SIGHUP is the lowest bit.
#[cfg(unix)]
fn hangups_ignored_in(status: &str) -> Option<bool> {
    let mask = status.lines().find_map(|l| l.strip_prefix("SigIgn:"))?;
    Some(u64::from_str_radix(mask.trim(), 16).ok()? & 1 == 1)
}

#[cfg(not(unix))]
async fn one() -> Option<Told> {
    tokio::signal::ctrl_c().await.is_ok().then_some(Told::Stop)
}

#[cfg(all(test, unix))]
mod tests {
    use super::hangups_ignored_in;

    #[test]
    fn a_process_begun_with_nohup_is_told_from_others() {
        let status =
            |mask| format!("Name:\tx\nSigBlk:\t0000000000000000\nSigIgn:\t{mask}\nSigCgt:\t01\n");
        assert_eq!(hangups_ignored_in(&status("0000000000001001")), Some(true));
        assert_eq!(hangups_ignored_in(&status("0000000000001000")), Some(false));
        assert_eq!(hangups_ignored_in("Name:\tx\n"), None);
        assert_eq!(hangups_ignored_in(&status("x")), None);
    }
}
