//! Sessions that many callers share.
//!
//! A [`Pool`] opens a connection when someone needs one and none is idle, and never has more than
//! its limit: who comes when all are in use waits, in order, for a bounded time. Nothing is dialled
//! before the first use.
//!
//! What becomes of a query when its connection dies:
//!
//! | lost | becomes |
//! |---|---|
//! | while idle, or before the statement ran | asked again, once, on a fresh connection |
//! | while a template that changes nothing ran | the same: it ran `READ ONLY` |
//! | while a change ran | [`Error::ConnectionLost`]: the server rolls it back |
//! | while a change was committed | [`Error::CommitUnknown`]: never repeated by itself |
//!
//! A connection whose user went away in the middle (a dropped future, a [`Transaction`] that is not
//! committed) is never given to the next one: what it does is cancelled and it is closed, and its
//! place is free once that is done.
//!
//! ```no_run
//! # use cruddur_infra::pg::{Error, Params, Pool, Template};
//! # async fn example(pool: &Pool, debit: &Template, credit: &Template) -> Result<(), Error> {
//! let mut transaction = pool.begin("a transfer").await?;
//! let params = Params::new().with("amount", 5_i64);
//! transaction.execute(debit, &params).await?;
//! transaction.execute(credit, &params).await?;
//! transaction.commit().await // without it everything is rolled back
//! # }
//! ```

mod idle;
mod pooled;
mod queries;
mod transaction;

#[cfg(test)]
mod hostile_tests;
#[cfg(test)]
mod live_tests;
#[cfg(test)]
mod lost_tests;

use std::fmt;
use std::sync::{Arc, Mutex, MutexGuard, OnceLock, PoisonError};
use std::time::Duration;

use futures_util::future::join_all;
use tokio::runtime::Handle;
use tokio::sync::{Notify, OwnedSemaphorePermit, Semaphore};
use tokio::task::AbortHandle;
use tokio::time::{Instant, timeout};

pub use pooled::Pooled;
pub use transaction::Transaction;

use super::connect::Connector;
use super::connection_url::ConnectionUrl;
use super::error::Error;
use super::session::Session;
use idle::Idle;

/// The bounds of a pool.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Limits {
    /// How many connections there may be; 10 by default, at least 1.
    pub connections: usize,
    /// How long to wait for a free one; 5 s by default. Dialling has a bound of its own
    /// ([`Options::connect_timeout`](super::Options::connect_timeout)).
    pub wait: Duration,
    /// How long a connection is kept without being used; 10 min by default.
    pub idle: Duration,
    /// How old a connection may become; 30 min by default. One that is in use is closed afterwards.
    pub lifetime: Duration,
}

impl Default for Limits {
    fn default() -> Self {
        Self {
            connections: 10,
            wait: Duration::from_secs(5),
            idle: Duration::from_secs(600),
            lifetime: Duration::from_secs(1800),
        }
    }
}

/// What a pool is doing.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Status {
    /// Connections that wait for work.
    pub idle: usize,
    /// Connections in use, being opened or being closed.
    pub in_use: usize,
    /// How many there may be.
    pub limit: usize,
}

/// Connections to one database. Clones share them; dropping the last one closes what is idle.
#[derive(Clone)]
pub struct Pool {
    shared: Arc<Shared>,
}

/// What all clones, and everything that is lent out, share.
struct Shared {
    connector: Connector,
    url: ConnectionUrl,
    limits: Limits,
    places: Arc<Semaphore>,
    idle: Mutex<Idle>,
    /// An idle connection ends sooner than the reaper thinks.
    sooner: Arc<Notify>,
    reaper: OnceLock<AbortHandle>,
}

impl Pool {
    /// A pool for `url`. Nothing is dialled yet.
    #[must_use]
    pub fn new(connector: Connector, url: ConnectionUrl, limits: Limits) -> Self {
        let limits = Limits {
            connections: limits.connections.clamp(1, Semaphore::MAX_PERMITS),
            ..limits
        };
        Self {
            shared: Arc::new(Shared {
                places: Arc::new(Semaphore::new(limits.connections)),
                connector,
                url,
                limits,
                idle: Mutex::default(),
                sooner: Arc::default(),
                reaper: OnceLock::new(),
            }),
        }
    }

