//! The life cycle: what becomes of an instance as time goes by (aws-facts §1.2). All durations are AWS's, in seconds.

use super::catalog;
use super::fields::Patch;
use super::model::{Flight, Instance, Phase, State};
use super::windows;
use crate::sandbox::timing::{Moment, Timing};

/// `creating`, from the call on.
pub const CREATING: f64 = 300.0;
/// Until the endpoint can be seen.
pub const ENDPOINT: f64 = 200.0;
/// `backing-up` after it, where backups are on.
pub const BACKING_UP: f64 = 60.0;
/// How long an instance still says `available` after ModifyDBInstance (aws-facts §1.3, the race).
pub const LAG: f64 = 10.0;
/// `modifying`.
pub const MODIFYING: f64 = 180.0;
/// `upgrading`.
pub const UPGRADING: f64 = 480.0;
/// `storage-optimization`, in which the instance is usable.
pub const OPTIMIZING: f64 = 600.0;
/// `resetting-master-credentials`.
pub const RESETTING: f64 = 30.0;
/// `stopping`.
pub const STOPPING: f64 = 120.0;
/// `starting`.
pub const STARTING: f64 = 240.0;
/// `rebooting`.
pub const REBOOTING: f64 = 60.0;
/// `deleting`.
pub const DELETING: f64 = 180.0;
/// Until a group is `active`, or a secret, or a parameter group applied.
pub const SETTLING: f64 = 60.0;
/// A snapshot.
pub const SNAPSHOT: f64 = 120.0;
/// After which time AWS starts a stopped instance: seven days (aws-facts §1.4).
pub const RESTART_AFTER: f64 = 7.0 * 24.0 * 3600.0;
/// An instance stays stopped at least so many milliseconds of real time: however fast the world runs, its user does not.
pub const STOPPED_AT_LEAST: Moment = 10 * 60 * 1000;

impl State {
    /// Lets everything happen that is due.
    pub fn settle(&mut self, timing: &Timing) {
        let now = timing.now();
        self.instances
            .retain(|_, i| i.gone_at.is_none_or(|gone| now < gone));
        let mut renamed = Vec::new();
        for instance in self.instances.values_mut() {
            let old = instance.id.clone();
            instance.settle(timing);
            if instance.id != old {
                renamed.push(old);
            }
        }
        for old in renamed {
            if let Some(instance) = self.instances.remove(&old) {
                self.instances.insert(instance.id.clone(), instance);
            }
        }
    }
}

impl Instance {
    /// Returns `DBInstanceStatus`.
    pub fn status(&self, now: Moment) -> &str {
        let phase = self.phases.iter().find(|p| p.from <= now && now < p.until);
        match phase {
            Some(phase) if phase.status == "deleting" => &phase.status,
            _ if self.failure.is_some() => "failed",
            // its server is still being made, by this command or another one, whatever the clock says
            _ if self.first_password.is_some() => "creating",
            Some(phase) => &phase.status,
            None if self.stopped.is_some() => "stopped",
            None => "available",
        }
    }

    /// Tells whether it can be modified: usable and not about to be anything else.
    pub fn is_modifiable(&self, now: Moment) -> bool {
        matches!(self.status(now), "available" | "storage-optimization")
    }

    /// Tells whether a storage change is under way or still being optimised.
    pub fn is_optimizing(&self, now: Moment) -> bool {
        self.flights.iter().any(|f| f.patch.touches_storage())
            || self
                .phases
                .iter()
                .any(|p| p.status == "storage-optimization" && now < p.until)
    }

    /// Adds a phase after all others, not before `from`. Returns when it ends.
    pub fn enter(&mut self, status: &str, from: Moment, seconds: f64, timing: &Timing) -> Moment {
        let last = self.phases.iter().map(|p| p.until).max();
        let from = last.map_or(from, |last| last.max(from));
        let until = from + Moment::try_from(timing.lasts(seconds)).unwrap_or(Moment::MAX / 2);
        self.phases.push(Phase {
            status: status.to_owned(),
            from,
            until,
        });
        until
    }

    /// Starts what happens next at once: what was to come is forgotten.
    pub fn cut_short(&mut self, now: Moment) {
        self.phases.retain(|p| p.from < now);
        for phase in &mut self.phases {
            phase.until = phase.until.min(now);
        }
    }

    /// Sets changes going, not before `from`.
    pub fn fly(&mut self, mut patch: Patch, from: Moment, timing: &Timing) {
        // the optimisation of earlier storage does not hold up anything
        if let Some(running) = self
            .phases
            .iter_mut()
            .find(|p| p.status == "storage-optimization")
        {
            running.until = running.until.min(from.max(running.from));
        }
        if std::mem::take(&mut patch.password) {
            let lands_at = self.enter("resetting-master-credentials", from, RESETTING, timing);
            let patch = Patch {
                password: true,
                ..Patch::default()
            };
            self.flights.push(Flight { patch, lands_at });
        }
        if patch.is_empty() {
            return;
        }
        let (status, seconds) = if patch.engine_version.is_some() {
            ("upgrading", UPGRADING)
        } else if patch.id.is_some() {
            ("renaming", MODIFYING)
        } else {
            ("modifying", MODIFYING)
        };
        let lands_at = self.enter(status, from, seconds, timing);
        if patch.touches_storage() {
            self.enter("storage-optimization", lands_at, OPTIMIZING, timing);
        }
        if self.values.backup_retention == 0 && patch.backup_retention.is_some_and(|n| n > 0) {
            self.enter("backing-up", lands_at, BACKING_UP, timing);
        }
        self.flights.push(Flight { patch, lands_at });
    }

    /// Finds the window for what waits for one, or forgets it where nothing waits.
    pub fn schedule(&mut self, now: Moment) {
        self.pending_at = if self.pending.is_empty() {
            None
        } else {
            windows::next(&self.values.maintenance_window, now)
        };
    }

    fn settle(&mut self, timing: &Timing) {
        let now = timing.now();
        self.land(now);
        if let Some(at) = self
            .stopped
            .as_ref()
            .map(|s| s.restart_at)
            .filter(|at| *at <= now)
        {
            self.stopped = None;
            self.enter("starting", at, STARTING, timing);
        }
        if let Some(at) = self.pending_at.filter(|at| *at <= now) {
            self.pending_at = None;
            let patch = std::mem::take(&mut self.pending);
            self.fly(patch, at, timing);
            self.land(now);
        }
        self.phases.retain(|p| now < p.until);
        self.groups
            .retain(|g| g.gone_at.is_none_or(|gone| now < gone));
    }

    fn land(&mut self, now: Moment) {
        let flights = std::mem::take(&mut self.flights);
        let (landed, flying) = flights.into_iter().partition(|f| f.lands_at <= now);
        self.flights = flying;
        for Flight { patch, .. } in landed {
            let before = catalog::major(&self.values.engine_version).to_owned();
            patch.apply(&mut self.values);
            let after = catalog::major(&self.values.engine_version);
            if before != after && self.parameter_group.name == catalog::default_group(&before) {
                self.parameter_group.name = catalog::default_group(after);
            }
            if let Some(id) = patch.id {
                self.id = id;
            }
        }
    }
}
