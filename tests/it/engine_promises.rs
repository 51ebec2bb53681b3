//! What the random worlds cannot show, because in them nobody else is at work and everything is ours: that a run does
//! no more than was promised, and that a destroy looks before it begins.

use crate::engine_random::{applied, look, planned};
use crate::fakes::*;
use crate::virtual_time::VirtualClock;
use cruddur_infra::engine::*;
use cruddur_infra::model::*;
use serde_json::{Map, Value, json};
use std::collections::BTreeSet;

struct Scene {
    world: Shared,
    clock: VirtualClock,
    doc: Map<String, Value>,
}

impl Scene {
    /// A parent, and a child that needs it; both are there and right.
    fn new() -> Self {
        Self::of(json!({
            "thing.n0": {"id": "n0", "v": 1, "w": 1, "ins": []},
            "thing.n1": {"id": "n1", "v": 1, "w": 1, "ins": ["${thing.n0.token}"]},
        }))
    }

    /// All that is in the file is there and right.
    fn of(doc: Value) -> Self {
        let scene = Scene {
            world: Shared::default(),
            clock: VirtualClock::default(),
            doc: doc.as_object().unwrap().clone(),
        };
        scene.world.lock().unwrap().rng = 7;
        let s = scene.stack();
        let seen = look(&s, &scene.clock, Goal::Keep).unwrap();
        let p = planned(&s, &seen, Purpose::Apply);
        assert!(
            applied(&s, &p, &seen, &scene.clock, None)
                .summary
                .complete()
        );
        scene
    }

    fn stack(&self) -> Stack {
        stack(&self.doc, &self.world, &self.clock)
    }

    fn planned(&self, purpose: Purpose) -> (Stack, Seen, Plan) {
        let goal = match purpose {
            Purpose::Apply => Goal::Keep,
            Purpose::Destroy => Goal::Destroy,
        };
        let s = self.stack();
        if purpose == Purpose::Destroy {
            begin_destroy(&self.world, &s);
        }
        let seen = look(&s, &self.clock, goal).unwrap();
        let p = planned(&s, &seen, purpose);
        (s, seen, p)
    }

    fn by_hand(&self, id: &str, change: impl FnOnce(&mut Thing)) {
        change(self.world.lock().unwrap().things.get_mut(id).unwrap());
    }

    fn thing(&self, id: &str) -> Thing {
        self.world.lock().unwrap().things[id].clone()
    }

    fn mutations(&self) -> usize {
        let w = self.world.lock().unwrap();
        w.log.iter().filter(|op| *op != "read").count()
    }
}

fn change(p: &Plan, addr: &str) -> Change {
    p.changes
        .iter()
        .find(|c| c.addr.to_string() == addr)
        .unwrap()
        .clone()
}

fn fault_of(events: &[Stamped], addr: &str) -> Option<Fault> {
    events.iter().find_map(|e| match &e.event {
        Event::Failed { addr: a, fault } if a.to_string() == addr => Some(fault.clone()),
        _ => None,
    })
}

#[test]
fn what_moved_after_the_plan_is_not_changed_with_it() {
    let scene = Scene::new();
    scene.by_hand("n0", |t| t.v = 9);
    let (s, seen, p) = scene.planned(Purpose::Apply);
    assert_eq!(change(&p, "thing.n0").diff.paths(), ["v"]);
    // meanwhile somebody else is at work
    scene.by_hand("n0", |t| t.w = 9);
    let before = scene.mutations();
    let out = applied(&s, &p, &seen, &scene.clock, None);
    let fault = fault_of(&out.events, "thing.n0").expect("nobody agreed to that");
    assert_eq!(fault.class, Class::Surprise);
    assert!(fault.message.starts_with("w "), "{fault:?}");
    assert_eq!(scene.mutations(), before, "nothing is called");
    assert_eq!((scene.thing("n0").v, scene.thing("n0").w), (9, 9));
}

#[test]
fn an_update_never_becomes_a_replacement_and_a_replacement_may_become_an_update() {
    let scene = Scene::new();
    scene.by_hand("n1", |t| t.v = 9);
    let (s, seen, p) = scene.planned(Purpose::Apply);
    let serial = scene.thing("n1").serial;
    scene.by_hand("n1", |t| t.r = 9);
    let out = applied(&s, &p, &seen, &scene.clock, None);
    assert_eq!(
        fault_of(&out.events, "thing.n1").map(|f| f.class),
        Some(Class::Surprise)
    );
    assert_eq!((scene.thing("n1").serial, scene.thing("n1").v), (serial, 9));

    let (s, seen, p) = scene.planned(Purpose::Apply);
    assert_eq!(change(&p, "thing.n1").action, Action::Replace);
    scene.by_hand("n1", |t| t.r = 0);
    let out = applied(&s, &p, &seen, &scene.clock, None);
    assert!(out.summary.complete(), "{:?}", out.events);
    assert_eq!((scene.thing("n1").serial, scene.thing("n1").v), (serial, 1));
}