    /// Lends a session, for what the pool's own methods do not do. Afterwards its settings are reset
    /// and its locks and temporary tables given up, before another one gets it. It is not tried out:
    /// a server that went away is only noticed by the first call.
    ///
    /// # Errors
    /// [`Error::PoolExhausted`], [`Error::PoolClosed`], and why no connection could be made.
    pub async fn get(&self) -> Result<Pooled, Error> {
        let mut pooled = self.checkout().await?;
        pooled.lent = true;
        Ok(pooled)
    }

    /// What the pool is doing now.
    #[must_use]
    pub fn status(&self) -> Status {
        Status {
            idle: self.shared.idle().len(),
            in_use: self.shared.in_use(),
            limit: self.shared.limits.connections,
        }
    }

    /// Closes the pool: who waits or comes gets [`Error::PoolClosed`], idle connections are closed
    /// before this returns, those in use when they are given back.
    pub async fn close(&self) {
        self.shared.places.close();
        let idle = self.shared.idle().take_all();
        close_all(idle).await;
    }

    /// An idle connection, else a new one.
    async fn checkout(&self) -> Result<Pooled, Error> {
        let permit = self.shared.place().await?;
        let (expired, found) = self.shared.idle().take(Instant::now(), &self.shared.limits);
        // Closed before another one is opened, so that the server never has one too many.
        close_all(expired).await;
        match found {
            Some((session, born)) => Ok(Pooled::new(session, born, permit, &self.shared)),
            None => self.open(permit).await,
        }
    }

    /// A new connection in the place that `permit` stands for.
    async fn open(&self, permit: OwnedSemaphorePermit) -> Result<Pooled, Error> {
        let shared = &self.shared;
        let session = shared.connector.connect(&shared.url).await?;
        Ok(Pooled::new(session, Instant::now(), permit, shared))
    }

    /// A new connection in the place of `lost`.
    async fn replace(&self, lost: Pooled) -> Result<Pooled, Error> {
        match lost.discard().await {
            Some(permit) => self.open(permit).await,
            None => self.checkout().await,
        }
    }
}

impl fmt::Debug for Pool {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Pool")
            .field("url", &self.shared.url)
            .field("limits", &self.shared.limits)
            .field("status", &self.status())
            .finish()
    }
}

impl Shared {
    fn idle(&self) -> MutexGuard<'_, Idle> {
        self.idle.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn in_use(&self) -> usize {
        let limit = self.limits.connections;
        limit.saturating_sub(self.places.available_permits())
    }

    /// Waits for the right to have a connection.
    async fn place(&self) -> Result<OwnedSemaphorePermit, Error> {
        let begun = Instant::now();
        let place = Arc::clone(&self.places).acquire_owned();
        match timeout(self.limits.wait, place).await {
            Ok(Ok(permit)) => Ok(permit),
            Ok(Err(_closed)) => Err(Error::PoolClosed),
            Err(_late) => Err(Error::PoolExhausted {
                in_use: self.in_use(),
                limit: self.limits.connections,
                waited: begun.elapsed(),
            }),
        }
    }

    /// Takes a session back that is fit for the next one. The place is given up afterwards, so that
    /// who gets it finds the session.
    fn put(self: &Arc<Self>, session: Session, born: Instant, permit: OwnedSemaphorePermit) {
        if self.places.is_closed() {
            return; // dropping it closes it
        }
        let sooner = self.idle().put(session, born, Instant::now(), &self.limits);
        if sooner {
            self.sooner.notify_one();
        }
        if let Ok(runtime) = Handle::try_current() {
            self.reaper.get_or_init(|| {
                let task = idle::reap(Arc::downgrade(self), Arc::clone(&self.sooner));
                runtime.spawn(task).abort_handle()
            });
        }
        drop(permit);
    }
}

impl Drop for Shared {
    fn drop(&mut self) {
        if let Some(reaper) = self.reaper.get() {
            reaper.abort();
        }
    }
}

/// Says good-bye on all of them at once.
async fn close_all(sessions: Vec<Session>) {
    join_all(sessions.into_iter().map(Session::close)).await;
}
