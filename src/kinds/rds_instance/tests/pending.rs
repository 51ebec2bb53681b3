use super::*;
use crate::kinds::rds_instance::desired::STOP_TAG;

#[test]
fn what_is_scheduled_is_not_drift() {
    let class = [("db.t3.micro", "db.t4g.micro")];
    assert!(
        diff_of(&class, |l| l.pending.instance_class =
            Some("db.t4g.micro".into()))
        .is_empty()
    );
    assert!(
        diff_of(&[("\"17\"", "\"17.9\"")], |l| l.pending.engine_version =
            Some("17.10".into()))
        .is_empty()
    );
    assert!(
        diff_of(&[("storage: 20", "storage: 30")], |l| l
            .pending
            .allocated_storage =
            Some(30))
        .is_empty()
    );
}

#[test]
fn others_schedules_are_shown_and_need_consent_only_where_they_would_be_flushed() {
    let schedule = |l: &mut Live| {
        l.pending.instance_class = Some("db.r6g.large".into());
        l.pending.engine_version = Some("17.9".into());
        l.pending.others.insert("LicenseModel".into(), json!("x"));
    };
    let mut live = have();
    schedule(&mut live);
    assert_eq!(RdsInstance::warnings(&want(&[]), Some(&live)).len(), 3);
    assert!(RdsInstance::diff(&want(&[]), &live).is_empty());
    // changed at once in any case: nothing is flushed
    let now = [("publicly_accessible: true", "publicly_accessible: false")];
    assert_eq!(diff_of(&now, schedule).paths(), ["publicly_accessible"]);
    let backup = ("backup_retention_period: 1", "backup_retention_period: 0");
    let later = [backup, ("apply: immediately", "apply: maintenance_window")];
    assert_eq!(
        diff_of(&later, schedule).paths(),
        ["backup_retention_period"]
    );
    let d = diff_of(&[backup], schedule);
    assert_eq!(
        d.paths(),
        [
            "backup_retention_period",
            "pending.instance_class",
            "pending.engine_version",
            "pending.LicenseModel"
        ]
    );
    // each of them, whether it would be undone or made now
    let asked: Vec<_> = d.0.iter().map(|f| (f.force, f.why.is_some())).collect();
    let (own, others) = ((Force::Update, false), (Force::Consent, true));
    assert_eq!(asked, [own, others, others, others]);
    assert_eq!(
        (d.0[1].before.clone(), d.0[1].after.clone()),
        ("db.r6g.large".into(), "db.t3.micro".into())
    );
    assert_eq!(
        (d.0[2].before.clone(), d.0[2].after.clone()),
        ("17.6".into(), "17.9".into())
    );
    // stack.yaml's class is sent along, so that the schedule is overwritten
    let m = change::modification(&want(&[backup]), &live, &d).unwrap();
    assert_eq!(m.instance_class.as_deref(), Some("db.t3.micro"));
    assert_eq!(m.engine_version, None);
    assert!(m.immediately);
}

#[test]
fn a_change_is_on_its_way_until_it_is_there() {
    let w = want(&[("db.t3.micro", "db.t4g.micro")]);
    let old = have();
    let d = RdsInstance::diff(&w, &old);
    let look = |sent: &mut Sent, status: &str, class: &str, pending: Option<&str>| {
        let mut live = Live {
            status: status.into(),
            instance_class: class.into(),
            ..have()
        };
        live.pending.instance_class = pending.map(str::to_owned);
        sent.is_on_its_way(&live)
    };
    let mut sent = Sent::new(&w, &old, &d, true);
    assert!(look(&mut sent, "available", "db.t3.micro", None));
    assert!(look(
        &mut sent,
        "available",
        "db.t3.micro",
        Some("db.t4g.micro")
    ));
    assert!(look(
        &mut sent,
        "modifying",
        "db.t3.micro",
        Some("db.t4g.micro")
    ));
    assert!(!look(&mut sent, "available", "db.t4g.micro", None));
    // worked on, and yet not done: judged anew
    let mut sent = Sent::new(&w, &old, &d, true);
    assert!(look(&mut sent, "modifying", "db.t3.micro", None));
    assert!(!look(&mut sent, "available", "db.t3.micro", None));
    // left to the window
    let mut sent = Sent::new(&w, &old, &d, false);
    assert!(!look(
        &mut sent,
        "available",
        "db.t3.micro",
        Some("db.t4g.micro")
    ));
    // never taken up
    let mut sent = Sent::new(&w, &old, &d, true);
    assert!((0..100).any(|_| !look(&mut sent, "available", "db.t3.micro", None)));
}

#[test]
fn a_password_is_waited_for_and_tags_are_not() {
    let w = want(&[("password_version: \"1\"", "password_version: \"2\"")]);
    let mut old = have();
    old.tags.clear();
    let d = RdsInstance::diff(&w, &old);
    assert!(d.has("master_password") && d.has("tags"));
    // for a moment nothing at all tells that a password is on its way
    let mut sent = Sent::new(&w, &old, &d, false);
    assert!(sent.is_on_its_way(&have()));
    let mut reset = have();
    reset.status = "resetting-master-credentials".into();
    assert!(sent.is_on_its_way(&reset));
    assert!(
        !sent.is_on_its_way(&old),
        "tags that could not be set are no reason to wait"
    );
    // one that was set faster than anybody looked
    let mut sent = Sent::new(&w, &old, &d, false);
    let looks = (0..100).take_while(|_| sent.is_on_its_way(&old)).count();
    assert!((1..10).contains(&looks), "{looks}");
}

