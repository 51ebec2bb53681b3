//! Time that passes only when nothing else can happen.

use cruddur_infra::engine::Clock;
use futures_util::future::BoxFuture;
use std::collections::BTreeMap;
use std::future::Future;
use std::pin::{Pin, pin};
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex};
use std::task::{Context, Poll, Wake, Waker};

#[derive(Default)]
struct Inner {
    /// In whole microseconds: a rounding error must not set the same timer for ever.
    now: u64,
    serial: u64,
    timers: BTreeMap<(u64, u64), Waker>,
}

/// A clock that [`run`] moves.
#[derive(Clone, Default)]
pub struct VirtualClock(Arc<Mutex<Inner>>);

impl VirtualClock {
    fn sleep_for(&self, seconds: f64) -> Sleep {
        let deadline = self.0.lock().unwrap().now + (seconds * 1e6).ceil() as u64;
        Sleep {
            clock: self.clone(),
            deadline,
        }
    }
    pub fn seconds(&self) -> f64 {
        self.0.lock().unwrap().now as f64 / 1e6
    }
}

struct Sleep {
    clock: VirtualClock,
    deadline: u64,
}

impl Future for Sleep {
    type Output = ();
    fn poll(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<()> {
        let mut inner = self.clock.0.lock().unwrap();
        if inner.now >= self.deadline {
            return Poll::Ready(());
        }
        inner.serial += 1;
        let key = (self.deadline, inner.serial);
        inner.timers.insert(key, cx.waker().clone());
        Poll::Pending
    }
}

impl Clock for VirtualClock {
    fn now(&self) -> f64 {
        self.seconds()
    }
    fn stamp(&self) -> String {
        format!("T+{:.3}", self.seconds())
    }
    fn sleep(&self, seconds: f64) -> BoxFuture<'static, ()> {
        Box::pin(self.sleep_for(seconds))
    }
    fn jitter(&self) -> f64 {
        0.5
    }
    fn speed(&self) -> f64 {
        1.0
    }
}

struct Flag(AtomicBool);
impl Wake for Flag {
    fn wake(self: Arc<Self>) {
        self.0.store(true, Ordering::SeqCst);
    }
}

/// Runs a future to its end; whenever it can do nothing, time jumps to the next timer.
pub fn run<F: Future>(clock: &VirtualClock, future: F) -> F::Output {
    let mut future = pin!(future);
    let flag = Arc::new(Flag(AtomicBool::new(true)));
    let waker = Waker::from(flag.clone());
    let mut cx = Context::from_waker(&waker);
    loop {
        if flag.0.swap(false, Ordering::SeqCst) {
            if let Poll::Ready(out) = future.as_mut().poll(&mut cx) {
                return out;
            }
            continue;
        }
        let woken = {
            let mut inner = clock.0.lock().unwrap();
            let first = inner.timers.pop_first();
            if let Some(((at, _), _)) = &first {
                inner.now = inner.now.max(*at);
            }
            first
        };
        match woken {
            Some((_, waker)) => waker.wake(),
            None => panic!("nothing can happen any more: a deadlock"),
        }
    }
}
