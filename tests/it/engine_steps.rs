//! The engine in particular situations that random worlds hardly reach, on virtual time.

use crate::fakes::*;
use crate::virtual_time::{VirtualClock, run};
use cruddur_infra::engine::*;
use cruddur_infra::model::*;
use serde_json::{Value, json};
use std::collections::BTreeSet;
use std::sync::Arc;
use tokio::sync::mpsc::unbounded_channel;
use tokio_util::sync::CancellationToken;

pub struct Scene {
    pub world: Shared,
    pub clock: VirtualClock,
    pub stack: Stack,
}

pub fn addr(text: &str) -> Addr {
    text.parse().unwrap()
}

pub fn thing() -> Thing {
    Thing {
        v: 1,
        w: 0,
        r: 0,
        secret: String::new(),
        ins: vec![],
        serial: 1,
        left: 0,
        leaving: None,
        inside: None,
        owner: "test".into(),
        parked: false,
        to_stop: false,
        protected: false,
        stale: 0,
        old: None,
        hidden: 0,
        made_by: String::new(),
    }
}

/// One entry `thing.a`, and what is in the world.
pub fn scene(spec: Value, there: Option<Thing>) -> Scene {
    let (world, clock) = (Shared::default(), VirtualClock::default());
    world.lock().unwrap().rng = 1;
    if let Some(t) = there {
        world.lock().unwrap().things.insert("a".into(), t);
    }
    let doc = [("thing.a".to_owned(), spec)].into_iter().collect();
    let stack = stack(&doc, &world, &clock);
    Scene {
        world,
        clock,
        stack,
    }
}

impl Scene {
    pub fn seen(&self) -> Seen {
        let all = self.stack.nodes.keys().cloned().collect();
        run(&self.clock, observe(&self.stack, &all, Goal::Keep, 4)).unwrap()
    }

    pub fn plan(&self, seen: &Seen, options: &Options) -> Vec<Change> {
        let all = self.stack.nodes.keys().cloned().collect();
        let info = infos(&self.stack, &all, &seen.outputs);
        plan(&info, &self.stack.after, &seen.observed, options)
    }

    /// Applies changes while something else happens in the world.
    pub fn apply(
        &self,
        changes: Vec<Change>,
        seen: &Seen,
        no_wait: bool,
        meanwhile: impl Future<Output = ()>,
    ) -> (RunSummary, Vec<Event>) {
        let plan = Plan {
            format_version: FORMAT_VERSION,
            purpose: Purpose::Apply,
            stack: "test".into(),
            stack_digest: "d".into(),
            account: "1".into(),
            region: "r".into(),
            summary: Plan::count(&changes),
            changes,
            orphans: vec![],
            warnings: vec![],
            options: PlanOptions::default(),
            digest: String::new(),
        };
        self.run(no_wait, async |settings, emitter| {
            let apply = apply(&self.stack, &plan, seen, settings, emitter);
            futures_util::future::join(apply, meanwhile).await.0
        })
    }

    pub fn run(
        &self,
        no_wait: bool,
        what: impl AsyncFnOnce(&RunSettings, &Emitter) -> RunSummary,
    ) -> (RunSummary, Vec<Event>) {
        let (tx, mut rx) = unbounded_channel();
        let clock: Arc<dyn Clock> = Arc::new(self.clock.clone());
        let emitter = Emitter::new(tx, clock.clone());
        let settings = RunSettings {
            parallelism: 4,
            no_wait,
            await_rest: false,
            clock,
            stop: CancellationToken::new(),
        };
        let summary = run(&self.clock, what(&settings, &emitter));
        let mut events = vec![];
        while let Ok(e) = rx.try_recv() {
            events.push(e.event);
        }
        (summary, events)
    }

    pub fn script(&self, op: &str, faults: impl IntoIterator<Item = Option<Class>>) {
        let faults = faults.into_iter().collect();
        self.world.lock().unwrap().script.insert(op.into(), faults);
    }
}

pub fn fault_of(events: &[Event]) -> &Fault {
    events
        .iter()
        .find_map(|e| match e {
            Event::Failed { fault, .. } => Some(fault),
            _ => None,
        })
        .expect("something failed")
}

fn delete_of(addr: &str, id: &str) -> Change {
    serde_json::from_value(json!({
        "address": addr, "action": "delete", "reason": "", "fields": [], "deferred": [], "after": [], "calls": [],
        "id": id,
    }))
    .unwrap()
}