#[test]
fn readiness_follows_the_status() {
    for (status, ready) in [
        ("available", "ready"),
        ("storage-optimization", "ready"),
        ("backing-up", "ready"),
        ("storage-full", "ready"),
        ("stopped", "parked"),
        ("stopping", "parking"),
        ("starting", "pending"),
        ("creating", "pending"),
        ("modifying", "pending"),
        ("resetting-master-credentials", "pending"),
        ("a-word-of-tomorrow", "pending"),
        ("deleting", "leaving"),
        ("delete-precheck", "leaving"),
        ("failed", "failed"),
        ("incompatible-restore", "failed"),
        ("incompatible-network", "failed"),
        ("incompatible-parameters", "failed"),
        ("incompatible-option-group", "failed"),
        ("insufficient-capacity", "failed"),
        ("restore-error", "failed"),
        ("inaccessible-encryption-credentials", "failed"),
        ("inaccessible-encryption-credentials-recoverable", "failed"),
    ] {
        let live = Live {
            status: status.into(),
            ..have()
        };
        let is = json!(RdsInstance::readiness(&live));
        assert_eq!(is["is"], ready, "{status}");
        if ready == "pending" {
            assert_eq!(is["word"], status);
        }
    }
    let pending = |alter: fn(&mut Live)| {
        let mut live = have();
        alter(&mut live);
        matches!(RdsInstance::readiness(&live), Readiness::Pending(_))
    };
    assert!(pending(|l| l.address = None));
    assert!(pending(|l| l.security_groups[0].1 = "adding".into()));
    assert!(pending(|l| l.settling = true));
    assert!(!pending(
        |l| l.pending.instance_class = Some("db.t4g.micro".into())
    ));
}

fn marked(l: &mut Live) {
    l.tags.insert(STOP_TAG.into(), "yes".into());
}

#[test]
fn of_what_is_stopped_again_nothing_is_left_to_a_window_that_a_stop_drops() {
    let class = ("db.t3.micro", "db.t4g.micro");
    let later = [class, ("apply: immediately", "apply: maintenance_window")];
    let pending = |l: &mut Live| l.pending.instance_class = Some("db.t4g.micro".into());
    let d = diff_of(&later, |_| {});
    assert_eq!(d.0[0].effect, Effect::Deferred);
    assert!(diff_of(&later, pending).is_empty());
    for rests in [marked, |l: &mut Live| l.status = "stopped".into()] {
        let d = diff_of(&later, rests);
        assert_eq!(d.paths(), ["instance_class"]);
        assert_eq!(d.0[0].effect, Effect::Outage);
        let d = diff_of(&later, |l| (rests(l), pending(l)).1);
        assert_eq!(d.paths(), ["instance_class"], "it would be dropped");
        let mut live = have();
        rests(&mut live);
        let want = want(&later).for_resting();
        let sent = change::modification(&want, &live, &diff::diff(&want, &live)).unwrap();
        assert!(sent.immediately);
    }
    // others' schedules are told as ever
    let d = diff_of(&later, |l| {
        marked(l);
        l.pending.engine_version = Some("17.9".into());
    });
    assert_eq!(d.paths(), ["instance_class", "pending.engine_version"]);
    // and what is under way is waited for
    for (changed, is) in [(false, "ready"), (true, "pending")] {
        let mut live = have();
        marked(&mut live);
        live.pending.master_password = changed;
        let word = serde_json::to_value(live.readiness()).unwrap();
        assert_eq!(word["is"], is);
    }
}

#[test]
fn a_change_of_a_stopped_instance_names_what_goes_around_it() {
    let names = |around, action, d: &Diff| -> Vec<String> {
        let calls = RdsInstance::calls(action, d);
        let all = RdsInstance::calls_around(around, calls).into_iter();
        all.map(|c| c.operation).collect()
    };
    let d = diff_of(&[("db.t3.micro", "db.t4g.micro")], |_| {});
    assert!(RdsInstance::must_run(&d));
    assert_eq!(
        names(Around::StartAndStop, Action::Update, &d),
        [
            "AddTagsToResource",
            "StartDBInstance",
            "ModifyDBInstance",
            "StopDBInstance",
            "RemoveTagsFromResource"
        ]
    );
    assert_eq!(
        names(Around::Stop, Action::Update, &Diff::default()),
        ["StopDBInstance", "RemoveTagsFromResource"]
    );
    let tags = diff_of(&[], |l| {
        l.tags.remove("cruddur-infra:addr");
    });
    assert!(!tags.is_empty() && !RdsInstance::must_run(&tags));
    // the mark itself is nobody's drift
    assert!(diff_of(&[], marked).is_empty());
    let mut live = have();
    live.status = "stopped".into();
    let told = |want: &Desired| {
        let all = RdsInstance::warnings(want, Some(&live));
        let one = all
            .into_iter()
            .find(|w| w.summary == "the instance is stopped");
        one.unwrap().detail
    };
    assert!(told(&want(&[])).contains("cannot be changed"));
    let changed = told(&want(&[("db.t3.micro", "db.t4g.micro")]));
    assert!(
        changed.contains("started, changed and stopped again"),
        "{changed}"
    );
}
