//! A storm in process: the engine with the real kinds, over the real SDK, on the sandbox's HTTP server.

use super::Tally;
use super::clock::{StormClock, Ticking};
use super::crash::{Ambush, Crash};
use super::draft::Draft;
use super::scene;
use super::storm::{Command, End, Meddling, Round, Storm};
use crate::stage::{self, PASSWORD, Stage};
use cruddur_infra::engine::{self, Clock, Emitter, Goal, Options, Power, RunSettings, Seen, Stack};
use cruddur_infra::model::{
    Action, Addr, Change, Diff, Event, Output, Plan, Purpose, RunSummary, Stamped,
};
use cruddur_infra::sandbox::faults::Script;
use cruddur_infra::sandbox::server::Server;
use serde_json::Value;
use std::collections::BTreeSet;
use std::net::Ipv4Addr;
use std::pin::pin;
use std::sync::Arc;
use tokio::sync::mpsc::unbounded_channel;
use tokio_util::sync::CancellationToken;

/// How many steps at once.
const PARALLELISM: usize = 10;

/// How a run comes to its end.
struct How {
    end: End,
    crash: Option<Crash>,
}

impl Default for How {
    fn default() -> Self {
        How {
            end: End::Itself,
            crash: None,
        }
    }
}

impl From<&Round> for How {
    fn from(round: &Round) -> Self {
        How {
            end: round.end.clone(),
            crash: round.crash,
        }
    }
}

/// A storm under way.
struct Inside {
    stage: Stage,
    clock: StormClock,
    _ticking: Ticking,
    before: Value,
    tally: Tally,
}

/// Runs a storm on a thread of its own.
///
/// # Errors
/// The first promise that it breaks.
pub fn run(storm: &Storm) -> Result<Tally, String> {
    scene::inhabited();
    let runtime = tokio::runtime::Builder::new_current_thread()
        .enable_all()
        .build()
        .unwrap();
    runtime.block_on(weather(storm))
}

async fn weather(storm: &Storm) -> Result<Tally, String> {
    let (clock, timing) = StormClock::new();
    let mut stage = Stage::at(timing, storm.postgres).await;
    stage.keeps_time = true;
    scene::write_files(&stage.base);
    stage.change(|w| *w = serde_json::from_value(scene::inhabited().clone()).unwrap());
    let mut inside = Inside {
        before: stage.world(),
        _ticking: clock.run(),
        stage,
        clock,
        tally: Tally::default(),
    };
    let result = inside.through(storm).await;
    let tally = inside.tally;
    inside.stage.close().await;
    result.map(|()| tally)
}

impl Inside {
    async fn through(&mut self, storm: &Storm) -> Result<(), String> {
        for (at, round) in storm.rounds.iter().enumerate() {
            self.round(round)
                .await
                .map_err(|e| format!("round {}: {e}", at + 1))?;
        }
        let last = storm
            .rounds
            .last()
            .map(|r| r.draft.clone())
            .unwrap_or_default();
        if storm.calm {
            self.calm(&last)
                .await
                .map_err(|e| format!("in the calm: {e}"))?;
        }
        let all = Draft::all_of(storm.rounds.iter().map(|r| &r.draft));
        self.end(&all).await.map_err(|e| format!("at the end: {e}"))
    }

    /// One command of the storm. Whatever becomes of it, it must not break a promise.
    async fn round(&mut self, round: &Round) -> Result<(), String> {
        let text = round.faults.join("\n");
        let script = Script::parse(&text).map_err(|e| e.to_string())?;
        if let Some(seconds) = script.iam_propagation_seconds() {
            self.stage.change(|w| w.iam.propagation_seconds = seconds);
        }
        if let Some(what) = round.meddling {
            self.stage.change(|w| {
                let mut world = serde_json::to_value(&*w).unwrap();
                scene::meddle(&mut world, what);
                *w = serde_json::from_value(world).unwrap();
            });
            if matches!(what, Meddling::Pool { .. }) {
                scene::meddle(&mut self.before, what);
            }
        }
        self.stage.address = Ipv4Addr::new(52, 94, 76, round.address);
        let server = self.stage.with_faults(&text).await;
        let stack = self.stage.stack_at(&round.draft.yaml(), &server).await;
        self.tally.rounds += 1;
        let complete = self.command(&stack, round).await?;
        self.tally.broken += u32::from(!complete);
        self.tally.faults += disturbed(&server);
        server.shutdown().await;
        self.clock.pass(2.0);
        scene::others_are_untouched(&self.before, &self.stage.world())
    }