#[test]
fn looks_that_fail_now_and_then_do_not_end_a_long_wait() {
    let s = scene(
        json!({"id": "a", "v": 1}),
        Some(Thing {
            left: 30,
            ..thing()
        }),
    );
    let seen = s.seen();
    let changes = s.plan(&seen, &Options::default());
    assert_eq!(changes[0].action, Action::Wait);
    s.script(
        "read",
        (0..60).map(|i| (i % 2 == 0).then_some(Class::Transient)),
    );
    let (summary, _) = s.apply(changes, &seen, false, async {});
    assert!(summary.complete());
    // but one after the other they do
    let s = scene(
        json!({"id": "a", "v": 1}),
        Some(Thing {
            left: 30,
            ..thing()
        }),
    );
    let seen = s.seen();
    let changes = s.plan(&seen, &Options::default());
    s.script("read", (0..60).map(|_| Some(Class::Throttled)));
    let (summary, events) = s.apply(changes, &seen, false, async {});
    assert_eq!(summary.failed, [addr("thing.a")]);
    assert_eq!(fault_of(&events).class, Class::Throttled);
}

#[test]
fn what_somebody_deletes_while_it_is_waited_for_is_not_waited_for_till_the_limit() {
    for there in [
        None,
        Some(Thing {
            left: 99,
            ..thing()
        }),
    ] {
        let s = scene(json!({"id": "a", "v": 1}), there);
        let seen = s.seen();
        let changes = s.plan(&seen, &Options::default());
        let (summary, events) = s.apply(changes, &seen, false, async {
            s.clock.sleep(3.0).await;
            s.world
                .lock()
                .unwrap()
                .things
                .entry("a".into())
                .and_modify(|t| t.left = 99);
            s.clock.sleep(60.0).await;
            s.world.lock().unwrap().things.remove("a");
        });
        if summary.complete() {
            continue; // it was ready before
        }
        assert_eq!(fault_of(&events).class, Class::Surprise, "{events:#?}");
        assert!(s.clock.seconds() < 300.0, "{}", s.clock.seconds());
    }
}

#[test]
fn what_was_made_and_does_not_show_is_not_taken_for_somebody_elses() {
    // it is looked for before the same is sent again; where it does not show for longer, the run is in its own way
    for (hidden, once) in [(0, true), (3, true), (8, false)] {
        let s = scene(json!({"id": "a", "v": 1, "w": 1}), None);
        s.world.lock().unwrap().hidden_looks = hidden;
        s.world.lock().unwrap().lost.insert("create".into());
        let seen = s.seen();
        let changes = s.plan(&seen, &Options::default());
        let (summary, events) = s.apply(changes, &seen, false, async {});
        assert!(summary.complete(), "{events:#?}");
        let w = s.world.lock().unwrap();
        let creates = w.log.iter().filter(|op| *op == "create").count();
        assert_eq!((w.things["a"].serial, w.serial), (1, 1));
        assert_eq!(creates == 1, once, "{hidden}: {creates}");
    }

    // but what never shows is not waited for
    let unseen = Thing {
        hidden: u32::MAX,
        ..thing()
    };
    let s = scene(json!({"id": "a", "v": 1}), Some(unseen));
    let seen = s.seen();
    let changes = s.plan(&seen, &Options::default());
    let (_, events) = s.apply(changes, &seen, false, async {});
    assert_eq!(fault_of(&events).class, Class::Conflict);
    assert!(s.clock.seconds() < 60.0, "{}", s.clock.seconds());
}

/// A role that a killed run has made a moment ago stays unknown to others for up to two minutes.
#[test]
fn what_a_killed_run_has_made_may_stay_unknown_for_two_minutes() {
    let s = scene(json!({"id": "a", "v": 1}), None);
    let seen = s.seen();
    let changes = s.plan(&seen, &Options::default());
    s.script("create", (0..9999).map(|_| Some(Class::Propagating)));
    let (_, events) = s.apply(changes, &seen, false, async {});
    assert_eq!(fault_of(&events).class, Class::Propagating);
    let waited = s.clock.seconds();
    assert!((125.0..240.0).contains(&waited), "{waited}");
}