#[test]
fn what_needs_something_that_is_to_be_replaced_is_settled_when_that_is_there_again() {
    let scene = Scene::of(json!({
        "thing.n0": {"id": "n0", "v": 1, "ins": []},
        "thing.n1": {"id": "n1", "v": 1, "ins": ["${thing.n0.token}"]},
        "thing.n2": {"id": "n2", "v": 1, "ins": ["${thing.n0.name}"]},
    }));
    let deferred = |change: &Change| {
        let names = change.deferred.iter().map(ToString::to_string);
        (change.action, names.collect::<Vec<_>>())
    };
    for leaves in [false, true] {
        scene.by_hand("n0", |t| match leaves {
            // somebody else has begun to delete it
            true => t.leaving = Some(2),
            false => t.r = 9,
        });
        let (s, seen, p) = scene.planned(Purpose::Apply);
        let (n0, n1, n2) = ("thing.n0", "thing.n1", "thing.n2");
        let again = [Action::Replace, Action::Create][usize::from(leaves)];
        assert_eq!(change(&p, n0).action, again);
        let waits = vec!["thing.n0.token".to_owned()];
        assert_eq!(deferred(&change(&p, n1)), (Action::Update, waits));
        // what follows from the name is known all along
        assert_eq!(deferred(&change(&p, n2)), (Action::NoOp, vec![]));

        let out = applied(&s, &p, &seen, &scene.clock, None);
        assert!(out.summary.complete(), "{:?}", out.events);
        let token = format!("n0#{}", scene.thing("n0").serial);
        assert_eq!(scene.thing("n1").ins, [token]);
        let (_, _, p) = scene.planned(Purpose::Apply);
        assert!(p.is_empty(), "{p:#?}");
    }
}

#[test]
fn a_change_that_does_not_show_yet_is_not_made_again() {
    let scene = Scene::new();
    scene.world.lock().unwrap().stale_looks = 3;
    scene.by_hand("n0", |t| t.v = 9);
    let (s, seen, p) = scene.planned(Purpose::Apply);
    let before = scene.mutations();
    let out = applied(&s, &p, &seen, &scene.clock, None);
    assert!(out.summary.complete(), "{:?}", out.events);
    assert_eq!(scene.mutations(), before + 1);
}

#[test]
fn a_destroy_is_refused_before_it_begins_where_something_is_protected() {
    let scene = Scene::new();
    scene.by_hand("n0", |t| t.protected = true);
    let (_, _, p) = scene.planned(Purpose::Destroy);
    let of_n0 = change(&p, "thing.n0");
    assert_eq!(of_n0.action, Action::Delete);
    assert_eq!(of_n0.refused.as_deref(), Some("n0 is protected"));

    // where the protection came after the plan, the deletion itself looks again
    scene.by_hand("n0", |t| t.protected = false);
    let (s, seen, p) = scene.planned(Purpose::Destroy);
    assert_eq!(p.refused().count(), 0);
    scene.by_hand("n0", |t| t.protected = true);
    let out = applied(&s, &p, &seen, &scene.clock, None);
    assert_eq!(
        fault_of(&out.events, "thing.n0").map(|f| f.class),
        Some(Class::Surprise)
    );
    assert_eq!(scene.thing("n0").leaving, None);
}

#[test]
fn what_is_not_ours_is_neither_changed_nor_deleted() {
    for (owner, word) in [
        ("", "--adopt thing.n1"),
        ("another", "belongs to stack another"),
    ] {
        let scene = Scene::new();
        scene.by_hand("n1", |t| {
            t.v = 9;
            t.owner = owner.to_owned();
        });
        let (_, _, p) = scene.planned(Purpose::Apply);
        let refused = change(&p, "thing.n1").refused;
        assert!(
            refused.as_deref().is_some_and(|r| r.contains(word)),
            "{refused:?}"
        );
        let (_, _, p) = scene.planned(Purpose::Destroy);
        assert_eq!(change(&p, "thing.n1").action, Action::NoOp);

        // also where it changed hands after the plan
        for purpose in [Purpose::Apply, Purpose::Destroy] {
            scene.by_hand("n1", |t| t.owner = "test".to_owned());
            let (s, seen, mut p) = scene.planned(purpose);
            p.changes.retain(|c| c.addr.to_string() == "thing.n1");
            scene.by_hand("n1", |t| t.owner = owner.to_owned());
            let out = applied(&s, &p, &seen, &scene.clock, None);
            assert!(
                fault_of(&out.events, "thing.n1").is_some(),
                "{purpose:?} of {owner:?}"
            );
            assert_eq!((scene.thing("n1").v, scene.thing("n1").leaving), (9, None));
        }
    }
}

