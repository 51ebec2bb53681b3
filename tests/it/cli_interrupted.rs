//! Interrupted at any moment, the next apply completes by itself and nothing is there twice.

use crate::cli::{Output, Running, Workplace};
use rustix::process::Signal;
use serde_json::Value;
use std::collections::BTreeSet;
use std::net::TcpStream;
use std::time::Duration;

/// Reads events until one is found; fails where the run ends before.
#[track_caller]
fn until(running: &mut Running, found: impl Fn(&Value) -> bool) {
    while let Some(line) = running.line() {
        let event: Value = serde_json::from_str(&line).unwrap();
        if found(&event) {
            return;
        }
    }
    panic!(
        "the run ended before it was interrupted:\n{}",
        running.seen()
    );
}

/// Fails where the database still answers: no command leaves one running.
#[track_caller]
fn no_database_runs(work: &Workplace) {
    let world = work.world();
    for instance in world["rds"]["instances"].as_object().unwrap().values() {
        if let Some(address) = instance["address"].as_str() {
            let up = TcpStream::connect((address, 5432)).is_ok();
            assert!(!up, "Postgres still listens on {address}");
        }
    }
}

/// Checks the events of a run that was told to stop.
#[track_caller]
fn stopped_in_order(output: &Output) {
    let events = output.events();
    let last = events.last().unwrap();
    assert_eq!(last["event"], "finished", "{events:#?}");
    assert_eq!(last["summary"]["interrupted"], true, "{events:#?}");
    let told = events
        .iter()
        .position(|e| e["event"] == "cancelling")
        .unwrap();
    let after = &events[told..];
    assert!(
        after.iter().all(|e| e["event"] != "started"),
        "something new began: {after:#?}"
    );
    let named = |of: &str| -> BTreeSet<String> {
        let addr = |e: &Value| e["address"].as_str().unwrap().to_owned();
        events
            .iter()
            .filter(|e| e["event"] == of)
            .map(addr)
            .collect()
    };
    // whatever began has an end, and whatever did not is said not to have
    let ended: BTreeSet<String> = named("done").union(&named("failed")).cloned().collect();
    assert_eq!(named("started"), ended, "{events:#?}");
    let steps = events[0]["steps"].as_u64().unwrap();
    assert_eq!(
        (ended.len() + named("skipped").len()) as u64,
        steps,
        "{events:#?}"
    );
    let because = events
        .iter()
        .filter(|e| e["event"] == "skipped")
        .map(|e| &e["because"]);
    for because in because {
        assert_eq!(because, "the run was told to stop");
    }
}

#[test]
fn a_signal_stops_an_apply_in_order_and_the_next_completes_it() {
    let work = Workplace::light();
    // so slow that the instance is still being created when the third run begins, on whatever machine
    let slow = ["--format", "json", "--sandbox-speed", "10", "apply"];

    // as soon as anything has begun
    let mut run = work.start(&slow);
    until(&mut run, |e| e["event"] == "started");
    run.signal(Signal::INT);
    stopped_in_order(&run.wait().code(130));
    no_database_runs(&work);

    // while the instance is being created
    let mut run = work.start(&slow);
    until(&mut run, |e| {
        e["event"] == "waiting" && e["address"] == "rds_instance.main"
    });
    run.signal(Signal::TERM);
    stopped_in_order(&run.wait().code(130));
    no_database_runs(&work);

    // twice: at once
    let mut run = work.start(&slow);
    until(&mut run, |e| {
        e["event"] == "waiting" && e["address"] == "rds_instance.main"
    });
    run.signal(Signal::INT);
    run.signal(Signal::INT);
    run.wait().code(130);

    work.run(&["apply"]).code(0);
    work.has_one_of_each();
    work.is_settled();
    no_database_runs(&work);

    // the way back as well
    let mut run = work.start(&[
        "--format",
        "json",
        "--sandbox-speed",
        "10",
        "destroy",
        "--skip-final-snapshot",
    ]);
    until(&mut run, |e| {
        e["event"] == "waiting" && e["address"] == "rds_instance.main"
    });
    run.signal(Signal::INT);
    let output = run.wait().code(130);
    assert_eq!(
        output.events().last().unwrap()["summary"]["interrupted"],
        true
    );
    work.run(&["destroy", "--skip-final-snapshot"]).code(0);
    work.has_nothing();
    no_database_runs(&work);
}

