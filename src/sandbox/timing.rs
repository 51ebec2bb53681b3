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
    /// By how many milliseconds the clock was put forward or back; shared by all clones.
    jumped: Arc<AtomicI64>,
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
            jumped: Arc::default(),
        }
    }

    /// A clock that only the returned handle moves (milliseconds), at AWS's own pace. For tests.
    pub fn manual(start: Moment) -> (Self, Arc<AtomicI64>) {
        let handle = Arc::new(AtomicI64::new(start));
        let timing = Timing {
            clock: Clock::Manual(handle.clone()),
            speed: 1.0,
            jumped: Arc::default(),
        };
        (timing, handle)
    }

    /// Returns the present moment.
    pub fn now(&self) -> Moment {
        let at = match &self.clock {
            Clock::Manual(at) => at.load(Ordering::SeqCst),
            Clock::Wall => SystemTime::now()
                .duration_since(UNIX_EPOCH)
                .map(|d| d.as_millis() as Moment)
                .unwrap_or_default(),
        };
        at + self.jumped.load(Ordering::SeqCst)
    }

    /// Puts the clock forward by so many seconds of AWS's, or back where they are negative: for all who share it, from
    /// now on.
    pub fn jump(&self, seconds: f64) {
        let by = (seconds * 1000.0 / self.speed) as Moment;
        self.jumped.fetch_add(by, Ordering::SeqCst);
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

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_clock_that_jumps_does_so_for_all_who_share_it() {
        let (timing, _) = Timing::manual(1_000_000);
        let other = timing.clone();
        timing.jump(60.0);
        assert_eq!(other.now(), 1_060_000);
        other.jump(-90.5);
        assert_eq!(timing.now(), 969_500);
        assert_eq!(timing.after(1.0), 970_500);
        assert_eq!(timing.lasts(1.0), 1000, "a duration stays as long as it is");
        // in AWS's seconds, as everything here
        let fast = Timing::scaled(100.0);
        let before = fast.now();
        fast.jump(360_000.0);
        assert!(fast.now() >= before + 3_600_000);
    }
}
