//! Ctrl-C and SIGTERM: once to stop in order, twice to stop at once.

use super::failure::Failure;
use crate::pg::Canceller;
use futures_util::future::BoxFuture;
use std::sync::{Mutex, PoisonError};
use std::time::Duration;
use tokio_util::sync::CancellationToken;

/// What is still to be done before the process ends at the second signal.
static LAST: Mutex<Option<BoxFuture<'static, ()>>> = Mutex::new(None);

/// How long that may take. A third signal ends it.
const LAST_WITHIN: Duration = Duration::from_secs(3);

/// Sets what is done before the process ends at the second signal.
pub fn at_last(act: Option<BoxFuture<'static, ()>>) {
    *LAST.lock().unwrap_or_else(PoisonError::into_inner) = act;
}

/// Listens for signals; the token is cancelled at the first, and the process ends at the second.
pub fn listen() -> CancellationToken {
    let stop = CancellationToken::new();
    let told = stop.clone();
    tokio::spawn(async move {
        let mut times = 0;
        while one().await {
            times += 1;
            told.cancel();
            if times > 1 {
                let act = LAST.lock().unwrap_or_else(PoisonError::into_inner).take();
                if let Some(act) = act {
                    tokio::select! {
                        _ = tokio::time::timeout(LAST_WITHIN, act) => {}
                        _ = one() => {}
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

#[cfg(unix)]
async fn one() -> bool {
    use std::sync::OnceLock;
    use tokio::signal::unix::{Signal, SignalKind, signal};
    use tokio::sync::Mutex;
    static TERM: OnceLock<Option<Mutex<Signal>>> = OnceLock::new();
    let term = TERM.get_or_init(|| signal(SignalKind::terminate()).ok().map(Mutex::new));
    let terminated = async {
        match term {
            Some(term) => {
                term.lock().await.recv().await;
            }
            None => std::future::pending().await,
        }
    };
    tokio::select! {
        r = tokio::signal::ctrl_c() => r.is_ok(),
        () = terminated => true,
    }
}

#[cfg(not(unix))]
async fn one() -> bool {
    tokio::signal::ctrl_c().await.is_ok()
}