/// A signal before anything was begun: nothing is begun, and no Postgres is left behind.
#[test]
fn a_signal_while_looking_leaves_nothing_running() {
    let work = Workplace::light();
    work.run(&["apply"]).code(0);
    work.edit("memory: 256", "memory: 512");
    let world = work.world();
    for delay in [30, 90, 150, 250] {
        let run = work.start(&["--format", "json", "apply"]);
        std::thread::sleep(Duration::from_millis(delay));
        run.signal(Signal::INT);
        let output = run.wait();
        // so early that nobody listens for it, in time, or too late to matter
        match output.code {
            None => {}
            Some(130) => assert!(!output.stdout.contains("\"done\""), "{output:?}"),
            Some(0) => break,
            _ => panic!("{output:?}"),
        }
        assert_eq!(work.world()["lambda"], world["lambda"]);
        if output.code.is_some() {
            no_database_runs(&work);
        }
    }
    work.run(&["apply"]).code(0);
    work.has_one_of_each();
    work.is_settled();
}

/// Numbers that look random and are the same every time.
fn dice(seed: u64, below: u64) -> u64 {
    let mut x = seed.wrapping_add(0x9e37_79b9_7f4a_7c15);
    x = (x ^ (x >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
    x = (x ^ (x >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
    (x ^ (x >> 31)) % below
}

/// Starts a run and kills it a moment after so many events, its sandbox with it. Tells whether it was in time.
fn killed(work: &Workplace, args: &[&str], events: u64, moment: u64) -> bool {
    let mut run = work.start(&[&["--format", "json"], args].concat());
    for _ in 0..events {
        if run.line().is_none() {
            break;
        }
    }
    std::thread::sleep(Duration::from_millis(moment));
    run.signal(Signal::KILL);
    let output = run.wait();
    let over = output.stdout.contains("\"finished\"");
    println!("killed after {events} events and {moment} ms; too late: {over}");
    !over
}

/// Each time from nothing, killed somewhere else.
#[test]
fn an_apply_that_was_killed_is_completed_by_the_next() {
    let work = Workplace::light();
    let mut in_time = 0;
    for (round, events) in [0, 1, 3, 5, 8, 12, 17].into_iter().enumerate() {
        in_time += u32::from(killed(&work, &["apply"], events, dice(round as u64, 120)));
        work.run(&["apply"]).code(0);
        work.has_one_of_each();
        work.is_settled();
        work.bare(&["sandbox", "reset"]).code(0);
    }
    assert!(in_time >= 5, "only {in_time} were killed in time");
}

/// One world, killed again and again on the way up, and on the way down.
#[test]
fn a_stack_is_made_and_destroyed_through_one_kill_after_another() {
    let work = Workplace::light();
    for round in 0..6 {
        killed(&work, &["apply"], 2 + round, dice(100 + round, 80));
    }
    work.run(&["apply"]).code(0);
    work.has_one_of_each();
    work.is_settled();
    for round in 0..5 {
        killed(&work, &["destroy"], 2 + round, dice(200 + round, 80));
    }
    work.run(&["destroy"]).code(0);
    work.has_nothing();
    assert_eq!(work.snapshots().len(), 1, "{:?}", work.snapshots());
    work.run(&["destroy"]).code(0).says("Nothing");
}

fn pipe(work: &Workplace, name: &str) -> std::path::PathBuf {
    let path = work.path(name);
    let made = std::process::Command::new("mkfifo").arg(&path).status();
    assert!(made.unwrap().success());
    path
}

/// A pipe has what it has only once, and the program reads it more than once in its course.
#[test]
fn a_file_may_come_through_a_pipe() {
    let work = Workplace::light();
    let text = std::fs::read_to_string(work.path("stack.yaml")).unwrap();
    let file = pipe(&work, "piped.yaml");
    let run = work.start(&["-f", "piped.yaml", "--format", "json", "plan"]);
    std::fs::write(file, text).unwrap();
    let plan = run.wait().code(0).json();
    assert!(!plan["changes"].as_array().unwrap().is_empty());
}

#[test]
fn one_signal_is_enough_where_nobody_writes_into_a_pipe() {
    let work = Workplace::light();
    pipe(&work, "piped");
    for args in [&["-f", "piped", "apply"][..], &["apply", "piped"]] {
        let mut run = work.start(args);
        std::thread::sleep(Duration::from_millis(700));
        assert!(run.runs(), "{args:?} does not wait for the pipe");
        // not SIGINT, which a job in the background ignores: before it listens a signal does what it does to any process
        run.signal(Signal::TERM);
        let code = run.wait().code;
        assert!(matches!(code, Some(130) | None), "{args:?}: {code:?}");
    }
}
