//! Connections that wait for work, and the task that closes those that waited too long.

use std::sync::{Arc, Weak};

use tokio::sync::Notify;
use tokio::time::{Instant, timeout_at};

use super::{Limits, Shared, close_all};
use crate::pg::session::Session;

/// The idle connections; the one used last is used next, so that those too many grow old.
#[derive(Default)]
pub(super) struct Idle {
    waiting: Vec<Waiting>,
    /// When the reaper wakes up next.
    wakes: Option<Instant>,
}

struct Waiting {
    session: Session,
    born: Instant,
    since: Instant,
}

/// When a connection has to go that was born and has been idle since then. `None` is never: a bound
/// beyond what the clock can count.
fn end(born: Instant, since: Instant, limits: &Limits) -> Option<Instant> {
    let (by_age, by_rest) = (
        born.checked_add(limits.lifetime),
        since.checked_add(limits.idle),
    );
    match (by_age, by_rest) {
        (Some(one), Some(other)) => Some(one.min(other)),
        (one, other) => one.or(other),
    }
}

impl Waiting {
    fn is_over(&self, now: Instant, limits: &Limits) -> bool {
        self.session.is_closed() || end(self.born, self.since, limits).is_some_and(|at| at <= now)
    }
}

impl Idle {
    pub(super) fn len(&self) -> usize {
        self.waiting.len()
    }

    /// Adds a connection; says whether the reaper has to look earlier than it means to.
    pub(super) fn put(
        &mut self,
        session: Session,
        born: Instant,
        now: Instant,
        limits: &Limits,
    ) -> bool {
        self.waiting.push(Waiting {
            session,
            born,
            since: now,
        });
        match (end(born, now, limits), self.wakes) {
            (Some(at), Some(wakes)) => at < wakes,
            (Some(_), None) => true,
            (None, _) => false,
        }
    }

    /// The connection used last, and all that are to be closed.
    pub(super) fn take(
        &mut self,
        now: Instant,
        limits: &Limits,
    ) -> (Vec<Session>, Option<(Session, Instant)>) {
        let expired = self.take_expired(now, limits);
        let found = self.waiting.pop();
        (expired, found.map(|found| (found.session, found.born)))
    }

    pub(super) fn take_all(&mut self) -> Vec<Session> {
        self.waiting.drain(..).map(|idle| idle.session).collect()
    }

    fn take_expired(&mut self, now: Instant, limits: &Limits) -> Vec<Session> {
        self.waiting
            .extract_if(.., |idle| idle.is_over(now, limits))
            .map(|idle| idle.session)
            .collect()
    }

    fn next_end(&self, limits: &Limits) -> Option<Instant> {
        self.waiting
            .iter()
            .filter_map(|idle| end(idle.born, idle.since, limits))
            .min()
    }
}

/// Closes idle connections when their time has come, until the pool is gone.
pub(super) async fn reap(pool: Weak<Shared>, sooner: Arc<Notify>) {
    loop {
        let (expired, next) = {
            let Some(shared) = pool.upgrade() else {
                return;
            };
            let mut idle = shared.idle();
            let expired = idle.take_expired(Instant::now(), &shared.limits);
            idle.wakes = idle.next_end(&shared.limits);
            (expired, idle.wakes)
        };
        close_all(expired).await;
        match next {
            Some(at) => drop(timeout_at(at, sooner.notified()).await),
            None => sooner.notified().await,
        }
    }
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use super::*;

    #[test]
    fn age_and_rest_end_a_connection_whichever_comes_first() {
        let seconds = Duration::from_secs;
        let limits = Limits {
            idle: seconds(60),
            lifetime: seconds(100),
            ..Limits::default()
        };
        let born = Instant::now();
        assert_eq!(end(born, born, &limits), Some(born + seconds(60)));
        let late = born + seconds(70);
        assert_eq!(end(born, late, &limits), Some(born + seconds(100)));
        let never = Limits {
            idle: Duration::MAX,
            lifetime: Duration::MAX,
            ..Limits::default()
        };
        assert_eq!(end(born, late, &never), None);
    }
}
