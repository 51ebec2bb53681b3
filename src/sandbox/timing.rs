//! The sandbox's clock: when something that takes minutes on AWS is over here.

use std::sync::Arc;
use std::sync::atomic::{AtomicI64, Ordering};
use std::time::{SystemTime, UNIX_EPOCH};

/// A moment in milliseconds since 1970.
pub type Moment = i64;

/// Where the time comes from, and how much faster than AWS's the life cycles run.
#[derive(Clone, Debug)]
pub struct Timing {
    clock: Clock,
    speed: f64,
}

#[derive(Clone, Debug)]
enum Clock {
    Wall,
    Manual(Arc<AtomicI64>),
}

impl Timing {
    /// The wall clock, with life cycles `speed` times as fast as on AWS (1.0 is real time).
    pub fn scaled(speed: f64) -> Self {
        Timing {
            clock: Clock::Wall,
            speed: speed.max(0.001),
        }
    }

    /// A clock that only the returned handle moves (milliseconds), at AWS's own pace. For tests.
    pub fn manual(start: Moment) -> (Self, Arc<AtomicI64>) {
        let handle = Arc::new(AtomicI64::new(start));
        let timing = Timing {
            clock: Clock::Manual(handle.clone()),
            speed: 1.0,
        };
        (timing, handle)
    }

    /// Returns the present moment.
    pub fn now(&self) -> Moment {
        match &self.clock {
            Clock::Manual(at) => at.load(Ordering::SeqCst),
            Clock::Wall => SystemTime::now()
                .duration_since(UNIX_EPOCH)
                .map(|d| d.as_millis() as Moment)
                .unwrap_or_default(),
        }
    }

    /// Returns the moment at which something is over that takes `seconds` on AWS.
    pub fn after(&self, seconds: f64) -> Moment {
        self.now() + (seconds * 1000.0 / self.speed) as Moment
    }

    /// Returns how long `seconds` of AWS's time last here, in milliseconds.
    pub fn lasts(&self, seconds: f64) -> u64 {
        (seconds * 1000.0 / self.speed) as u64
    }
}
