//! Changes of what stands still on purpose: started, changed, stopped again, whatever comes in between.

use crate::engine_steps::{Scene, addr, fault_of, scene, thing};
use crate::fakes::*;
use cruddur_infra::engine::*;
use cruddur_infra::model::*;
use serde_json::json;
use std::collections::BTreeMap;

fn stopped() -> Thing {
    Thing {
        parked: true,
        ..thing()
    }
}

fn there(s: &Scene) -> Thing {
    s.world.lock().unwrap().things["a"].clone()
}

/// The calls but for looks.
fn calls(s: &Scene) -> Vec<String> {
    let log = s.world.lock().unwrap().log.clone();
    log.into_iter().filter(|op| op != "read").collect()
}

/// Plans, and applies.
fn apply_to(s: &Scene) -> (Vec<Change>, RunSummary, Vec<Event>) {
    let seen = s.seen();
    let changes = s.plan(&seen, &Options::default());
    let (summary, events) = s.apply(changes.clone(), &seen, false, async {});
    (changes, summary, events)
}

#[test]
fn it_is_started_changed_and_stopped_again() {
    let s = scene(json!({"id": "a", "v": 2, "w": 3}), Some(stopped()));
    let (changes, summary, _) = apply_to(&s);
    assert_eq!(changes[0].action, Action::Update);
    assert_eq!(changes[0].around, Some(Around::StartAndStop));
    assert_eq!(
        changes[0].reason,
        "stopped; differs: v, w; started for it, and stopped again"
    );
    assert_eq!(changes[0].refused, None);
    assert!(summary.complete());
    let expected = ["mark", "start", "update", "update", "stop", "unmark"];
    assert_eq!(calls(&s), expected);
    let t = there(&s);
    assert_eq!((t.v, t.w, t.parked, t.to_stop), (2, 3, true, false));
    assert!(s.plan(&s.seen(), &Options::default())[0].action == Action::NoOp);
}

#[test]
fn what_does_not_need_it_running_is_changed_as_it_stands() {
    let s = scene(json!({"id": "a", "v": 1, "w": 3}), Some(stopped()));
    let (changes, summary, _) = apply_to(&s);
    assert_eq!(
        (changes[0].action, changes[0].around),
        (Action::Update, None)
    );
    assert!(summary.complete());
    assert_eq!(calls(&s), ["update"]);
    assert!(there(&s).parked);
}

#[test]
fn nothing_is_started_where_nothing_differs_or_it_was_not_promised() {
    let s = scene(json!({"id": "a", "v": 1}), Some(stopped()));
    let (changes, ..) = apply_to(&s);
    assert_eq!(changes[0].action, Action::NoOp);
    assert!(calls(&s).is_empty());
    // it ran when the plan was made
    let s = scene(json!({"id": "a", "v": 2}), Some(thing()));
    let seen = s.seen();
    let changes = s.plan(&seen, &Options::default());
    s.world.lock().unwrap().things.get_mut("a").unwrap().parked = true;
    let (summary, events) = s.apply(changes, &seen, false, async {});
    assert_eq!(summary.failed, [addr("thing.a")]);
    assert_eq!(fault_of(&events).class, Class::Surprise);
    assert!(calls(&s).is_empty());
    // what differs by now is more than what was promised
    let s = scene(json!({"id": "a", "v": 2}), Some(stopped()));
    let seen = s.seen();
    let changes = s.plan(&seen, &Options::default());
    s.world.lock().unwrap().things.get_mut("a").unwrap().w = 9;
    let (_, events) = s.apply(changes, &seen, false, async {});
    assert_eq!(fault_of(&events).message, "w was not in the plan");
    assert!(calls(&s).is_empty());
}

#[test]
fn what_was_started_for_a_change_that_is_denied_is_said_to_run() {
    let s = scene(json!({"id": "a", "v": 2}), Some(stopped()));
    let seen = s.seen();
    let changes = s.plan(&seen, &Options::default());
    s.script("update", [Some(Class::Denied)]);
    let (_, events) = s.apply(changes, &seen, false, async {});
    let fault = fault_of(&events);
    assert_eq!(fault.residue, Residue::Remains);
    assert!(
        fault
            .message
            .ends_with("; it was started to be changed, and runs"),
        "{fault}"
    );
    assert!(!there(&s).parked && there(&s).to_stop);
}

