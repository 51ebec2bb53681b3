//! A session that is lent out, and what becomes of it afterwards.

use std::fmt;
use std::future::Future;
use std::ops::{Deref, DerefMut};
use std::sync::Arc;
use std::time::Duration;

use tokio::runtime::Handle;
use tokio::sync::OwnedSemaphorePermit;
use tokio::time::{Instant, timeout};

use super::Shared;
use crate::pg::error::Error;
use crate::pg::session::Session;

/// How long a connection may take to be cancelled or cleaned before it is given up.
const CLEANING: Duration = Duration::from_secs(10);

/// A session of a pool; dropping it gives it back.
pub struct Pooled {
    session: Session,
    born: Instant,
    /// The place in the pool; taken along by what happens after the drop.
    permit: Option<OwnedSemaphorePermit>,
    shared: Arc<Shared>,
    /// Others than the pool had their hands on it.
    pub(super) lent: bool,
}

impl Pooled {
    pub(super) fn new(
        session: Session,
        born: Instant,
        permit: OwnedSemaphorePermit,
        shared: &Arc<Shared>,
    ) -> Self {
        Self {
            session,
            born,
            permit: Some(permit),
            shared: Arc::clone(shared),
            lent: false,
        }
    }

    /// Closes the connection; its place is kept.
    pub(super) async fn discard(mut self) -> Option<OwnedSemaphorePermit> {
        let permit = self.permit.take();
        let session = self.session.hand_over();
        drop(self);
        session.close().await;
        permit
    }
}

impl Drop for Pooled {
    fn drop(&mut self) {
        let Some(permit) = self.permit.take() else {
            return; // discarded
        };
        if self.session.is_closed() {
            return;
        }
        let (session, born) = (self.session.hand_over(), self.born);
        let shared = Arc::clone(&self.shared);
        if session.unfinished {
            background(async move {
                stop(session).await;
                drop(permit);
            });
        } else if self.lent {
            background(async move {
                if clean(&session).await {
                    shared.put(session, born, permit);
                } else {
                    session.close().await;
                    drop(permit);
                }
            });
        } else {
            shared.put(session, born, permit);
        }
    }
}

/// Runs `task` without anybody waiting. Outside of a runtime nothing can be said to the server: the
/// connection is just dropped.
fn background(task: impl Future<Output = ()> + Send + 'static) {
    if let Ok(runtime) = Handle::try_current() {
        runtime.spawn(task);
    }
}

/// Cancels what a session is doing and closes it: what it did not commit is rolled back by the
/// server. It is not used again, because the cancel request might hit the next one's statement.
async fn stop(session: Session) {
    let _ = timeout(CLEANING, session.canceller().cancel()).await;
    session.close().await;
}

/// Makes a session like a new one; false when it is not fit for use any more.
async fn clean(session: &Session) -> bool {
    let cleaning = async {
        session.clean_up().await?;
        // Not DISCARD ALL, which would take the driver's own prepared statements too.
        session
            .batch("CLOSE ALL; UNLISTEN *; DISCARD TEMP; DISCARD SEQUENCES")
            .await?;
        drop(session.take_notices());
        Ok::<(), Error>(())
    };
    matches!(timeout(CLEANING, cleaning).await, Ok(Ok(())))
}

impl Deref for Pooled {
    type Target = Session;

    fn deref(&self) -> &Session {
        &self.session
    }
}

impl DerefMut for Pooled {
    fn deref_mut(&mut self) -> &mut Session {
        &mut self.session
    }
}

impl fmt::Debug for Pooled {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Pooled")
            .field("session", &self.session)
            .finish_non_exhaustive()
    }
}
