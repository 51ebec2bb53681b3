//! One connection and the task that drives it.

use std::collections::VecDeque;
use std::fmt;
use std::future::{Future, poll_fn};
use std::sync::{Arc, Mutex, OnceLock, PoisonError};
use std::time::Duration;

use tokio::io::{AsyncRead, AsyncWrite};
use tokio::task::JoinHandle;
use tokio_postgres::{AsyncMessage, CancelToken, Client, Connection};

use super::connect::Dialer;
use super::error::Error;

/// What the server says besides results (`NOTICE`, `WARNING`).
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Notice {
    /// `NOTICE`, `WARNING`, … in the server's language.
    pub severity: String,
    /// SQLSTATE.
    pub sqlstate: String,
    /// The message.
    pub message: String,
}

/// How many notices are kept until someone takes them; the oldest go first.
const KEPT_NOTICES: usize = 1000;
/// How much longer than the server the client waits for a statement to end.
const GRACE: Duration = Duration::from_secs(15);

/// A logged-in connection. Dropping it closes it.
pub struct Session {
    wire: Arc<Wire>,
    limit: Option<Duration>,
    /// A call began a transaction or took the lock and did not come to its end (its future was
    /// dropped): the next call cleans up first.
    pub(super) unfinished: bool,
    /// Whether it waits where another run is at work in the database.
    pub(super) patient: bool,
}

/// The connection itself; closed when it is dropped.
struct Wire {
    client: Client,
    driver: JoinHandle<()>,
    notices: Arc<Mutex<VecDeque<Notice>>>,
    end: Arc<OnceLock<Error>>,
    dialer: Dialer,
}

impl fmt::Debug for Session {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Session")
            .field("closed", &self.is_closed())
            .finish_non_exhaustive()
    }
}

impl Session {
    pub(super) fn start<S, T>(
        client: Client,
        mut connection: Connection<S, T>,
        dialer: Dialer,
        limit: Option<Duration>,
    ) -> Self
    where
        S: AsyncRead + AsyncWrite + Unpin + Send + 'static,
        T: AsyncRead + AsyncWrite + Unpin + Send + 'static,
    {
        let notices = Arc::new(Mutex::new(VecDeque::new()));
        let end = Arc::new(OnceLock::new());
        let (kept, reason) = (Arc::clone(&notices), Arc::clone(&end));
        let driver = tokio::spawn(async move {
            while let Some(message) = poll_fn(|context| connection.poll_message(context)).await {
                match message {
                    Ok(AsyncMessage::Notice(notice)) => {
                        let mut kept = kept.lock().unwrap_or_else(PoisonError::into_inner);
                        if kept.len() == KEPT_NOTICES {
                            kept.pop_front();
                        }
                        kept.push_back(Notice {
                            severity: notice.severity().to_owned(),
                            sqlstate: notice.code().code().to_owned(),
                            message: notice.message().to_owned(),
                        });
                    }
                    Ok(_) => {}
                    // Kept before the connection is dropped, so that whoever is told "closed" can
                    // look up why.
                    Err(error) => {
                        let _ = reason.set(Error::from(error));
                        break;
                    }
                }
            }
        });
        Self {
            wire: Arc::new(Wire {
                client,
                driver,
                notices,
                end,
                dialer,
            }),
            limit,
            unfinished: false,
            patient: true,
        }
    }

    /// The same session for another owner, while this one is being dropped: two must never be used
    /// at once.
    pub(super) fn hand_over(&self) -> Self {
        Self {
            wire: Arc::clone(&self.wire),
            ..*self
        }
    }

    /// Whether the connection has ended, by either side.
    #[must_use]
    pub fn is_closed(&self) -> bool {
        self.wire.client.is_closed() || self.wire.driver.is_finished()
    }

    /// The driver's client, for queries of the caller's own. Its errors become ours with
    /// [`Session::error`].
    #[must_use]
    pub fn client(&self) -> &Client {
        &self.wire.client
    }

    /// The driver's error as ours, with the reason when the connection has ended.
    #[must_use]
    pub fn error(&self, error: tokio_postgres::Error) -> Error {
        match (Error::from(error), self.wire.end.get()) {
            (
                Error::ConnectionLost {
                    cause: None,
                    sqlstate: None,
                },
                Some(end),
            ) => end.clone(),
            (error, _) => error,
        }
    }

    /// Why the connection has ended.
    pub(super) fn ended(&self) -> Error {
        self.wire
            .end
            .get()
            .cloned()
            .unwrap_or(Error::ConnectionLost {
                cause: None,
                sqlstate: None,
            })
    }

    /// The notices since the last call, oldest first (the last 1000 at most).
    #[must_use]
    pub fn take_notices(&self) -> Vec<Notice> {
        self.wire
            .notices
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
            .drain(..)
            .collect()
    }

    /// Where another run is at work in the database, says so ([`Error::Occupied`]) instead of waiting for its end.
    #[must_use]
    pub fn not_waiting(mut self) -> Self {
        self.patient = false;
        self
    }

    /// A handle that cancels what this session is doing, from another task.
    #[must_use]
    pub fn canceller(&self) -> Canceller {
        Canceller {
            dialer: self.wire.dialer.clone(),
            token: self.wire.client.cancel_token(),
        }
    }

    /// Says good-bye and waits (shortly) until the connection is closed. An unfinished statement is
    /// rolled back.
    pub async fn close(self) {
        // Else the one who handed it over is about to let go of it, which closes it too.
        let Some(Wire { client, driver, .. }) = Arc::into_inner(self.wire) else {
            return;
        };
        drop(client);
        let stop = driver.abort_handle();
        if tokio::time::timeout(Duration::from_secs(2), driver)
            .await
            .is_err()
        {
            stop.abort();
        }
    }

    /// Runs SQL without parameters and ignores rows.
    pub(super) async fn batch(&self, sql: &str) -> Result<(), Error> {
        self.timed(self.client().batch_execute(sql)).await
    }

    /// Awaits a call of the driver, at most a little longer than the server's own limit: when the
    /// server is gone without a word, nothing else would end the wait.
    pub(super) async fn timed<T>(
        &self,
        call: impl Future<Output = Result<T, tokio_postgres::Error>>,
    ) -> Result<T, Error> {
        let Some(limit) = self.limit else {
            return call.await.map_err(|error| self.error(error));
        };
        let after = limit.saturating_add(GRACE);
        match tokio::time::timeout(after, call).await {
            Ok(result) => result.map_err(|error| self.error(error)),
            Err(_) => Err(Error::TimedOut {
                what: "a statement",
                after,
            }),
        }
    }

    /// Undoes what a dropped call left behind.
    pub(super) async fn recover(&mut self) -> Result<(), Error> {
        if self.unfinished {
            self.batch("ROLLBACK").await?;
            self.batch("SELECT pg_advisory_unlock_all()").await?;
            self.unfinished = false;
        }
        Ok(())
    }
}

/// Cancels a session's current statement, from outside.
#[derive(Clone)]
pub struct Canceller {
    dialer: Dialer,
    token: CancelToken,
}

impl fmt::Debug for Canceller {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Canceller")
    }
}

impl Canceller {
    /// Asks the server to cancel. The statement then fails with 57014, unless it was faster.
    pub async fn cancel(&self) -> Result<(), Error> {
        self.dialer.cancel(&self.token).await
    }
}