#[test]
fn what_is_stopping_is_as_good_as_stopped() {
    let stopping = Thing {
        left: 4,
        ..stopped()
    };
    // nothing differs, and nothing is waited for
    let s = scene(json!({"id": "a", "v": 1}), Some(stopping.clone()));
    let (changes, summary, _) = apply_to(&s);
    assert_eq!(changes[0].action, Action::NoOp);
    assert!(summary.complete() && calls(&s).is_empty());
    // what differs is promised as for a stopped one, and begins when it stands still
    let s = scene(json!({"id": "a", "v": 2}), Some(stopping));
    let (changes, summary, events) = apply_to(&s);
    assert_eq!(changes[0].around, Some(Around::StartAndStop));
    assert_eq!(
        changes[0].reason,
        "stopping; differs: v; started for it, and stopped again"
    );
    let waited = |e: &Event| matches!(e, Event::Waiting { status, .. } if status == "stopping");
    assert!(events.iter().any(waited));
    assert!(summary.complete());
    assert_eq!(calls(&s), ["mark", "start", "update", "stop", "unmark"]);
    let t = there(&s);
    assert_eq!((t.v, t.parked, t.to_stop), (2, true, false));
}

#[test]
fn the_mark_outlives_the_run_and_the_next_one_stops_it() {
    let running = Thing {
        to_stop: true,
        ..thing()
    };
    let s = scene(json!({"id": "a", "v": 1}), Some(running.clone()));
    let (changes, summary, _) = apply_to(&s);
    assert_eq!(changes[0].around, Some(Around::Stop));
    assert_eq!(
        changes[0].reason,
        "started only to be changed: it is stopped again"
    );
    assert!(summary.complete());
    assert_eq!(calls(&s), ["stop", "unmark"]);
    // the change itself was not made yet either
    let s = scene(json!({"id": "a", "v": 2}), Some(running.clone()));
    assert!(apply_to(&s).1.complete());
    assert_eq!(calls(&s), ["update", "stop", "unmark"]);
    // it is on its way
    let on_its_way = Thing { left: 3, ..running };
    let s = scene(json!({"id": "a", "v": 1}), Some(on_its_way));
    let (changes, summary, _) = apply_to(&s);
    assert_eq!(changes[0].action, Action::Update);
    assert!(summary.complete());
    assert_eq!(calls(&s), ["stop", "unmark"]);
}

#[test]
fn start_and_stop_have_the_last_word() {
    for (way, parked) in [(Power::Start, false), (Power::Stop, true)] {
        for was in [false, true] {
            let marked = Thing {
                to_stop: true,
                parked: was,
                ..thing()
            };
            let s = scene(json!({"id": "a", "v": 2}), Some(marked));
            let targets = [addr("thing.a")].into();
            let seen = Seen::default();
            let (summary, _) = s.run(false, async |settings, emitter| {
                power(&s.stack, &targets, way, &seen, settings, emitter).await
            });
            assert!(summary.complete());
            let t = there(&s);
            assert_eq!((t.parked, t.to_stop), (parked, false), "{way:?} {was}");
        }
    }
}

#[test]
fn what_does_not_take_the_mark_while_it_stands_still_gets_it_before_anything_is_changed() {
    let s = scene(json!({"id": "a", "v": 2}), Some(stopped()));
    s.script("mark", (0..5).map(|_| Some(Class::Busy)));
    s.script("unmark", [Some(Class::Busy)]);
    assert!(apply_to(&s).1.complete());
    let mut expected = vec!["mark"; 5];
    expected.extend(["start", "mark", "update", "stop", "unmark"]);
    assert_eq!(calls(&s), expected);
    // one that keeps the mark is no difference
    assert!(there(&s).to_stop);
    assert_eq!(
        s.plan(&s.seen(), &Options::default())[0].action,
        Action::NoOp
    );
}