    /// Tells whether it was complete.
    async fn command(&mut self, stack: &Stack, round: &Round) -> Result<bool, String> {
        let all: BTreeSet<Addr> = stack.nodes.keys().cloned().collect();
        let (purpose, only) = match &round.command {
            Command::Stop => return self.power(stack, Power::Stop, round).await,
            Command::Start => return self.power(stack, Power::Start, round).await,
            Command::Apply => (Purpose::Apply, None),
            Command::Destroy => (Purpose::Destroy, None),
            Command::DestroyOnly(addr) => {
                let only = [addr.parse().unwrap()].into();
                (Purpose::Destroy, Some(stack.with_dependents(&only)))
            }
            Command::RefreshIp => {
                let rules: BTreeSet<Addr> = stack
                    .nodes
                    .iter()
                    .filter(|(_, n)| n.uses_current_ip())
                    .map(|(a, _)| a.clone())
                    .collect();
                if rules.is_empty() {
                    return Ok(true);
                }
                (Purpose::Apply, Some(rules))
            }
        };
        let scope = match (&purpose, &only) {
            (Purpose::Apply, Some(only)) => stack.with_needs(only),
            _ => all,
        };
        let planned = plan(stack, &scope, purpose, only).await;
        let Ok((plan, seen)) = planned else {
            self.quiet(&format!("{:?}", planned.err()))?;
            return Ok(false);
        };
        self.quiet(&serde_json::to_string(&plan).unwrap())?;
        if plan.refused().next().is_some() {
            return Ok(false);
        }
        match self.apply(stack, &plan, &seen, round).await? {
            Some((summary, _)) => Ok(summary.complete()),
            None => Ok(false),
        }
    }

    async fn power(
        &mut self,
        stack: &Stack,
        way: Power,
        how: impl Into<How>,
    ) -> Result<bool, String> {
        let targets: BTreeSet<Addr> = stack
            .nodes
            .iter()
            .filter(|(_, n)| n.stoppable())
            .map(|(a, _)| a.clone())
            .collect();
        let seen = Seen::default();
        let ran = self
            .events(how.into(), async |settings, emitter| {
                engine::power(stack, &targets, way, &seen, settings, emitter).await
            })
            .await?;
        Ok(ran.is_some_and(|(summary, _)| summary.complete()))
    }

    /// Runs a plan. Nothing comes back from one that was killed.
    async fn apply(
        &mut self,
        stack: &Stack,
        plan: &Plan,
        seen: &Seen,
        how: impl Into<How>,
    ) -> Result<Option<(RunSummary, Vec<Stamped>)>, String> {
        self.events(how.into(), async |settings, emitter| {
            engine::apply(stack, plan, seen, settings, emitter).await
        })
        .await
    }