#[test]
fn what_holds_data_is_replaced_only_where_the_user_names_it() {
    let scene = Scene::new();
    scene.by_hand("n1", |t| t.r = 9);
    let (s, seen, _) = scene.planned(Purpose::Apply);
    let all: BTreeSet<Addr> = s.nodes.keys().cloned().collect();
    let mut info = infos(&s, &all, &seen.outputs);
    for i in info.values_mut() {
        i.holds_data = true;
    }
    let n1: Addr = "thing.n1".parse().unwrap();
    let refused = |options: &Options| {
        let changes = plan(&info, &s.after, &seen.observed, options);
        let change = changes.into_iter().find(|c| c.addr == n1).unwrap();
        assert_eq!(change.action, Action::Replace);
        change.refused
    };
    let silent = refused(&Options::default());
    assert!(
        silent
            .as_deref()
            .is_some_and(|r| r.contains("--allow-replace thing.n1")),
        "{silent:?}"
    );
    let named = Options {
        allow_replace: [n1.clone()].into(),
        ..Options::default()
    };
    assert_eq!(refused(&named), None);
}

#[test]
fn a_saved_plan_holds_only_while_nothing_has_moved() {
    let scene = Scene::new();
    scene.by_hand("n0", |t| t.v = 9);
    let (_, _, saved) = scene.planned(Purpose::Apply);
    let (_, _, again) = scene.planned(Purpose::Apply);
    holds(&saved, &again).unwrap();
    // what is to be done is the same, and the object is not
    scene.by_hand("n0", |t| t.v = 8);
    let (_, _, other) = scene.planned(Purpose::Apply);
    let moved = holds(&saved, &other).unwrap_err();
    assert!(
        moved.len() == 1 && moved[0].starts_with("thing.n0: "),
        "{moved:?}"
    );
    // and where it looks the same, what it was planned for may have moved
    for (change, word) in [
        ((|p| p.account = "2".into()) as fn(&mut Plan), "account"),
        (|p| p.region = "elsewhere".into(), "region"),
        (|p| p.stack_digest = "e".into(), "stack.yaml"),
        (|p| p.changes[1].fingerprint = None, "thing.n1"),
        (|p| drop(p.changes.pop()), "thing.n1"),
    ] {
        let mut other = again.clone();
        change(&mut other);
        let moved = holds(&saved, &other).unwrap_err();
        assert!(
            moved.len() == 1 && moved[0].contains(word),
            "{word}: {moved:?}"
        );
    }
}

/// Where steps began and were over, in order.
fn order(events: &[Stamped]) -> Vec<String> {
    let each = events.iter().filter_map(|e| match &e.event {
        Event::Started { addr, .. } => Some(format!("+{}", addr.name)),
        Event::Done { addr, .. } | Event::Failed { addr, .. } => Some(format!("-{}", addr.name)),
        _ => None,
    });
    each.collect()
}

#[test]
fn what_outlives_the_others_begins_when_they_are_over_however_they_ended() {
    for broken in [false, true] {
        let scene = Scene::of(json!({
            "thing.role": {"id": "role", "v": 1, "outlives": true},
            "thing.db": {"id": "db", "v": 1},
            "thing.fn": {"id": "fn", "v": 1, "ins": ["${thing.role.token}"]},
        }));
        let (s, seen, p) = scene.planned(Purpose::Destroy);
        if broken {
            let mut w = scene.world.lock().unwrap();
            let refused = [Some(Class::Invalid)].into();
            w.script.insert("delete".to_owned(), refused);
        }
        let out = applied(&s, &p, &seen, &scene.clock, None);
        let order = order(&out.events);
        let place = |what: &str| order.iter().position(|o| o == what);
        let db = place("-db").expect("it ends, one way or the other");
        match place("+role") {
            Some(role) => assert!(db < role && place("-fn") < Some(role), "{order:?}"),
            // the function itself could not go
            None => assert!(broken && out.summary.skipped.len() == 1, "{order:?}"),
        }
        assert_eq!(out.summary.complete(), !broken, "{order:?}");
    }
}

/// Each waits for what the other's dependent needs: preferring to be last must not stop anything.
#[test]
fn to_be_last_is_a_preference_and_no_edge() {
    let scene = Scene::of(json!({
        "thing.a": {"id": "a", "v": 1},
        "thing.b": {"id": "b", "v": 1},
        "thing.la": {"id": "la", "v": 1, "outlives": true, "ins": ["${thing.a.token}"]},
        "thing.lb": {"id": "lb", "v": 1, "outlives": true, "ins": ["${thing.b.token}"]},
        "thing.fa": {"id": "fa", "v": 1, "ins": ["${thing.lb.token}"]},
    }));
    let (s, seen, p) = scene.planned(Purpose::Destroy);
    let out = applied(&s, &p, &seen, &scene.clock, None);
    assert!(out.summary.complete(), "{:?}", out.events);
    assert_eq!(out.summary.done.len(), 5);
    let order = order(&out.events);
    let place = |what: &str| order.iter().position(|o| o == what).unwrap();
    assert!(place("-fa") < place("+la"), "{order:?}");
    assert!(scene.world.lock().unwrap().things.is_empty());
}