#[test]
fn a_lost_reply_to_a_change_is_looked_for_before_the_same_is_sent_again() {
    for (stale, once) in [(0, true), (3, true), (9, false)] {
        let s = scene(json!({"id": "a", "v": 2}), Some(thing()));
        s.world.lock().unwrap().stale_looks = stale;
        s.world.lock().unwrap().lost.insert("update".into());
        let seen = s.seen();
        let changes = s.plan(&seen, &Options::default());
        let (summary, events) = s.apply(changes, &seen, false, async {});
        assert!(summary.complete(), "{events:#?}");
        let w = s.world.lock().unwrap();
        let updates = w.log.iter().filter(|op| *op == "update").count();
        assert_eq!(updates == 1, once, "{stale}: {updates}");
    }
}

#[test]
fn what_another_run_has_made_meanwhile_is_completed_and_not_overwritten() {
    // `w` is set by a call of its own: it is 0 until then, which is a value like any other
    for (v, w, done) in [(1, 0, true), (2, 0, false), (1, 2, false)] {
        let s = scene(json!({"id": "a", "v": v, "w": w}), None);
        let seen = s.seen();
        let changes = s.plan(&seen, &Options::default());
        let theirs = Thing {
            made_by: "somebody".into(),
            ..thing()
        };
        s.world.lock().unwrap().things.insert("a".into(), theirs);
        let (summary, events) = s.apply(changes, &seen, false, async {});
        assert_eq!(summary.complete(), done, "{events:#?}");
        if !done {
            let fault = fault_of(&events);
            assert_eq!(fault.class, Class::Surprise);
            let told = fault.message.starts_with("another run has made it since");
            assert!(told, "{fault}");
        }
        let w = s.world.lock().unwrap();
        assert!(!w.log.iter().any(|op| op == "update"), "{:?}", w.log);
    }
}

#[test]
fn a_busy_call_that_never_gets_through_tells_why() {
    let s = scene(json!({"id": "a", "v": 2}), Some(thing()));
    let seen = s.seen();
    let changes = s.plan(&seen, &Options::default());
    s.script("update", (0..9999).map(|_| Some(Class::Busy)));
    let (_, events) = s.apply(changes, &seen, false, async {});
    let fault = fault_of(&events);
    assert_eq!((fault.op.as_str(), fault.class), ("update", Class::Busy));
    assert!(
        fault.message.starts_with("as scripted (still so after"),
        "{fault}"
    );
}

#[test]
fn a_protected_object_is_not_replaced_and_the_plan_says_so() {
    let s = scene(
        json!({"id": "a", "v": 1, "r": 1}),
        Some(Thing {
            protected: true,
            ..thing()
        }),
    );
    let changes = s.plan(&s.seen(), &Options::default());
    assert_eq!(changes[0].action, Action::Replace);
    assert_eq!(changes[0].refused.as_deref(), Some("a is protected"));
}

#[test]
fn only_the_stacks_own_instances_are_stopped_and_started() {
    for owner in ["other", ""] {
        let s = scene(
            json!({"id": "a", "v": 1}),
            Some(Thing {
                owner: owner.into(),
                ..thing()
            }),
        );
        let targets: BTreeSet<Addr> = [addr("thing.a")].into();
        let (summary, events) = s.run(false, async |settings, emitter| {
            power(
                &s.stack,
                &targets,
                Power::Stop,
                &Seen::default(),
                settings,
                emitter,
            )
            .await
        });
        assert_eq!(summary.failed, [addr("thing.a")]);
        assert_eq!(fault_of(&events).class, Class::Conflict);
        assert!(!s.world.lock().unwrap().things["a"].parked);
    }
}

#[test]
fn a_stop_that_is_not_taken_at_once_begins_once() {
    let stopping = Thing {
        parked: true,
        left: 4,
        ..thing()
    };
    // refused for a while; begun by somebody else; told to start while it still stops
    for (way, was, busy) in [
        (Power::Stop, thing(), 5),
        (Power::Stop, stopping.clone(), 0),
        (Power::Start, stopping, 0),
    ] {
        let s = scene(json!({"id": "a", "v": 1}), Some(was));
        s.script("stop", (0..busy).map(|_| Some(Class::Busy)));
        let targets: BTreeSet<Addr> = [addr("thing.a")].into();
        let (summary, events) = s.run(false, async |settings, emitter| {
            let seen = Seen::default();
            power(&s.stack, &targets, way, &seen, settings, emitter).await
        });
        assert!(summary.complete());
        // it has begun before anything is waited for
        let at = |found: fn(&Event) -> bool| events.iter().position(found);
        let begun = at(|e| matches!(e, Event::Started { .. }));
        assert!(
            begun < at(|e| matches!(e, Event::Waiting { .. })),
            "{way:?}"
        );
        let begun = events.iter().filter(|e| matches!(e, Event::Started { .. }));
        assert_eq!(begun.count(), 1);
        let parked = s.world.lock().unwrap().things["a"].parked;
        assert_eq!(parked, way == Power::Stop);
    }
}

