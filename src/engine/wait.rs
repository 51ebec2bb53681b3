//! Time comes in from outside: the clock, and the one place that sleeps.

use crate::model::{Addr, Class, Fault, Residue};
use crate::resource::Wait;
use futures_util::future::BoxFuture;
use std::time::{Duration, Instant, SystemTime, UNIX_EPOCH};
use tokio_util::sync::CancellationToken;

/// Where the engine's time comes from.
pub trait Clock: Send + Sync {
    /// Seconds since some moment before the run.
    fn now(&self) -> f64;
    /// The moment, as RFC 3339 in UTC.
    fn stamp(&self) -> String;
    /// Waits.
    fn sleep(&self, seconds: f64) -> BoxFuture<'static, ()>;
    /// A number from 0 to 1 that differs between runs, so that several do not poll in step.
    fn jitter(&self) -> f64;
    /// How much faster than AWS's time this clock's world runs; 1 but in the sandbox.
    fn speed(&self) -> f64;
}

/// The machine's clock.
#[derive(Clone, Debug)]
pub struct RealClock {
    started: Instant,
    speed: f64,
}

impl RealClock {
    /// Makes a clock for a world that runs `speed` times as fast as AWS.
    pub fn new(speed: f64) -> Self {
        RealClock {
            started: Instant::now(),
            speed,
        }
    }
}

impl Clock for RealClock {
    fn now(&self) -> f64 {
        self.started.elapsed().as_secs_f64()
    }
    fn stamp(&self) -> String {
        format!("{:.3}", jiff::Timestamp::now())
    }
    fn sleep(&self, seconds: f64) -> BoxFuture<'static, ()> {
        #[allow(clippy::disallowed_methods)] // the one place
        Box::pin(tokio::time::sleep(Duration::from_secs_f64(
            seconds.max(0.0),
        )))
    }
    fn jitter(&self) -> f64 {
        let nanos = SystemTime::now()
            .duration_since(UNIX_EPOCH)
            .map(|d| d.subsec_nanos())
            .unwrap_or_default();
        f64::from(nanos % 1000) / 1000.0
    }
    fn speed(&self) -> f64 {
        self.speed
    }
}

/// Rounds seconds to what is worth telling; events then survive JSON unchanged.
pub(super) fn millis(seconds: f64) -> f64 {
    (seconds * 1000.0).round() / 1000.0
}

/// The rhythm of one step's looks: soon at first, then at the kind's own cadence, never past its limit.
pub(super) struct Pace<'a> {
    clock: &'a dyn Clock,
    stop: &'a CancellationToken,
    wait: Wait,
    started: f64,
    next: f64,
    /// How many times the kind's limit this step may take.
    granted: f64,
}

/// The shortest pause in real seconds, however fast the world runs.
const SHORTEST: f64 = 0.02;

/// The shortest limit in real seconds: however fast the sandbox's world runs, the machine under it does not.
const SHORTEST_LIMIT: f64 = 60.0;

impl<'a> Pace<'a> {
    pub(super) fn new(clock: &'a dyn Clock, stop: &'a CancellationToken, wait: Wait) -> Self {
        Pace {
            clock,
            stop,
            wait,
            started: clock.now(),
            next: wait.every.min(1.0),
            granted: 1.0,
        }
    }

    /// Seconds since the step began.
    pub(super) fn seconds(&self) -> f64 {
        millis(self.clock.now() - self.started)
    }

    /// Seconds after which the step is given up.
    pub(super) fn limit(&self) -> f64 {
        millis(self.granted * (self.wait.up_to / self.clock.speed()).max(SHORTEST_LIMIT))
    }

    /// Gives as much time again: another call that takes its own time was made.
    pub(super) fn grant(&mut self) {
        self.granted += 1.0;
    }

    /// Starts the rhythm again: something was just changed, so that the first looks come soon.
    pub(super) fn quicken(&mut self) {
        self.next = self.wait.every.min(1.0);
    }

    /// Waits before what gave this fault is tried again.
    ///
    /// # Errors
    /// Where the run was told to stop, or the limit is reached: then the fault itself, which tells more than the wait.
    pub(super) async fn retry(&mut self, addr: &Addr, fault: Fault) -> Result<(), Fault> {
        if self.seconds() >= self.limit() {
            let message = format!("{} (still so after {:.0} s)", fault.message, self.seconds());
            return Err(Fault { message, ..fault });
        }
        let status = fault.code.unwrap_or(fault.message);
        self.pause(addr, &status).await
    }

    /// Waits for the next look.
    ///
    /// # Errors
    /// Where the run was told to stop, or the limit is reached; what was waited for is `status`.
    pub(super) async fn pause(&mut self, addr: &Addr, status: &str) -> Result<(), Fault> {
        if self.seconds() >= self.limit() {
            return Err(Fault::new(
                "wait",
                Class::Transient,
                format!("{addr} is still `{status}` after {:.0} s", self.seconds()),
            )
            .residue(Residue::Remains)
            .help("AWS carries on; run the same command again to go on waiting"));
        }
        let spread = 0.8 + 0.4 * self.clock.jitter();
        let pause = (self.next * spread / self.clock.speed()).max(SHORTEST);
        self.next = (self.next * 1.6).min(self.wait.every);
        tokio::select! {
            biased;
            () = self.stop.cancelled() => Err(interrupted(status)),
            () = self.clock.sleep(pause) => Ok(()),
        }
    }
}

pub(super) fn interrupted(status: &str) -> Fault {
    Fault::new(
        "wait",
        Class::Interrupted,
        format!("stopped while waiting ({status}); AWS carries on"),
    )
    .residue(Residue::Remains)
    .help("run the same command again: it goes on from here")
}
