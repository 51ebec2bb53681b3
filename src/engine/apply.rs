//! Does what the plan says: one task owns all state, steps run side by side as far as order, locks and the limit let
//! them. A fault skips its dependents; other branches go on.

use super::step::{Ended, Step, TRIES};
use super::wait::{Clock, millis};
use super::{Queue, Seen, Stack};
use crate::model::{
    Addr, Change, Class, Event, Fault, Outputs, Plan, Purpose, Residue, RunSummary, Stamped,
};
use crate::resource::Kind;
use futures_util::stream::{FuturesUnordered, StreamExt};
use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;
use tokio::sync::mpsc::UnboundedSender;
use tokio_util::sync::CancellationToken;

/// Stamps events and sends them to whoever shows them.
#[derive(Clone)]
pub struct Emitter {
    to: UnboundedSender<Stamped>,
    clock: Arc<dyn Clock>,
}

impl Emitter {
    /// Makes one.
    pub fn new(to: UnboundedSender<Stamped>, clock: Arc<dyn Clock>) -> Self {
        Emitter { to, clock }
    }

    /// Sends an event; nobody listening is no reason to stop.
    pub fn send(&self, event: Event) {
        let _ = self.to.send(Stamped {
            event,
            at: self.clock.stamp(),
        });
    }
}

/// How a run is to go.
#[derive(Clone)]
pub struct RunSettings {
    /// How many steps at once.
    pub parallelism: usize,
    /// Return when AWS has accepted.
    pub no_wait: bool,
    /// Wait for what goes by itself after a deletion as well.
    pub await_rest: bool,
    /// The time.
    pub clock: Arc<dyn Clock>,
    /// Told when the run is to stop: nothing new begins, waits end, calls in flight end by themselves.
    pub stop: CancellationToken,
}

/// Runs a plan. What was seen when it was made gives the outputs of what needs no step.
pub async fn apply(
    stack: &Stack,
    plan: &Plan,
    seen: &Seen,
    settings: &RunSettings,
    events: &Emitter,
) -> RunSummary {
    let clock = &settings.clock;
    let started = clock.now();
    let mut run = Run {
        by: plan.changes.iter().map(|c| (c.addr.clone(), c)).collect(),
        outputs: seen.outputs.clone(),
        changed: BTreeSet::new(),
        held: BTreeMap::new(),
        open: BTreeSet::new(),
        late: BTreeSet::new(),
        summary: RunSummary::default(),
    };
    if plan.purpose == Purpose::Destroy {
        let outlives = |c: &&Change| stack.nodes.get(&c.addr).is_some_and(|n| n.outlives());
        let changes = plan.changes.iter().filter(|c| c.is_change());
        let (late, open): (Vec<&Change>, Vec<&Change>) = changes.partition(outlives);
        run.late = late.into_iter().map(|c| c.addr.clone()).collect();
        run.open = open.into_iter().map(|c| c.addr.clone()).collect();
    }
    let order = plan
        .changes
        .iter()
        .map(|c| (c.addr.clone(), c.after.iter().cloned().collect()))
        .collect();
    let mut queue = Queue::new(order, |a| {
        let acts = run.by.get(a).is_some_and(|c| c.is_change());
        stack
            .nodes
            .get(a)
            .filter(|_| acts)
            .map_or(0.0, |n| n.wait().typical)
    });
    events.send(Event::Planned {
        steps: plan.changes.iter().filter(|c| c.is_change()).count(),
    });
    let mut running = FuturesUnordered::new();
    let mut in_flight: BTreeSet<Addr> = BTreeSet::new();
    loop {
        if settings.stop.is_cancelled() && !run.summary.interrupted {
            let left = queue.drain();
            if in_flight.is_empty() && !left.iter().any(|a| run.by[a].is_change()) {
                break; // there was nothing left to stop
            }
            run.interrupt(left, &in_flight, events);
        }
        while running.len() < settings.parallelism.max(1) {
            let next = queue.next_where(|a| run.may_start(stack, a) && !run.is_early(a));
            // what is to be last goes on where nothing else can: others may be waiting for it
            let next = match next {
                None if running.is_empty() => queue.next_where(|a| run.may_start(stack, a)),
                next => next,
            };
            let Some(addr) = next else {
                break;
            };
            let change = run.by[&addr];
            if !change.is_change() {
                queue.finish(&addr);
                continue;
            }
            if let Some(lock) = run.lock_of(stack, &addr) {
                run.held.insert(lock, addr.clone());
            }
            in_flight.insert(addr.clone());
            events.send(Event::Started {
                addr: addr.clone(),
                action: change.action,
                power: None,
            });
            let outputs = run.outputs.clone();
            let fresh_upstream = change.after.iter().any(|a| run.changed.contains(a))
                || upstream(plan, &addr)
                    .iter()
                    .any(|a| run.changed.contains(a));
            running.push(async move {
                let began = settings.clock.now();
                let result = one(stack, change, outputs, fresh_upstream, settings, events).await;
                (addr, result, millis(settings.clock.now() - began))
            });
        }
        let next = tokio::select! {
            biased;
            // told before anything ends because of it: what was not begun was not begun for this reason
            () = settings.stop.cancelled(), if !run.summary.interrupted => continue,
            next = running.next() => next,
        };
        let Some((addr, result, seconds)) = next else {
            break;
        };
        // on another thread, a step may have heard of it before this loop did
        if settings.stop.is_cancelled() && !run.summary.interrupted {
            run.interrupt(queue.drain(), &in_flight, events);
        }
        in_flight.remove(&addr);
        run.open.remove(&addr);
        run.held.retain(|_, holder| holder != &addr);
        let action = run.by[&addr].action;
        match result {
            Ok(Ended::Accepted(status)) => {
                run.summary.accepted.push(addr.clone());
                for lost in queue.fail(&addr) {
                    run.skip(
                        lost,
                        &format!("{addr} is {status}, and was not waited for"),
                        events,
                    );
                }
                events.send(Event::Accepted { addr, status });
            }
            Ok(ended) => {
                let outputs = Arc::make_mut(&mut run.outputs);
                match ended {
                    Ended::Ready(o) => outputs.insert(addr.clone(), o),
                    // in a destroy the others may still need what was known of it
                    _ if plan.purpose == Purpose::Destroy => None,
                    _ => outputs.remove(&addr),
                };
                run.changed.insert(addr.clone());
                run.summary.done.push(addr.clone());
                queue.finish(&addr);
                events.send(Event::Done {
                    addr,
                    action,
                    seconds,
                    power: None,
                });
            }
            Err(fault) => {
                run.summary.fail(addr.clone(), &fault);
                for lost in queue.fail(&addr) {
                    run.skip(lost, &format!("{addr} failed"), events);
                }
                events.send(Event::Failed { addr, fault });
            }
        }
    }
    run.summary.seconds = millis(clock.now() - started);
    events.send(Event::Finished {
        summary: run.summary.clone(),
    });
    run.summary
}