#[test]
fn where_it_cannot_be_started_nothing_is_changed_and_the_next_run_goes_on() {
    let s = scene(json!({"id": "a", "v": 2}), Some(stopped()));
    s.script("start", [Some(Class::Invalid)]);
    let (_, summary, _) = apply_to(&s);
    assert_eq!(summary.failed, [addr("thing.a")]);
    let t = there(&s);
    assert_eq!((t.v, t.parked, t.to_stop), (1, true, true));
    let (changes, summary, _) = apply_to(&s);
    assert_eq!(changes[0].around, Some(Around::StartAndStop));
    assert!(summary.complete());
    assert_eq!((there(&s).v, there(&s).parked), (2, true));
}

#[test]
fn what_stops_it_meanwhile_is_made_up_for_and_told_where_it_goes_on() {
    for often in [1, 9] {
        let s = scene(json!({"id": "a", "v": 2}), Some(stopped()));
        let seen = s.seen();
        let changes = s.plan(&seen, &Options::default());
        let world = s.world.clone();
        let clock = s.clock.clone();
        let meanwhile = async move {
            for _ in 0..often {
                // it has just been started
                while world.lock().unwrap().things["a"].parked {
                    clock.sleep(0.01).await;
                }
                world.lock().unwrap().things.get_mut("a").unwrap().parked = true;
                clock.sleep(1.0).await;
                if world
                    .lock()
                    .unwrap()
                    .log
                    .iter()
                    .filter(|op| *op == "start")
                    .count()
                    >= 3
                {
                    break;
                }
            }
        };
        let (summary, events) = s.apply(changes, &seen, false, meanwhile);
        let starts = calls(&s).iter().filter(|op| *op == "start").count();
        if often == 1 {
            assert!(summary.complete());
            assert_eq!(starts, 2);
        } else {
            assert_eq!(starts, 3);
            let told = &fault_of(&events).message;
            assert!(told.contains("was started 3 times"), "{told}");
        }
    }
}

#[test]
fn what_lives_on_it_is_left_alone_in_that_run() {
    let present = |to_stop, readiness: &Readiness| {
        Observed::Present(Box::new(Presence {
            outputs: Outputs::new(),
            readiness: readiness.clone(),
            verdict: Verdict::Diff(Diff::default()),
            owner: Owner::Ours,
            must_run: false,
            to_stop,
            guard: None,
            details: BTreeMap::new(),
            warnings: Vec::new(),
        }))
    };
    let info = |connects| Info {
        on_destroy: cruddur_infra::resource::OnDestroy::Delete,
        holds_data: false,
        connects,
        follows: false,
        lives_in: None,
        lock: None,
        typical: 1.0,
    };
    let (db, script, second, other) = (
        addr("db.a"),
        addr("script.a"),
        addr("script.b"),
        addr("f.a"),
    );
    let absent = || Observed::Absent {
        verdict: Verdict::Diff(Diff::default()),
        warnings: Vec::new(),
    };
    let infos: BTreeMap<Addr, Info> = [
        (db.clone(), info(false)),
        (script.clone(), info(true)),
        (second.clone(), info(true)),
        (other.clone(), info(false)),
    ]
    .into();
    let after = [
        (db.clone(), [].into()),
        (script.clone(), [db.clone()].into()),
        (second.clone(), [script.clone()].into()),
        (other.clone(), [db.clone()].into()),
    ]
    .into();
    let stopping = Readiness::Parking("stopping".into());
    for (to_stop, readiness, why) in [
        (false, Readiness::Ready, None),
        (true, Readiness::Ready, Some("stopped again in this run")),
        // it may still have answered
        (false, stopping, Some("stopping")),
    ] {
        let seen = [
            (db.clone(), present(to_stop, &readiness)),
            (script.clone(), absent()),
            (second.clone(), absent()),
            (other.clone(), absent()),
        ]
        .into();
        let changes = plan(&infos, &after, &seen, &Options::default());
        let of = |a: &Addr| changes.iter().find(|c| c.addr == *a).unwrap();
        let still = match why {
            Some(_) => Action::NoOp,
            None => Action::Create,
        };
        assert_eq!(of(&script).action, still);
        assert_eq!(of(&second).action, still);
        assert_eq!(of(&other).action, Action::Create);
        if let Some(why) = why {
            assert_eq!(of(&script).reason, format!("not looked at: db.a is {why}"));
        }
    }
}
