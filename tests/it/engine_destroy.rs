//! What a destroy does with what lives inside of something, and what a plan does with what others may undo. Pure.

use cruddur_infra::engine::*;
use cruddur_infra::model::*;
use cruddur_infra::resource::OnDestroy;
use std::collections::{BTreeMap, BTreeSet};

fn addr(text: &str) -> Addr {
    text.parse().unwrap()
}

fn present(owner: Owner) -> Observed {
    Observed::Present(Box::new(Presence {
        outputs: Outputs::default(),
        readiness: Readiness::Ready,
        verdict: Verdict::Diff(Diff::default()),
        owner,
        must_run: false,
        to_stop: false,
        guard: None,
        details: BTreeMap::new(),
        warnings: vec![],
    }))
}

fn plain() -> Info {
    Info {
        on_destroy: OnDestroy::Delete,
        holds_data: false,
        connects: false,
        follows: false,
        lives_in: None,
        lock: None,
        typical: 1.0,
    }
}

#[test]
fn what_lives_in_something_goes_only_with_it() {
    let info = |on_destroy, holds_data| Info {
        on_destroy,
        holds_data,
        ..plain()
    };
    let info = BTreeMap::from([
        (addr("db.main"), info(OnDestroy::Delete, true)),
        (addr("rule.way"), info(OnDestroy::Delete, false)),
        (addr("script.a"), info(OnDestroy::Forget, false)),
    ]);
    let after = BTreeMap::from([
        (addr("db.main"), BTreeSet::new()),
        (addr("rule.way"), [addr("db.main")].into()),
        (addr("script.a"), [addr("db.main"), addr("rule.way")].into()),
    ]);
    let unknown = Observed::Unknowable { waits_for: vec![] };
    let destroyed = |db: Observed| {
        let seen = BTreeMap::from([
            (addr("db.main"), db),
            (addr("rule.way"), present(Owner::Ours)),
            (addr("script.a"), unknown.clone()),
        ]);
        plan_destroy(&info, &after, &seen)
    };
    let script = |changes: &[Change]| {
        let c = changes.iter().find(|c| c.addr == addr("script.a")).unwrap();
        (c.action, c.reason.clone())
    };
    let absent = Observed::Absent {
        verdict: Verdict::Diff(Diff::default()),
        warnings: vec![],
    };
    let whole = destroyed(present(Owner::Ours));
    assert_eq!(script(&whole), (Action::Forget, "goes with db.main".into()));
    for not_ours in [Owner::Nobody, Owner::Other("x".into())] {
        let changes = destroyed(present(not_ours));
        assert_eq!(script(&changes), (Action::NoOp, "stays in db.main".into()));
    }
    assert_eq!(
        script(&destroyed(absent)),
        (Action::NoOp, "not there".into())
    );
    // only the script is named, and the database stays
    let mut some = whole.clone();
    spare_others(&mut some, &info, &after, &[addr("script.a")].into());
    assert_eq!(script(&some), (Action::NoOp, "stays in db.main".into()));
    assert!(some.iter().all(|c| !c.is_change()));
    let mut all = whole.clone();
    spare_others(
        &mut all,
        &info,
        &after,
        &whole.iter().map(|c| c.addr.clone()).collect(),
    );
    assert_eq!(all, whole);
}

#[test]
fn what_cannot_be_tagged_goes_only_with_what_is_ours() {
    let info = plain();
    let (host, part) = (addr("function.f"), addr("permission.p"));
    let info = BTreeMap::from([(host.clone(), info.clone()), (part.clone(), info)]);
    let after = BTreeMap::from([
        (host.clone(), BTreeSet::new()),
        (part.clone(), [host.clone()].into()),
    ]);
    let action = |owner: Owner| {
        let seen = BTreeMap::from([
            (host.clone(), present(owner)),
            (part.clone(), present(Owner::Untaggable)),
        ]);
        let changes = plan_destroy(&info, &after, &seen);
        changes.iter().find(|c| c.addr == part).unwrap().action
    };
    assert_eq!(action(Owner::Ours), Action::Delete);
    assert_eq!(action(Owner::Other("x".into())), Action::NoOp);
    assert_eq!(action(Owner::Nobody), Action::NoOp);
}

