//! Two people apply at once, on the same world: both end, at least one fully, and what is there is as from one of them.
//! `OPERATORS_SEED=N` repeats one interleaving.

use crate::lost_replies::{Count, ONCE, STACK, count, everything, nothing_to_do, world};
use crate::stage::{self, Stage};
use cruddur_infra::engine::Options;
use cruddur_infra::model::{Class, Event, Fault};
use cruddur_infra::sandbox::server::Server;

/// A server on which every second call takes a while, another while for every seed.
async fn slow(stage: &Stage, seed: u64) -> Server {
    let script = format!(
        "seed: {seed}\nfaults:\n  - {{ call: \"*\", probability: 0.4, fault: {{ delay_ms: 12 }} }}\n  \
         - {{ call: \"*\", probability: 0.2, fault: {{ delay_ms: 35 }} }}\n"
    );
    stage.with_faults(&script).await
}

fn seeds(all: std::ops::Range<u64>) -> Vec<u64> {
    match std::env::var("OPERATORS_SEED") {
        Ok(seed) => vec![seed.parse().unwrap()],
        Err(_) => all.collect(),
    }
}

/// One person: looks, plans and applies. Returns what failed.
async fn operator(stage: &Stage, yaml: &str, seed: u64) -> Vec<Fault> {
    let server = slow(stage, seed).await;
    let stack = stage.stack_at(yaml, &server).await;
    let (plan, seen) = stage::plan(&stack, &everything(&stack), &Options::default()).await;
    let (summary, events) = stage::run(&stack, &plan, &seen).await;
    let failed: Vec<Fault> = events
        .into_iter()
        .filter_map(|e| match e.event {
            Event::Failed { fault, .. } => Some(fault),
            _ => None,
        })
        .collect();
    assert_eq!(summary.complete(), failed.is_empty(), "{summary:?}");
    failed
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn two_applies_at_once_make_one_of_everything() {
    let mut both = 0;
    let all = seeds(1..13);
    for seed in &all {
        let stage = world().await;
        let (a, b) = tokio::join!(
            operator(&stage, STACK, seed * 2),
            operator(&stage, STACK, seed * 2 + 1)
        );
        let again = format!("OPERATORS_SEED={seed}: {a:#?}\n{b:#?}");
        assert!(a.is_empty() || b.is_empty(), "{again}");
        both += usize::from(a.is_empty() && b.is_empty());
        assert_eq!(count(&stage), ONCE, "{again}");
        nothing_to_do(&stage, STACK).await;
    }
    // with the same file there is hardly anything to quarrel about
    assert!(
        both * 2 >= all.len(),
        "{both} of {} ended well twice",
        all.len()
    );
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn two_updates_at_once_are_as_one() {
    for seed in seeds(1..13) {
        let stage = world().await;
        let stack = stage.stack(STACK).await;
        stage::converge(&stack, &everything(&stack)).await;
        stage.write("lib.zip", stage::zip(&[("python/lib.py", "x = 2\n")]));
        let changed = STACK
            .replace("s3:GetObject", "s3:PutObject")
            .replace("timeout: 3", "timeout: 5")
            .replace("description: first", "description: second")
            .replace("backup_retention_period: 1", "backup_retention_period: 2");
        let (a, b) = tokio::join!(
            operator(&stage, &changed, seed * 2),
            operator(&stage, &changed, seed * 2 + 1)
        );
        let again = format!("OPERATORS_SEED={seed}: {a:#?}\n{b:#?}");
        assert!(a.is_empty() || b.is_empty(), "{again}");
        let wanted = Count {
            layer_versions: 2,
            policy_versions: 2,
            ..ONCE
        };
        assert_eq!(count(&stage), wanted, "{again}");
        nothing_to_do(&stage, &changed).await;
    }
}

#[tokio::test]
async fn what_somebody_else_has_changed_since_the_plan_is_not_overwritten() {
    for (from, theirs, mine, moved) in [
        (
            "timeout: 3",
            "timeout: 5",
            "timeout: 7",
            "timeout was 3 when the plan was made, and is 5 now",
        ),
        ("s3:GetObject", "s3:PutObject", "s3:ListBucket", "document"),
        (
            "name: crowd-role\n    description: first",
            "name: crowd-role\n    description: theirs",
            "name: crowd-role\n    description: mine",
            "description was \"first\" when the plan was made, and is \"theirs\" now",
        ),
        (
            "port: 6000, description: first",
            "port: 6000, description: theirs",
            "port: 6000, description: mine",
            "description was \"first\" when the plan was made, and is \"theirs\" now",
        ),
        (
            "backup_retention_period: 1",
            "backup_retention_period: 3",
            "backup_retention_period: 2",
            "backup_retention_period was 1 when the plan was made, and is 3 now",
        ),
        (
            "cron(0 20 1 1 ? 2199)",
            "cron(0 21 1 1 ? 2199)",
            "cron(0 22 1 1 ? 2199)",
            "expression was",
        ),
    ] {
        let stage = world().await;
        let stack = stage.stack(STACK).await;
        stage::converge(&stack, &everything(&stack)).await;
        let theirs = STACK.replace(from, theirs);
        let mine = stage.stack(&STACK.replace(from, mine)).await;
        let (plan, seen) = stage::plan(&mine, &everything(&mine), &Options::default()).await;
        let other = stage.stack(&theirs).await;
        stage::converge(&other, &everything(&other)).await;
        let (summary, events) = stage::run(&mine, &plan, &seen).await;
        assert!(!summary.failed.is_empty(), "{from}: {summary:?}");
        let refused = events.iter().any(|e| match &e.event {
            Event::Failed { fault, .. } => {
                fault.class == Class::Surprise
                    && fault.message.contains(moved)
                    && fault
                        .help
                        .as_deref()
                        .is_some_and(|h| h.contains("plan again"))
            }
            _ => false,
        });
        assert!(refused, "{moved}: {events:#?}");
        // and what they have made stands
        nothing_to_do(&stage, &theirs).await;
    }
}

#[tokio::test]
async fn what_somebody_else_has_made_since_the_plan_is_not_overwritten() {
    let theirs = STACK.replace(
        "name: crowd-role\n    description: first",
        "name: crowd-role\n    description: theirs",
    );
    let stage = world().await;
    let mine = stage.stack(STACK).await;
    let (plan, seen) = stage::plan(&mine, &everything(&mine), &Options::default()).await;
    let other = stage.stack(&theirs).await;
    stage::converge(&other, &everything(&other)).await;
    let (summary, events) = stage::run(&mine, &plan, &seen).await;
    let failed: Vec<String> = summary.failed.iter().map(ToString::to_string).collect();
    assert_eq!(failed, ["iam_role.r"], "{events:#?}");
    let told = format!("{events:?}");
    assert!(
        told.contains("another run has made it since the plan was made"),
        "{told}"
    );
    nothing_to_do(&stage, &theirs).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn two_programs_at_once_over_one_sandbox() {
    for seed in seeds(1..4) {
        let stage = world().await;
        stage.write("stack.yaml", STACK);
        let server = slow(&stage, seed).await;
        let args = ["--format", "json", "apply", "--yes"];
        let (a, b) = tokio::join!(stage.program(&server, &args), stage.program(&server, &args));
        let codes = [a.status.code(), b.status.code()];
        let again = format!("OPERATORS_SEED={seed}: {a:#?}\n{b:#?}");
        assert!(codes.contains(&Some(0)), "{again}");
        assert!(codes.iter().all(|c| matches!(c, Some(0 | 3))), "{again}");
        assert_eq!(count(&stage), ONCE, "{again}");
        let plan = stage
            .program(&stage.server, &["plan", "--detailed-exitcode"])
            .await;
        assert_eq!(plan.status.code(), Some(0), "{again}\n{plan:#?}");
    }
}