/// A leftover: it is there, and no entry stands for it.
fn left_over() -> Scene {
    let s = scene(json!({"id": "b", "v": 1}), Some(thing()));
    let mut stack = scene(json!({"id": "b", "v": 1}), None).stack;
    stack.nodes.clear();
    stack.kinds = s.stack.kinds.clone();
    Scene { stack, ..s }
}

#[test]
fn what_passes_by_itself_keeps_no_leftover() {
    let s = left_over();
    s.script("delete", (0..3).map(|_| Some(Class::Throttled)));
    let change = delete_of("thing.a", "a");
    let (summary, _) = s.apply(vec![change], &Seen::default(), false, async {});
    assert!(summary.complete(), "{summary:?}");
    let world = s.world.lock().unwrap();
    assert!(world.things.values().all(|t| t.leaving.is_some()));
}

#[test]
fn a_step_that_got_half_way_says_that_something_remains() {
    // it was made, and the call after that is denied
    let s = scene(json!({"id": "a", "v": 1, "w": 3}), None);
    let seen = s.seen();
    let changes = s.plan(&seen, &Options::default());
    s.script("update", [Some(Class::Denied)]);
    let (_, events) = s.apply(changes, &seen, false, async {});
    assert_eq!(fault_of(&events).residue, Residue::Remains);
    assert!(s.world.lock().unwrap().things.contains_key("a"));
    // it was denied at once
    let s = scene(json!({"id": "a", "v": 1}), None);
    let seen = s.seen();
    let changes = s.plan(&seen, &Options::default());
    s.script("create", [Some(Class::Denied)]);
    let (_, events) = s.apply(changes, &seen, false, async {});
    assert_eq!(fault_of(&events).residue, Residue::Nothing);
}

#[test]
fn a_leftover_that_cannot_go_is_given_up_after_its_kinds_time_with_the_reason() {
    let s = left_over();
    s.script("delete", (0..9999).map(|_| Some(Class::Busy)));
    let change = delete_of("thing.a", "a");
    let (_, events) = s.apply(vec![change], &Seen::default(), false, async {});
    let fault = fault_of(&events);
    assert_eq!((fault.op.as_str(), fault.class), ("delete", Class::Busy));
    assert!(
        (2400.0..2500.0).contains(&s.clock.seconds()),
        "{}",
        s.clock.seconds()
    );
}

#[test]
fn what_a_lost_reply_did_is_unknown_until_somebody_looks() {
    // the reply to a create is lost, and then every look fails
    let s = scene(json!({"id": "a", "v": 1}), None);
    let seen = s.seen();
    s.world.lock().unwrap().lost.insert("create".to_owned());
    s.script(
        "read",
        [None]
            .into_iter()
            .chain((0..9).map(|_| Some(Class::Transient))),
    );
    let changes = s.plan(&seen, &Options::default());
    let (summary, events) = s.apply(changes.clone(), &seen, false, async {});
    assert_eq!(fault_of(&events).op, "read");
    assert_eq!(fault_of(&events).residue, Residue::Unknown);
    assert_eq!(summary.unknown, [addr("thing.a")]);
    assert_eq!(summary.failed, summary.unknown);

    // a look finds it: the same loss is none any more
    let s = scene(json!({"id": "a", "v": 1}), None);
    let seen = s.seen();
    s.world.lock().unwrap().lost.insert("create".to_owned());
    let (summary, _) = s.apply(changes.clone(), &seen, false, async {});
    assert!(
        summary.complete() && summary.unknown.is_empty(),
        "{summary:?}"
    );

    // nothing was lost: looks that fail leave nothing unknown
    let s = scene(json!({"id": "a", "v": 1}), None);
    let seen = s.seen();
    s.script("read", (0..9).map(|_| Some(Class::Transient)));
    let (summary, _) = s.apply(changes, &seen, false, async {});
    assert_eq!(summary.failed, [addr("thing.a")]);
    assert!(summary.unknown.is_empty());
}