    async fn events(
        &mut self,
        how: How,
        act: impl AsyncFnOnce(&RunSettings, &Emitter) -> RunSummary,
    ) -> Result<Option<(RunSummary, Vec<Stamped>)>, String> {
        let clock: Arc<dyn Clock> = Arc::new(self.clock.clone());
        let stop = CancellationToken::new();
        let settings = RunSettings {
            parallelism: PARALLELISM,
            no_wait: false,
            await_rest: false,
            clock: clock.clone(),
            stop: stop.clone(),
        };
        let (to, mut from) = unbounded_channel();
        let emitter = Emitter::new(to, clock);
        let mut events: Vec<Stamped> = Vec::new();
        let told = |n: usize| matches!(how.end, End::Told { events } if events == n as u64);
        let killed = |n: usize| match how.end {
            End::Killed { events, moments } if events == n as u64 => Some(moments),
            _ => None,
        };
        let mut ambush = Ambush::default();
        let mut act = pin!(act(&settings, &emitter));
        if told(0) {
            stop.cancel();
        }
        let summary = 'run: loop {
            if let Some(moments) = killed(events.len()) {
                for _ in 0..moments {
                    tokio::select! {
                        biased;
                        summary = &mut act => break 'run summary,
                        () = tokio::task::yield_now() => {}
                    }
                }
                self.tally.killed += 1;
                self.tally.crashes += u32::from(ambush.over());
                return Ok(None);
            }
            tokio::select! {
                biased;
                Some(event) = from.recv() => {
                    events.push(event);
                    ambush.look(how.crash, events.len() as u64, || self.stage.world());
                    if told(events.len()) {
                        stop.cancel();
                        self.tally.told += 1;
                    }
                }
                summary = &mut act => break summary,
            }
        };
        self.tally.crashes += u32::from(ambush.over());
        while let Ok(event) = from.try_recv() {
            events.push(event);
        }
        self.quiet(&serde_json::to_string(&events).unwrap())?;
        Ok(Some((summary, events)))
    }

    /// After the storm, one apply is enough.
    async fn calm(&mut self, draft: &Draft) -> Result<(), String> {
        let stack = self.stage.stack(&draft.yaml()).await;
        let all: BTreeSet<Addr> = stack.nodes.keys().cloned().collect();
        let (mut first, mut seen) = plan(&stack, &all, Purpose::Apply, None).await?;
        // it stands still on purpose, and what is in it cannot be looked at: `start` is what the plan says
        if parked(&seen) && draft.has("sql_script.schema") {
            self.tally.started += 1;
            if !self.power(&stack, Power::Start, How::default()).await? {
                return Err("it cannot be started".to_owned());
            }
            (first, seen) = plan(&stack, &all, Purpose::Apply, None).await?;
        }
        if let Some((addr, why)) = first.refused().next() {
            return Err(format!("{addr} is refused: {why}"));
        }
        if !first.is_empty() {
            self.through_with(&stack, &first, &seen, "apply").await?;
        }
        self.clock.pass(2.0);
        let mut stack = self.stage.stack(&draft.yaml()).await;
        let (mut second, mut seen) = plan(&stack, &all, Purpose::Apply, None).await?;
        if begins_only_now(&second) {
            self.tally.late += 1;
            self.through_with(&stack, &second, &seen, "wait").await?;
            stack = self.stage.stack(&draft.yaml()).await;
            (second, seen) = plan(&stack, &all, Purpose::Apply, None).await?;
        }
        if !second.is_empty() {
            let left: Vec<&Change> = second.changes.iter().filter(|c| c.is_change()).collect();
            return Err(format!("the plan after it is not empty: {left:#?}"));
        }
        let world = self.stage.world();
        scene::one_of_each(&world, draft)?;
        if draft.has("sql_script.seed") {
            self.whole_scripts(&seen).await?;
        }
        scene::others_are_untouched(&self.before, &world)
    }

    /// Runs a plan in which nothing may fail.
    async fn through_with(
        &mut self,
        stack: &Stack,
        plan: &Plan,
        seen: &Seen,
        what: &str,
    ) -> Result<(), String> {
        let ran = self.apply(stack, plan, seen, How::default()).await?;
        let (summary, events) = ran.ok_or("it was killed")?;
        match summary.complete() {
            true => Ok(()),
            false => Err(format!("one {what} is not enough: {}", failures(&events))),
        }
    }

    /// The ledger and the tables say the same.
    async fn whole_scripts(&self, seen: &Seen) -> Result<(), String> {
        let instance: Addr = "rds_instance.main".parse().unwrap();
        let Output::Secret(url) = &seen.outputs[&instance]["connection_url"] else {
            return Err("the URL is not secret".to_owned());
        };
        let url: cruddur_infra::pg::ConnectionUrl =
            url.expose().parse().map_err(|e| format!("{e:?}"))?;
        let session = self
            .stage
            .connector()
            .connect(&url)
            .await
            .map_err(|e| format!("{e:?}"))?;
        let row = session
            .client()
            .query_one(scene::COUNT, &[])
            .await
            .map_err(|e| e.to_string())?;
        let counts = (row.get(0), row.get(1), row.get(2));
        session.close().await;
        scene::no_half_script(counts.0, counts.1, counts.2)
    }

    /// Whatever is there goes, and nothing else does.
    async fn end(&mut self, all: &Draft) -> Result<(), String> {
        let yaml = all.yaml();
        let stack = self.stage.stack(&yaml).await;
        let entries: BTreeSet<Addr> = stack.nodes.keys().cloned().collect();
        let (first, seen) = plan(&stack, &entries, Purpose::Destroy, None).await?;
        if let Some((addr, why)) = first.refused().next() {
            return Err(format!("to destroy {addr} is refused: {why}"));
        }
        self.through_with(&stack, &first, &seen, "destroy").await?;
        // the command plans what has no entry to stand for it together with the rest; here it is a plan of its own
        let leftovers = leftovers(&stack, &first).await?;
        self.through_with(&stack, &leftovers, &seen, "destroy of leftovers")
            .await?;
        self.clock.pass(2.0);
        let stack = self.stage.stack(&yaml).await;
        let (second, _) = plan(&stack, &entries, Purpose::Destroy, None).await?;
        if second.changes.iter().any(Change::is_change) {
            return Err(format!(
                "a second destroy finds work: {:#?}",
                second.changes
            ));
        }
        for kind in &stack.kinds {
            let found = kind
                .find_owned(&stack.facts)
                .await
                .map_err(|f| f.to_string())?;
            if !found.is_empty() {
                return Err(format!("destroy has left {found:#?}"));
            }
        }
        // a group of schedules is on its way out for a while
        self.clock.pass(120.0);
        let world = self.stage.world();
        let (_, left) = scene::without_ours(&world);
        if !left.is_empty() {
            return Err(format!("destroy has left {left:#?}"));
        }
        scene::others_are_untouched(&self.before, &world)
    }

    /// No secret is ever said.
    fn quiet(&self, text: &str) -> Result<(), String> {
        match text.contains(PASSWORD) {
            true => Err(format!("a secret is said: {text}")),
            false => Ok(()),
        }
    }
}

