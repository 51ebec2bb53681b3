//! The time of a storm: the engine's clock and the sandbox's are one, and it moves only when nothing else can happen.
//!
//! Calls go over real sockets, so that nobody can tell for sure that nothing can happen. Everything of one storm runs on
//! one thread; when that thread has had nothing to do for two ticks, the clock moves to the next timer. Moving too
//! early does no harm: to the program it looks as if that call had taken longer.

use cruddur_infra::engine::Clock;
use cruddur_infra::sandbox::timing::Timing;
use futures_util::future::BoxFuture;
use std::collections::BTreeMap;
use std::future::Future;
use std::pin::Pin;
use std::sync::atomic::{AtomicI64, Ordering};
use std::sync::{Arc, Mutex};
use std::task::{Context, Poll, Waker};
use std::time::Duration;
use tokio::runtime::Handle;
use tokio::task::JoinHandle;

/// When every storm begins, in milliseconds since 1970.
const START: i64 = 1_790_000_000_000;
/// How long a tick lasts.
const TICK: Duration = Duration::from_millis(1);
/// With less to do than this in a tick the thread is idle.
const IDLE: Duration = Duration::from_micros(150);

/// The clock of one storm.
#[derive(Clone)]
pub struct StormClock(Arc<Inner>);

struct Inner {
    aws: Arc<AtomicI64>,
    state: Mutex<State>,
}

#[derive(Default)]
struct State {
    /// Microseconds since the storm began.
    now: u64,
    serial: u64,
    timers: BTreeMap<(u64, u64), Waker>,
}

impl StormClock {
    /// Makes one, and the sandbox's side of it.
    pub fn new() -> (Self, Timing) {
        let (timing, aws) = Timing::manual(START);
        let state = Mutex::default();
        (StormClock(Arc::new(Inner { aws, state })), timing)
    }

    /// Lets time pass.
    pub fn pass(&self, seconds: f64) {
        let mut state = self.0.state.lock().unwrap();
        let to = state.now + (seconds * 1e6) as u64;
        self.set(&mut state, to);
    }

    fn set(&self, state: &mut State, to: u64) {
        state.now = state.now.max(to);
        let aws = START + (state.now / 1000) as i64;
        self.0.aws.store(aws, Ordering::SeqCst);
    }

    /// Moves to the next timer. Tells whether there was one.
    fn leap(&self) -> bool {
        let waker = {
            let mut state = self.0.state.lock().unwrap();
            let Some(((at, _), waker)) = state.timers.pop_first() else {
                return false;
            };
            self.set(&mut state, at);
            waker
        };
        waker.wake();
        true
    }

    /// Starts to move the clock of the present runtime, which has one thread.
    pub fn run(&self) -> Ticking {
        let clock = self.clone();
        Ticking(tokio::spawn(async move {
            let metrics = Handle::current().metrics();
            let mut quiet = 0;
            loop {
                let before = metrics.worker_total_busy_duration(0);
                tokio::time::sleep(TICK).await;
                let busy = metrics.worker_total_busy_duration(0) - before;
                quiet = if busy < IDLE { quiet + 1 } else { 0 };
                if quiet >= 2 && clock.leap() {
                    quiet = 0;
                }
            }
        }))
    }
}

/// Moves a clock for as long as it is there.
pub struct Ticking(JoinHandle<()>);

impl Drop for Ticking {
    fn drop(&mut self) {
        self.0.abort();
    }
}

struct Sleep {
    clock: StormClock,
    deadline: u64,
}

impl Future for Sleep {
    type Output = ();
    fn poll(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<()> {
        let mut state = self.clock.0.state.lock().unwrap();
        if state.now >= self.deadline {
            return Poll::Ready(());
        }
        state.serial += 1;
        let key = (self.deadline, state.serial);
        state.timers.insert(key, cx.waker().clone());
        Poll::Pending
    }
}

impl Clock for StormClock {
    fn now(&self) -> f64 {
        self.0.state.lock().unwrap().now as f64 / 1e6
    }
    fn stamp(&self) -> String {
        format!("T+{:.3}", self.now())
    }
    fn sleep(&self, seconds: f64) -> BoxFuture<'static, ()> {
        let micros = (seconds.max(0.0) * 1e6).ceil() as u64;
        let deadline = self.0.state.lock().unwrap().now + micros;
        let clock = self.clone();
        Box::pin(Sleep { clock, deadline })
    }
    fn jitter(&self) -> f64 {
        0.5
    }
    fn speed(&self) -> f64 {
        1.0
    }
}