/// A role of a database: dropped where the database stays, forgotten where it goes.
#[test]
fn what_lives_inside_is_deleted_where_its_home_stays() {
    let (db, role, user) = (addr("db.main"), addr("role.app"), addr("function.f"));
    let home = Info {
        holds_data: true,
        ..plain()
    };
    let inside = Info {
        lives_in: Some(db.clone()),
        ..plain()
    };
    let info = BTreeMap::from([
        (db.clone(), home),
        (role.clone(), inside),
        (user.clone(), plain()),
    ]);
    let after = BTreeMap::from([
        (db.clone(), BTreeSet::new()),
        (role.clone(), [db.clone()].into()),
        (user.clone(), [role.clone()].into()),
    ]);
    let planned = |of_db: Owner, of_role: Observed, doomed: Option<&BTreeSet<Addr>>| {
        let seen = BTreeMap::from([
            (db.clone(), present(of_db)),
            (role.clone(), of_role),
            (user.clone(), present(Owner::Ours)),
        ]);
        let mut info = info.clone();
        if let Some(doomed) = doomed {
            only_with(&mut info, doomed);
        }
        let mut changes = plan_destroy(&info, &after, &seen);
        if let Some(doomed) = doomed {
            spare_others(&mut changes, &info, &after, doomed);
        }
        let of = |a: &Addr| changes.iter().find(|c| c.addr == *a).unwrap().clone();
        (of(&role), of(&db))
    };
    let ours = || present(Owner::Ours);
    let unseen = || Observed::Unlooked {
        because: "no connection".into(),
    };
    let unknown = || Observed::Unknowable {
        waits_for: vec![OutputRef::new(db.clone(), "url")],
    };
    let absent = || Observed::Absent {
        verdict: Verdict::Diff(Diff::default()),
        warnings: vec![],
    };
    // everything goes: nothing is called for what lives inside, seen or not
    for role in [ours(), unseen(), unknown()] {
        let (role, _) = planned(Owner::Ours, role, None);
        assert_eq!(role.action, Action::Forget, "{role:?}");
        assert_eq!(role.reason, "goes with db.main");
    }
    assert_eq!(planned(Owner::Ours, absent(), None).0.action, Action::NoOp);
    // the home is another's, and stays
    let (stays, _) = planned(Owner::Other("x".into()), ours(), None);
    assert_eq!((stays.action, stays.refused), (Action::Delete, None));
    // only the role is named
    let doomed: BTreeSet<Addr> = [role.clone(), user.clone()].into();
    let (dropped, kept) = planned(Owner::Ours, ours(), Some(&doomed));
    assert_eq!((dropped.action, dropped.refused), (Action::Delete, None));
    assert_eq!(kept.action, Action::NoOp);
    // what was not seen is not taken for absent
    for role in [unseen(), unknown()] {
        let (refused, _) = planned(Owner::Ours, role, Some(&doomed));
        let why = refused.refused.unwrap_or_default();
        assert!(why.starts_with("it cannot be looked at"), "{why}");
    }
    // all of them are named
    let all: BTreeSet<Addr> = after.keys().cloned().collect();
    let (gone, _) = planned(Owner::Ours, ours(), Some(&all));
    assert_eq!(gone.action, Action::Forget);
}

/// What another entry does in the same database may undo it: it is looked at again after that, and only then.
#[test]
fn what_follows_is_looked_at_again_after_what_changes_before_it() {
    let (schema, seed, role) = (addr("script.schema"), addr("script.seed"), addr("role.app"));
    let script = Info {
        connects: true,
        ..plain()
    };
    let follower = Info {
        connects: true,
        follows: true,
        ..plain()
    };
    let info = BTreeMap::from([
        (schema.clone(), script.clone()),
        (seed.clone(), script),
        (role.clone(), follower),
    ]);
    let after = BTreeMap::from([
        (schema.clone(), BTreeSet::new()),
        (seed.clone(), [schema.clone()].into()),
        (role.clone(), [seed.clone()].into()),
    ]);
    let differs = |path: &str| {
        let mut diff = Diff::default();
        if !path.is_empty() {
            diff.note(path, 1, 2, Force::Update);
        }
        match present(Owner::Ours) {
            Observed::Present(mut p) => {
                p.verdict = Verdict::Diff(diff);
                Observed::Present(p)
            }
            other => other,
        }
    };
    let planned = |of_schema: &str, of_role: &str| {
        let seen = BTreeMap::from([
            (schema.clone(), differs(of_schema)),
            (seed.clone(), differs("")),
            (role.clone(), differs(of_role)),
        ]);
        let changes = plan(&info, &after, &seen, &Options::default());
        changes.into_iter().find(|c| c.addr == role).unwrap()
    };
    assert_eq!(planned("", "").action, Action::NoOp);
    // the script before the one before it changes
    let again = planned("digest", "");
    assert_eq!(again.action, Action::Update);
    assert_eq!(again.deferred, [OutputRef::new(seed.clone(), "done")]);
    // what differs already is shown, and what comes of the other change is admitted
    let both = planned("digest", "password");
    assert_eq!(both.diff.paths(), ["password"]);
    let mut later = Diff::default();
    later.note("tables[public.users]", 1, 2, Force::Update);
    assert!(both.admits(&later, false).is_ok());
    assert!(planned("", "password").admits(&later, false).is_err());
}