struct Run<'a> {
    by: BTreeMap<Addr, &'a Change>,
    outputs: Arc<BTreeMap<Addr, Outputs>>,
    changed: BTreeSet<Addr>,
    held: BTreeMap<String, Addr>,
    /// What is not over yet, and what is to begin only after that where it can.
    open: BTreeSet<Addr>,
    late: BTreeSet<Addr>,
    summary: RunSummary,
}

impl Run<'_> {
    /// The lock is asked for now, because its key may not have been known when the plan was made.
    fn lock_of(&self, stack: &Stack, addr: &Addr) -> Option<String> {
        stack
            .nodes
            .get(addr)
            .and_then(|n| n.lock(&stack.facts(addr, &self.outputs)))
            .or_else(|| self.by[addr].lock.clone())
    }

    fn is_early(&self, addr: &Addr) -> bool {
        self.late.contains(addr) && !self.open.is_empty()
    }

    fn may_start(&self, stack: &Stack, addr: &Addr) -> bool {
        !self.by[addr].is_change()
            || self
                .lock_of(stack, addr)
                .is_none_or(|lock| !self.held.contains_key(&lock))
    }

    /// Notes that the run was told to stop, before anything that ends because of it.
    fn interrupt(&mut self, left: Vec<Addr>, in_flight: &BTreeSet<Addr>, events: &Emitter) {
        self.summary.interrupted = true;
        events.send(Event::Cancelling {
            in_flight: in_flight.iter().cloned().collect(),
        });
        for addr in left {
            self.skip(addr, "the run was told to stop", events);
        }
    }

    fn skip(&mut self, addr: Addr, because: &str, events: &Emitter) {
        if !self.by[&addr].is_change() {
            return;
        }
        self.open.remove(&addr);
        self.summary.skipped.push(addr.clone());
        events.send(Event::Skipped {
            addr,
            because: because.to_owned(),
        });
    }
}

/// Everything that a change comes after, directly or not.
fn upstream(plan: &Plan, addr: &Addr) -> BTreeSet<Addr> {
    let by: BTreeMap<_, _> = plan.changes.iter().map(|c| (&c.addr, c)).collect();
    let mut all = BTreeSet::new();
    let mut open = vec![addr];
    while let Some(a) = open.pop() {
        for dep in by.get(a).map(|c| c.after.as_slice()).unwrap_or_default() {
            if all.insert(dep.clone()) {
                open.push(dep);
            }
        }
    }
    all
}