/// By design: what a killed run has told RDS to change shows as `available` for a while, with everything as it is to be,
/// before AWS begins. There is nothing to change then, only to wait for.
fn begins_only_now(plan: &Plan) -> bool {
    let mut changes = plan.changes.iter().filter(|c| c.is_change()).peekable();
    changes.peek().is_some()
        && changes
            .all(|c| c.action == Action::Wait && c.addr.kind == "rds_instance" && c.diff.is_empty())
}

/// Plans to delete what carries the stack's mark and has no entry that stands for it.
async fn leftovers(stack: &Stack, like: &Plan) -> Result<Plan, String> {
    let mut changes: Vec<Change> = Vec::new();
    for kind in stack.kinds.iter().rev() {
        let found = kind.find_owned(&stack.facts).await;
        for orphan in found.map_err(|f| f.to_string())? {
            let name = format!("{}-leftover-{}", orphan.addr.name, changes.len());
            changes.push(Change {
                addr: Addr::new(orphan.addr.kind.clone(), name),
                action: Action::Delete,
                reason: "left over".to_owned(),
                diff: Diff::default(),
                deferred: Vec::new(),
                after: changes.iter().map(|c| c.addr.clone()).collect(),
                lock: None,
                calls: Vec::new(),
                around: None,
                refused: None,
                fingerprint: None,
                id: Some(orphan.id),
            });
        }
    }
    Ok(Plan {
        summary: Plan::count(&changes),
        changes,
        ..like.clone()
    })
}

fn parked(seen: &Seen) -> bool {
    let present = seen.observed.values().filter_map(|o| o.present());
    // also where it was started only for a change, and the next apply stops it again
    present
        .into_iter()
        .any(|p| p.readiness.rests().is_some() || p.to_stop)
}

/// What went wrong, for a person.
fn failures(events: &[Stamped]) -> String {
    let failed: Vec<String> = events
        .iter()
        .filter_map(|e| match &e.event {
            Event::Failed { addr, fault } => {
                Some(format!("{addr}: {fault} ({:?}) at {}", fault.class, e.at))
            }
            _ => None,
        })
        .collect();
    failed.join("\n")
}

/// How many calls of a round did not get the answer that they should have had.
fn disturbed(server: &Server) -> u32 {
    let calls = server.calls();
    let disturbed = calls.iter().filter(|c| scene::was_disturbed(c.status));
    disturbed.count() as u32
}

/// Looks and plans, as the commands do.
async fn plan(
    stack: &Stack,
    scope: &BTreeSet<Addr>,
    purpose: Purpose,
    only: Option<BTreeSet<Addr>>,
) -> Result<(Plan, Seen), String> {
    let goal = match purpose {
        Purpose::Apply => Goal::Keep,
        Purpose::Destroy => Goal::Destroy,
    };
    let seen = engine::observe(stack, scope, goal, 64)
        .await
        .map_err(|faults| format!("a look failed: {faults:#?}"))?;
    let mut info = engine::infos(stack, scope, &seen.outputs);
    let changes = match purpose {
        Purpose::Apply => {
            let options = Options {
                exactly: only,
                ..Options::default()
            };
            engine::plan(&info, &stack.after, &seen.observed, &options)
        }
        Purpose::Destroy => {
            if let Some(doomed) = &only {
                engine::only_with(&mut info, doomed);
            }
            let mut changes = engine::plan_destroy(&info, &stack.after, &seen.observed);
            if let Some(doomed) = &only {
                engine::spare_others(&mut changes, &info, &stack.after, doomed);
            }
            changes
        }
    };
    let plan = stage::whole(stack, changes, purpose);
    debug_assert!(
        plan.changes.iter().all(|c| c.action != Action::Adopt),
        "nothing here is nobody's"
    );
    Ok((plan, seen))
}