async fn one(
    stack: &Stack,
    change: &Change,
    outputs: Arc<BTreeMap<Addr, Outputs>>,
    fresh_upstream: bool,
    settings: &RunSettings,
    events: &Emitter,
) -> Result<Ended, Fault> {
    let facts = stack.facts(&change.addr, &outputs);
    match stack.nodes.get(&change.addr) {
        Some(node) => {
            Step {
                node: node.as_ref(),
                change,
                facts,
                clock: settings.clock.as_ref(),
                events,
                stop: &settings.stop,
                fresh_upstream,
                no_wait: settings.no_wait,
                await_rest: settings.await_rest,
                lost: Default::default(),
                acted: Default::default(),
                woken: Default::default(),
            }
            .run()
            .await
        }
        None => {
            let kind = stack
                .kinds
                .iter()
                .find(|k| k.name() == change.addr.kind)
                .ok_or_else(|| {
                    Fault::new("plan", Class::Bug, format!("no kind for {}", change.addr))
                })?;
            prune(kind.as_ref(), change, &facts, settings, events).await
        }
    }
}

/// Deletes an object that is not in the file any more.
async fn prune(
    kind: &dyn Kind,
    change: &Change,
    facts: &crate::resource::Facts,
    settings: &RunSettings,
    events: &Emitter,
) -> Result<Ended, Fault> {
    let addr = &change.addr;
    let mut pace = super::wait::Pace::new(settings.clock.as_ref(), &settings.stop, kind.wait());
    let id = change.id.as_deref().unwrap_or_default();
    let (mut calls, mut tries) = (0, 0);
    // as in a step, what passes by itself is tried again; a look settles what a lost reply did
    let mut passes = |fault: &Fault| match fault.class {
        Class::Busy => true,
        Class::Throttled | Class::Transient => {
            tries += 1;
            tries <= TRIES
        }
        _ => false,
    };
    let halfway = |fault: Fault, calls: u32| match fault.residue {
        Residue::Nothing if calls > 0 => fault.residue(Residue::Remains),
        _ => fault,
    };
    loop {
        let mut busy = None;
        match kind.find_owned(&facts.stack).await {
            Ok(found) if found.iter().any(|o| o.id == id) => {}
            Ok(_) => {
                if settings.await_rest {
                    let rest = outwait(kind, id, facts, settings, events).await;
                    rest.map_err(|fault| halfway(fault, calls))?;
                }
                return Ok(Ended::Gone);
            }
            Err(fault) if passes(&fault) => busy = Some(fault),
            Err(fault) => return Err(halfway(fault, calls)),
        }
        if busy.is_none() && calls < 3 {
            match kind.delete_owned(id, facts).await {
                Ok(()) => calls += 1,
                Err(fault) if passes(&fault) => busy = Some(fault),
                Err(fault) => return Err(halfway(fault, calls)),
            }
        }
        match busy {
            Some(fault) => {
                events.send(Event::Retrying {
                    addr: addr.clone(),
                    fault: fault.clone(),
                    seconds: pace.seconds(),
                });
                pace.retry(addr, fault).await?;
            }
            None => {
                let status = "deleting";
                if settings.no_wait && calls > 0 {
                    return Ok(Ended::Accepted(status.to_owned()));
                }
                events.send(Event::Waiting {
                    addr: addr.clone(),
                    status: status.to_owned(),
                    seconds: pace.seconds(),
                    limit: pace.limit(),
                });
                pace.pause(addr, status).await?;
            }
        }
    }
}

/// Waits for what is still there of it and goes by itself.
async fn outwait(
    kind: &dyn Kind,
    id: &str,
    facts: &crate::resource::Facts,
    settings: &RunSettings,
    events: &Emitter,
) -> Result<(), Fault> {
    use super::step::{LINGERING, still_there};
    let addr = &facts.addr;
    let mut pace = super::wait::Pace::new(settings.clock.as_ref(), &settings.stop, LINGERING);
    while let Some(status) = still_there(&kind.lingers_of_owned(id, facts).await?) {
        events.send(Event::Waiting {
            addr: addr.clone(),
            status: status.clone(),
            seconds: pace.seconds(),
            limit: pace.limit(),
        });
        pace.pause(addr, &status).await?;
    }
    Ok(())
}

impl std::fmt::Debug for RunSettings {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("RunSettings")
            .field("parallelism", &self.parallelism)
            .field("no_wait", &self.no_wait)
            .finish_non_exhaustive()
    }
}
