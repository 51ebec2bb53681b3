//! The laws of `src/resource/mod.rs`, for every kind, against the sandbox and over the real SDK.
//!
//! A [`Case`] says what a kind's entry looks like, which fields can be changed in place, and what of the world each of
//! them may move. The rest is the same for all: [`laws`] goes through an object's whole life.

mod cases;

use crate::stage::{self, Stage};
use cases::*;
use cruddur_infra::engine::{Options, Seen, Stack};
use cruddur_infra::kinds;
use cruddur_infra::model::{
    Action, Addr, Class, Event, Observed, Owner, Presence, Readiness, Verdict,
};
use cruddur_infra::resource::{Facts, Managed};
use cruddur_infra::sandbox::server::{LoggedCall, Server};
use cruddur_infra::sandbox::world::World;
use std::collections::{BTreeMap, BTreeSet};

type Tags = BTreeMap<String, String>;

/// One kind on trial.
struct Case {
    /// The entry.
    addr: &'static str,
    /// The whole stack; what the entry needs is in it.
    yaml: &'static str,
    /// The files that the stack names.
    files: &'static [(&'static str, &'static str)],
    /// The entry needs a database that answers.
    postgres: bool,
    /// Changes in place, one after the other.
    edits: &'static [Edit],
    /// What of the world is the object: making it moves nothing else, and deleting it leaves nothing else behind.
    makes: &'static [&'static str],
    /// What stays when it is gone.
    leaves: &'static [&'static str],
    /// What every change of such an object moves by itself.
    noise: &'static [&'static str],
    /// Reads that the kind can do without, and why.
    spare: &'static [(&'static str, &'static str)],
    /// Where the world keeps the object's tags; none where it cannot be tagged.
    tags: Option<fn(&mut World) -> &mut Tags>,
    /// Where the world keeps the text that begins with the mark of one that cannot be tagged, and carries a mark all the
    /// same.
    mark: Option<fn(&mut World) -> &mut String>,
    /// An object with another stack's tag is not this entry's at all: it is not seen, only in the way.
    hidden_from_others: bool,
    /// It carries the mark where the world does not show it: in a database.
    marked_inside: bool,
    /// It goes with what it lives in.
    forgotten: bool,
}

/// One field that changes.
struct Edit {
    what: What,
    /// The fields that the plan names.
    diff: &'static [&'static str],
    /// What of the world moves; `*` stands for any text.
    moves: &'static [&'static str],
    /// Another entry that the plan changes with it.
    with: Option<&'static str>,
}

enum What {
    /// A text in the stack becomes another one.
    Text(&'static str, &'static str),
    /// A file has another content.
    File(&'static str, &'static str),
    /// This machine moves.
    Address([u8; 4]),
}

const fn edit(
    from: &'static str,
    to: &'static str,
    diff: &'static [&'static str],
    moves: &'static [&'static str],
) -> Edit {
    Edit {
        what: What::Text(from, to),
        diff,
        moves,
        with: None,
    }
}

/// One object and everything around it.
struct Trial<'a> {
    case: &'a Case,
    stage: Stage,
    addr: Addr,
    yaml: String,
}

impl Trial<'_> {
    fn scope(&self) -> BTreeSet<Addr> {
        [self.addr.clone()].into()
    }

    async fn stack(&self) -> Stack {
        self.stage.stack(&self.yaml).await
    }

    /// Looks at the entry alone, with the facts of a look without faults.
    async fn facts(&self) -> (Stack, Facts) {
        let stack = self.stack().await;
        let seen = stage::look(&stack, &self.scope()).await.unwrap();
        let facts = stage::facts(&stack, &self.addr, &seen);
        (stack, facts)
    }

    async fn observe(&self) -> Observed {
        let (stack, facts) = self.facts().await;
        node(&stack, &self.addr).observe(&facts).await.unwrap()
    }

    /// Compares the world with an earlier one.
    fn assert_moved(&self, before: &serde_json::Value, allowed: &[&str], what: &str) {
        let moved = stage::moved(before, &self.stage.world());
        let excess: Vec<&String> = moved
            .iter()
            .filter(|path| !allowed.iter().chain(self.case.noise).any(|p| fits(p, path)))
            .collect();
        assert!(excess.is_empty(), "{}: {what} moved {excess:#?}", self.addr);
    }

    async fn assert_absent(&self) {
        let seen = self.observe().await;
        assert!(
            matches!(seen, Observed::Absent { .. }),
            "{}: {seen:?}",
            self.addr
        );
    }

    async fn present(&self) -> Presence {
        match self.observe().await {
            Observed::Present(p) => *p,
            other => panic!("{}: {other:?}", self.addr),
        }
    }

    /// The entry through another server.
    async fn through(&self, server: &Server) -> (Stack, Facts) {
        let (_, facts) = self.facts().await;
        (self.stage.stack_at(&self.yaml, server).await, facts)
    }

    async fn plan(&self, options: &Options) -> (Stack, cruddur_infra::model::Plan, Seen) {
        let stack = self.stack().await;
        let (plan, seen) = stage::plan(&stack, &self.scope(), options).await;
        (stack, plan, seen)
    }

    async fn assert_settled(&self, when: &str) {
        let p = self.present().await;
        assert_eq!(p.readiness, Readiness::Ready, "{} {when}", self.addr);
        match &p.verdict {
            Verdict::Diff(d) => assert!(d.is_empty(), "{} {when}: {d:#?}", self.addr),
            other => panic!("{} {when}: {other:?}", self.addr),
        }
        let (_, plan, _) = self.plan(&Options::default()).await;
        assert!(plan.is_empty(), "{} {when}: {plan:#?}", self.addr);
    }
}

fn node<'a>(stack: &'a Stack, addr: &Addr) -> &'a dyn Managed {
    stack.nodes[addr].as_ref()
}

fn fits(pattern: &str, text: &str) -> bool {
    let mut rest = text;
    let mut parts = pattern.split('*');
    let Some(tail) = parts.next().and_then(|head| rest.strip_prefix(head)) else {
        return false;
    };
    rest = tail;
    let mut open = false;
    for part in parts {
        match rest.find(part) {
            Some(at) => rest = &rest[at + part.len()..],
            None => return false,
        }
        open = part.is_empty();
    }
    // what is below a path belongs to it
    open || rest.is_empty() || rest.starts_with('.')
}

fn operations(calls: &[LoggedCall]) -> BTreeSet<String> {
    calls
        .iter()
        .map(|c| format!("{}:{}", c.service, c.operation))
        .collect()
}

/// Goes through an object's whole life.
async fn laws(case: &Case) {
    let stage = match case.postgres {
        true => Stage::with_postgres().await,
        false => Stage::open().await,
    };
    for (path, text) in case.files {
        stage.write(path, text);
    }
    stage.write(
        "layers/lib.zip",
        stage::zip(&[("python/lib.py", "X = 1\n")]),
    );
    stage.change(more_network);
    let mut trial = Trial {
        case,
        stage,
        addr: case.addr.parse().unwrap(),
        yaml: case.yaml.to_owned(),
    };
    needs(&trial).await;
    let empty = trial.stage.world();
    absence(&trial).await;
    creation(&trial).await;
    trial.assert_moved(&empty, case.makes, "making it");
    reading(&trial).await;
    ownership(&trial).await;
    for edit in case.edits {
        update(&mut trial, edit).await;
    }
    removal(&trial).await;
    if !case.forgotten {
        trial.assert_moved(&empty, case.leaves, "its whole life");
    }
    trial.stage.close().await;
}

/// A second security group, for entries that change theirs.
fn more_network(world: &mut World) {
    let mut group = world.ec2.groups[0].clone();
    group.id = "sg-0second0000000000".to_owned();
    group.name = "second".to_owned();
    world.ec2.groups.push(group);
}

/// Makes what the entry needs.
async fn needs(t: &Trial<'_>) {
    let stack = t.stack().await;
    let mut needs = stack.with_needs(&t.scope());
    needs.remove(&t.addr);
    if !needs.is_empty() {
        stage::converge(&stack, &needs).await;
    }
}

/// Law 1 while it is not there: absence is what the service says, and nothing else.
async fn absence(t: &Trial<'_>) {
    let before = t.stage.world();
    t.assert_absent().await;
    assert_eq!(
        stage::moved(&before, &t.stage.world()),
        Vec::<String>::new(),
        "{}: a look moved the world",
        t.addr
    );
    no_refusal_is_absence(t).await;
    // law 3
    let (stack, facts) = t.facts().await;
    node(&stack, &t.addr).delete(&facts).await.unwrap();
    assert_eq!(
        stage::moved(&before, &t.stage.world()),
        Vec::<String>::new(),
        "{}",
        t.addr
    );
}

fn says_not_found(calls: &[LoggedCall]) -> bool {
    let words = ["NotFound", "NoSuchEntity"];
    calls
        .iter()
        .filter_map(|c| c.code.as_deref())
        .any(|code| words.iter().any(|w| code.contains(w)))
}

/// Every call that a look makes is refused once: the look fails, whatever the reason is.
async fn no_refusal_is_absence(t: &Trial<'_>) {
    let (stack, facts) = t.facts().await;
    let already = t.stage.server.calls().len();
    node(&stack, &t.addr).observe(&facts).await.unwrap();
    let calls = t.stage.server.calls().split_off(already);
    for call in &calls {
        let reads = ["Describe", "Get", "List"]
            .iter()
            .any(|p| call.operation.starts_with(p));
        assert!(reads, "{}: a look calls {}", t.addr, call.operation);
    }
    assert_eq!(
        calls.is_empty(),
        t.case.postgres,
        "{}: what does the look call?",
        t.addr
    );
    for operation in operations(&calls) {
        let spare = t.case.spare.iter().any(|(spare, _)| *spare == operation);
        let reasons = [
            ("deny", Some(Class::Denied)),
            (
                "{ error: { code: SomethingNew, status: 400, message: What } }",
                None,
            ),
        ];
        for (fault, class) in reasons {
            let server = t
                .stage
                .with_faults(&format!("- {{ call: \"{operation}\", fault: {fault} }}"))
                .await;
            let (stack, facts) = t.through(&server).await;
            let result = node(&stack, &t.addr).observe(&facts).await;
            match (result, class) {
                (Err(fault), Some(class)) => {
                    assert_eq!(fault.class, class, "{}: {operation}: {fault:?}", t.addr);
                }
                (Err(fault), None) => {
                    assert!(
                        fault.class != Class::NotFound,
                        "{}: {operation}: {fault:?}",
                        t.addr
                    );
                }
                // another call of the same look had the service's own word for it
                (Ok(Observed::Absent { .. }), _) if says_not_found(&server.calls()) => {}
                (Ok(seen), _) => {
                    assert!(
                        spare,
                        "{}: without {operation} ({fault}) it is {seen:?}",
                        t.addr
                    );
                    let there = matches!(seen, Observed::Present(_));
                    let really = matches!(t.observe().await, Observed::Present(_));
                    assert_eq!(there, really, "{}: {operation}", t.addr);
                }
            }
        }
        // a call too many is made again
        let server = t
            .stage
            .with_faults(&format!(
                "- {{ call: \"{operation}\", nth: 1, fault: throttle }}"
            ))
            .await;
        let (stack, facts) = t.through(&server).await;
        let seen = node(&stack, &t.addr).observe(&facts).await.unwrap();
        assert_eq!(seen, t.observe().await, "{}: {operation}", t.addr);
        let throttled = server
            .calls()
            .iter()
            .filter(|c| c.status.is_none_or(|s| s >= 400))
            .count();
        assert!(throttled >= 1, "{}: {operation} was not throttled", t.addr);
    }
}

/// Laws 2 and 3: made once, and never over something that is there. Some calls are throttled meanwhile.
async fn creation(t: &Trial<'_>) {
    let server = t
        .stage
        .with_faults("- { call: \"*\", every: 4, fault: throttle }")
        .await;
    let stack = t.stage.stack_at(&t.yaml, &server).await;
    let plan = stage::converge(&stack, &t.scope()).await;
    let made: Vec<&Addr> = plan
        .changes
        .iter()
        .filter(|c| c.is_change())
        .map(|c| &c.addr)
        .collect();
    assert_eq!(made, [&t.addr], "{plan:#?}");
    t.assert_settled("after it was made").await;

    let before = t.stage.world();
    let (stack, facts) = t.facts().await;
    let fault = node(&stack, &t.addr)
        .create(&facts)
        .await
        .expect_err("made twice");
    assert_eq!(fault.class, Class::Conflict, "{}: {fault:?}", t.addr);
    assert_eq!(
        stage::moved(&before, &t.stage.world()),
        Vec::<String>::new(),
        "{}",
        t.addr
    );
    t.assert_settled("after it was made again").await;
}

/// Law 1 while it is there.
async fn reading(t: &Trial<'_>) {
    let before = t.stage.world();
    let first = t.observe().await;
    assert_eq!(first, t.observe().await, "{}: two looks differ", t.addr);
    assert_eq!(
        stage::moved(&before, &t.stage.world()),
        Vec::<String>::new(),
        "{}: a look moved the world",
        t.addr
    );
    no_refusal_is_absence(t).await;
    // every output that is there is declared, and what is declared secret is secret
    let p = t.present().await;
    let stack = t.stack().await;
    let declared = node(&stack, &t.addr).outputs();
    for (name, value) in &p.outputs {
        let decl = declared
            .iter()
            .find(|d| d.name == name)
            .unwrap_or_else(|| panic!("{}: {name} is not declared", t.addr));
        let secret = matches!(value, cruddur_infra::model::Output::Secret(_));
        assert_eq!(decl.secret, secret, "{}: {name}", t.addr);
    }
}

/// Design §6: what is nobody's is taken over only when asked, what is another stack's never.
async fn ownership(t: &Trial<'_>) {
    if let Some(mark) = t.case.mark {
        return ownership_by_mark(t, mark).await;
    }
    let Some(tags) = t.case.tags else {
        let owner = match t.case.marked_inside {
            true => Owner::Ours,
            false => Owner::Untaggable,
        };
        assert_eq!(t.present().await.owner, owner, "{}", t.addr);
        return;
    };
    let ours = {
        let mut kept = Tags::new();
        t.stage.change(|w| kept = tags(w).clone());
        kept
    };
    assert_eq!(ours["cruddur-infra:stack"], "conformance", "{}", t.addr);
    assert_eq!(ours["cruddur-infra:addr"], t.case.addr);
    assert_eq!(t.present().await.owner, Owner::Ours);

    // nobody's
    t.stage.change(|w| tags(w).clear());
    assert_eq!(t.present().await.owner, Owner::Nobody, "{}", t.addr);
    let (_, plan, _) = t.plan(&Options::default()).await;
    let change = plan.changes.iter().find(|c| c.addr == t.addr).unwrap();
    assert_eq!(change.action, Action::Adopt, "{change:#?}");
    let why = change.refused.as_deref().unwrap_or_default();
    assert!(
        why.contains(&format!("--adopt {}", t.addr)),
        "{}: `{why}`",
        t.addr
    );
    let (stack, facts) = t.facts().await;
    let before = t.stage.world();
    let fault = node(&stack, &t.addr)
        .delete(&facts)
        .await
        .expect_err("deleted what is nobody's");
    assert_eq!(fault.class, Class::Surprise, "{fault:?}");
    assert_eq!(
        stage::moved(&before, &t.stage.world()),
        Vec::<String>::new(),
        "{}",
        t.addr
    );

    // taken over: it is tagged, and nothing else moves
    let allowed = Options {
        adopt: t.scope(),
        ..Options::default()
    };
    let (stack, plan, seen) = t.plan(&allowed).await;
    assert_eq!(plan.refused().count(), 0, "{plan:#?}");
    // the other stack is quicker
    t.stage.change(|w| {
        tags(w).insert("cruddur-infra:stack".to_owned(), "other".to_owned());
    });
    let before = t.stage.world();
    let (summary, events) = stage::run(&stack, &plan, &seen).await;
    assert_eq!(summary.failed, std::slice::from_ref(&t.addr), "{events:#?}");
    assert_eq!(
        stage::moved(&before, &t.stage.world()),
        Vec::<String>::new(),
        "{}",
        t.addr
    );
    t.stage.change(|w| tags(w).clear());
    let (stack, plan, seen) = t.plan(&allowed).await;
    stage::run_well(&stack, &plan, &seen).await;
    let mut now = Tags::new();
    t.stage.change(|w| now = tags(w).clone());
    // it was made by another run, and nothing says so any more
    let mut lasting = ours.clone();
    lasting.remove("cruddur-infra:run");
    assert_eq!(now, lasting, "{}", t.addr);
    t.assert_settled("after it was taken over").await;

    // another stack's
    t.stage.change(|w| {
        tags(w).insert("cruddur-infra:stack".to_owned(), "other".to_owned());
    });
    let before = t.stage.world();
    let (stack, plan, seen) = t.plan(&allowed).await;
    let change = plan.changes.iter().find(|c| c.addr == t.addr).unwrap();
    if t.case.hidden_from_others {
        // it is not seen as this entry's, and stands in the way of making one
        assert_eq!(change.action, Action::Create, "{change:#?}");
        let (summary, events) = stage::run(&stack, &plan, &seen).await;
        assert_eq!(summary.failed, std::slice::from_ref(&t.addr), "{events:#?}");
        let class = events.iter().find_map(|e| match &e.event {
            Event::Failed { fault, .. } => Some(fault.class),
            _ => None,
        });
        assert_eq!(class, Some(Class::Conflict), "{events:#?}");
    } else {
        let why = change.refused.as_deref().unwrap_or_default();
        assert!(
            why.contains("belongs to stack other"),
            "{}: `{why}`",
            t.addr
        );
        let (stack, facts) = t.facts().await;
        let fault = node(&stack, &t.addr)
            .delete(&facts)
            .await
            .expect_err("deleted another stack's");
        assert_eq!(fault.class, Class::Surprise, "{fault:?}");
    }
    let serial_only: Vec<String> = stage::moved(&before, &t.stage.world());
    assert_eq!(serial_only, Vec::<String>::new(), "{}", t.addr);
    t.stage.change(|w| *tags(w) = ours);
    t.assert_settled("after all that").await;
}

/// The same where a text says whose it is.
async fn ownership_by_mark(t: &Trial<'_>, mark: fn(&mut World) -> &mut String) {
    let set = |text: &str| {
        let mut before = String::new();
        t.stage
            .change(|w| before = std::mem::replace(mark(w), text.to_owned()));
        before
    };
    let not_deleted = async || {
        let before = t.stage.world();
        let (stack, facts) = t.facts().await;
        let refused = node(&stack, &t.addr).delete(&facts).await;
        assert_eq!(refused.expect_err("deleted").class, Class::Surprise);
        assert_eq!(
            stage::moved(&before, &t.stage.world()),
            Vec::<String>::new()
        );
    };
    assert_eq!(t.present().await.owner, Owner::Ours);
    let ours = set("by hand");
    assert!(ours.contains(&format!("conformance:{}", t.addr)), "{ours}");

    // nobody's
    assert_eq!(t.present().await.owner, Owner::Nobody);
    let (_, plan, _) = t.plan(&Options::default()).await;
    let change = plan.changes.iter().find(|c| c.addr == t.addr).unwrap();
    let why = change.refused.as_deref().unwrap_or_default();
    assert!(why.contains(&format!("--adopt {}", t.addr)), "`{why}`");
    not_deleted().await;

    // taken over
    let allowed = Options {
        adopt: t.scope(),
        ..Options::default()
    };
    let (stack, plan, seen) = t.plan(&allowed).await;
    stage::run_well(&stack, &plan, &seen).await;
    assert_eq!(t.present().await.owner, Owner::Ours);
    t.assert_settled("after it was taken over").await;

    // another stack's
    set(&ours.replace(":conformance:", ":other:"));
    assert_eq!(t.present().await.owner, Owner::Other("other".to_owned()));
    let (_, plan, _) = t.plan(&allowed).await;
    let change = plan.changes.iter().find(|c| c.addr == t.addr).unwrap();
    let why = change.refused.as_deref().unwrap_or_default();
    assert!(why.contains("belongs to stack other"), "`{why}`");
    not_deleted().await;
    set(&ours);
    t.assert_settled("after all that").await;
}

/// Laws 4 and 5: a field is changed in place; outputs stay, and nothing else moves.
async fn update(t: &mut Trial<'_>, edit: &Edit) {
    let label = match &edit.what {
        What::Text(from, to) => {
            assert_eq!(
                t.yaml.matches(from).count(),
                1,
                "{}: `{from}` in\n{}",
                t.addr,
                t.yaml
            );
            t.yaml = t.yaml.replace(from, to);
            format!("{} `{from}` → `{to}`", t.addr)
        }
        What::File(path, text) => {
            t.stage.write(path, text);
            format!("{} {path}", t.addr)
        }
        What::Address(ip) => {
            t.stage.address = (*ip).into();
            format!("{} {ip:?}", t.addr)
        }
    };
    let before = t.stage.world();
    let (stack, plan, seen) = t.plan(&Options::default()).await;
    let (mine, others): (Vec<_>, Vec<_>) = plan
        .changes
        .iter()
        .filter(|c| c.is_change())
        .partition(|c| c.addr == t.addr);
    let others: Vec<String> = others.iter().map(|c| c.addr.to_string()).collect();
    assert_eq!(others, edit.with.as_slice(), "{label}: {plan:#?}");
    let [change] = mine.as_slice() else {
        panic!("{label}: {plan:#?}");
    };
    assert_eq!(change.action, Action::Update, "{label}: {change:#?}");
    assert_eq!(change.refused, None, "{label}");
    assert_eq!(change.diff.paths(), edit.diff, "{label}");
    let promised = seen.outputs[&t.addr].clone();
    stage::run_well(&stack, &plan, &seen).await;
    t.assert_settled(&label).await;
    assert_eq!(
        t.present().await.outputs,
        promised,
        "{label}: the outputs moved"
    );
    t.assert_moved(&before, edit.moves, &label);
    let moved = stage::moved(&before, &t.stage.world());
    for pattern in edit.moves {
        assert!(
            moved.iter().any(|path| fits(pattern, path)),
            "{label} did not move {pattern}: {moved:#?}"
        );
    }
}

/// Law 3: deleted, gone, and deleting again is no fault.
async fn removal(t: &Trial<'_>) {
    let stack = t.stack().await;
    let (plan, seen) = stage::plan_removal(&stack, &t.addr).await;
    let change = plan.changes.iter().find(|c| c.addr == t.addr).unwrap();
    if t.case.forgotten {
        assert_eq!(change.action, Action::Forget, "{change:#?}");
        return;
    }
    assert_eq!(change.action, Action::Delete, "{change:#?}");
    assert_eq!(change.refused, None);
    stage::run_well(&stack, &plan, &seen).await;
    t.assert_absent().await;
    let before = t.stage.world();
    let (stack, facts) = t.facts().await;
    node(&stack, &t.addr).delete(&facts).await.unwrap();
    let moved = stage::moved(&before, &t.stage.world());
    assert_eq!(moved, Vec::<String>::new(), "{}", t.addr);
}

const CASES: [&Case; 12] = [
    &RDS_INSTANCE,
    &SECURITY_GROUP_RULE,
    &CURRENT_IP,
    &IAM_POLICY,
    &IAM_ROLE,
    &SCHEDULE,
    &LAMBDA_LAYER,
    &LAMBDA_FUNCTION,
    &LAMBDA_PERMISSION,
    &COGNITO_TRIGGER,
    &SQL_SCRIPT,
    &POSTGRES_ROLE,
];

#[test]
fn every_kind_has_a_case() {
    let cases: BTreeSet<String> = CASES
        .iter()
        .map(|c| c.addr.parse::<Addr>().unwrap().kind)
        .collect();
    let kinds: BTreeSet<String> = kinds::offline()
        .iter()
        .map(|k| k.name().to_owned())
        .collect();
    assert_eq!(cases, kinds);
}

macro_rules! cases {
    ($($name:ident: $case:ident,)*) => {
        $(
            #[tokio::test(flavor = "multi_thread", worker_threads = 2)]
            async fn $name() {
                laws(&$case).await;
            }
        )*
    };
}

cases! {
    an_rds_instance_keeps_the_laws: RDS_INSTANCE,
    a_security_group_rule_keeps_the_laws: SECURITY_GROUP_RULE,
    a_rule_for_this_machine_keeps_the_laws: CURRENT_IP,
    an_iam_policy_keeps_the_laws: IAM_POLICY,
    an_iam_role_keeps_the_laws: IAM_ROLE,
    a_schedule_keeps_the_laws: SCHEDULE,
    a_lambda_layer_keeps_the_laws: LAMBDA_LAYER,
    a_lambda_function_keeps_the_laws: LAMBDA_FUNCTION,
    a_lambda_permission_keeps_the_laws: LAMBDA_PERMISSION,
    a_cognito_trigger_keeps_the_laws: COGNITO_TRIGGER,
    an_sql_script_keeps_the_laws: SQL_SCRIPT,
    a_postgres_role_keeps_the_laws: POSTGRES_ROLE,
}

// --- what only one kind has ---

/// A version never changes: other content is another one beside it. Of this stack's, some are kept; of others', all.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn versions_of_a_layer() {
    let stage = Stage::open().await;
    stage.write(
        "layers/lib.zip",
        stage::zip(&[("python/lib.py", "X = 1\n")]),
    );
    let addr: Addr = "lambda_layer.main".parse().unwrap();
    let scope: BTreeSet<Addr> = [addr.clone()].into();
    let mine = LAMBDA_LAYER.yaml.to_owned();
    let theirs = mine.replace("stack: conformance", "stack: other");
    stage::converge(&stage.stack(&theirs).await, &scope).await;
    let arn = |p: &Presence| match &p.outputs["arn"] {
        cruddur_infra::model::Output::Plain(arn) => arn.as_str().unwrap().to_owned(),
        other => panic!("{other:?}"),
    };
    let mut arns = Vec::new();
    for text in ["first", "second", "third", "fourth"] {
        let yaml = mine.replace("description: first", &format!("description: {text}"));
        let stack = stage.stack(&yaml).await;
        // what another stack published is not this stack's, though the bytes are the same
        let seen = stage::look_at(&stack, &addr).await.unwrap();
        assert!(matches!(seen, Observed::Absent { .. }), "{text}: {seen:?}");
        stage::converge(&stack, &scope).await;
        match stage::look_at(&stack, &addr).await.unwrap() {
            Observed::Present(p) => arns.push(arn(&p)),
            other => panic!("{text}: {other:?}"),
        }
    }
    let numbers = |stage: &Stage| -> Vec<u64> {
        let world = stage.sandbox.store.read(World::clone).unwrap();
        world.lambda.layers["conf-layer"]
            .versions
            .iter()
            .map(|v| v.number)
            .collect()
    };
    // the fourth publishing left one too many, and the next plan says so
    let fourth = mine.replace("description: first", "description: fourth");
    let fewer = fourth.replace("keep_versions: 3", "keep_versions: 2");
    let stack = stage.stack(&fewer).await;
    let (plan, seen) = stage::plan(&stack, &scope, &Options::default()).await;
    assert_eq!(plan.changes[0].action, Action::Update, "{plan:#?}");
    assert_eq!(plan.changes[0].diff.paths(), ["old_versions"]);
    stage::run_well(&stack, &plan, &seen).await;
    let kept: BTreeSet<u64> = numbers(&stage).into_iter().collect();
    assert_eq!(
        kept,
        [1, 4, 5].into(),
        "another stack's version is number 1"
    );
    let Observed::Present(p) = stage::look_at(&stack, &addr).await.unwrap() else {
        panic!("the current version is gone");
    };
    assert_eq!(Some(&arn(&p)), arns.last(), "an output moved");
    let (plan, seen) = stage::plan_removal(&stack, &addr).await;
    stage::run_well(&stack, &plan, &seen).await;
    assert_eq!(numbers(&stage), [1]);
    stage.close().await;
}

/// A pool calls one function on an occasion: another one's trigger is neither replaced nor cleared unasked.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn somebody_elses_trigger_stays() {
    let mut trial = Trial {
        case: &COGNITO_TRIGGER,
        stage: Stage::open().await,
        addr: COGNITO_TRIGGER.addr.parse().unwrap(),
        yaml: COGNITO_TRIGGER.yaml.to_owned(),
    };
    for (path, text) in COGNITO_TRIGGER.files {
        trial.stage.write(path, text);
    }
    needs(&trial).await;
    // a function that nobody's stack made
    const FOREIGN: &str = "arn:aws:lambda:us-west-2:123456789012:function:theirs";
    trial.stage.change(|w| {
        let mut function = w.lambda.functions["conf-one"].clone();
        function.name = "theirs".to_owned();
        function.tags.clear();
        w.lambda.functions.insert(function.name.clone(), function);
        w.cognito.pools[0].settings["LambdaConfig"]["PostConfirmation"] = FOREIGN.into();
    });
    let before = trial.stage.world();
    for options in [
        Options::default(),
        Options {
            adopt: trial.scope(),
            ..Options::default()
        },
    ] {
        let (_, plan, _) = trial.plan(&options).await;
        let change = plan.changes.iter().find(|c| c.addr == trial.addr).unwrap();
        let why = change.refused.as_deref().unwrap_or_default();
        assert!(
            why.contains("--adopt") || why.contains("--allow-replace"),
            "{change:#?}"
        );
    }
    let (stack, facts) = trial.facts().await;
    let fault = node(&stack, &trial.addr)
        .delete(&facts)
        .await
        .expect_err("cleared");
    assert_eq!(fault.class, Class::Surprise, "{fault:?}");
    let fault = node(&stack, &trial.addr)
        .create(&facts)
        .await
        .expect_err("overwritten");
    assert_eq!(fault.class, Class::Conflict, "{fault:?}");
    assert_eq!(
        stage::moved(&before, &trial.stage.world()),
        Vec::<String>::new()
    );
    // asked for by name, both times
    let (stack, plan, seen) = trial
        .plan(&Options {
            adopt: trial.scope(),
            allow_replace: trial.scope(),
            ..Options::default()
        })
        .await;
    assert_eq!(plan.refused().count(), 0, "{plan:#?}");
    stage::run_well(&stack, &plan, &seen).await;
    trial.yaml = COGNITO_TRIGGER.yaml.to_owned();
    trial.assert_settled("after it was taken over").await;
    trial.assert_moved(&before, COGNITO_TRIGGER.makes, "taking it over");
    trial.stage.close().await;
}

/// For the database too, a refusal is no absence, and a look leaves no trace.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_database_that_refuses_is_not_an_empty_one() {
    let stage = Stage::with_postgres().await;
    for (path, text) in SQL_SCRIPT.files {
        stage.write(path, text);
    }
    let addr: Addr = SQL_SCRIPT.addr.parse().unwrap();
    let scope: BTreeSet<Addr> = [addr.clone()].into();
    let yaml = SQL_SCRIPT.yaml.replace("5441", "5442");
    let stack = stage.stack(&yaml).await;
    let mut needs = stack.with_needs(&scope);
    needs.remove(&addr);
    stage::converge(&stack, &needs).await;
    let seen = stage::look(&stack, &scope).await.unwrap();
    let facts = stage::facts(&stack, &addr, &seen);
    let instance: Addr = "rds_instance.main".parse().unwrap();
    let url = match &seen.outputs[&instance]["connection_url"] {
        cruddur_infra::model::Output::Secret(url) => url.expose().to_owned(),
        other => panic!("the URL is not secret: {other:?}"),
    };
    let tables = async || -> Vec<String> {
        let connector = stage.connector();
        let session = connector.connect(&url.parse().unwrap()).await.unwrap();
        let sql = "SELECT n.nspname || '.' || c.relname FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace \
                   WHERE n.nspname NOT IN ('pg_catalog', 'information_schema', 'pg_toast') ORDER BY 1";
        let rows = session.client().query(sql, &[]).await.unwrap();
        let found = rows.iter().map(|r| r.get(0)).collect();
        session.close().await;
        found
    };
    let before = tables().await;
    let looked = node(&stack, &addr).observe(&facts).await.unwrap();
    assert!(matches!(looked, Observed::Absent { .. }), "{looked:?}");
    assert_eq!(tables().await, before, "a look left something behind");

    let with_url = |url: String| {
        let mut facts = facts.clone();
        let outputs = std::sync::Arc::make_mut(&mut facts.outputs);
        outputs.get_mut(&instance).unwrap().insert(
            "connection_url".to_owned(),
            cruddur_infra::model::Output::Secret(cruddur_infra::model::Secret::new(url)),
        );
        facts
    };
    let wrong = with_url(url.replace(stage::PASSWORD, "another-horse-43"));
    let fault = node(&stack, &addr)
        .observe(&wrong)
        .await
        .expect_err("a wrong password");
    assert_eq!(fault.class, Class::Denied, "{fault:?}");
    assert!(!format!("{fault:?}").contains("another-horse"), "{fault:?}");
    let nowhere = with_url(url.replace("/app?", "/nowhere?"));
    let fault = node(&stack, &addr)
        .observe(&nowhere)
        .await
        .expect_err("a database that is not there");
    assert!(fault.class != Class::Unreachable, "{fault:?}");

    // a script that fails leaves nothing, and no record
    stage.write(
        "sql/schema.sql",
        "CREATE TABLE half (id int);\nSELECT 1/0;\n",
    );
    let stack = stage.stack(&yaml).await;
    let (plan, seen) = stage::plan(&stack, &scope, &Options::default()).await;
    let (summary, events) = stage::run(&stack, &plan, &seen).await;
    assert_eq!(summary.failed, std::slice::from_ref(&addr), "{events:#?}");
    assert!(!tables().await.iter().any(|t| t.ends_with("half")));
    let again = stage::look_at(&stack, &addr).await.unwrap();
    assert!(matches!(again, Observed::Absent { .. }), "{again:?}");
    stage.close().await;
}

/// What an entry stands for is no leftover, even where a layer went back to what it was; what no entry stands for is one.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn leftovers_are_what_no_entry_stands_for() {
    let stage = Stage::open().await;
    stage.write("lambda/fn/app.py", CODE);
    stage.write(
        "layers/lib.zip",
        stage::zip(&[("python/lib.py", "X = 1\n")]),
    );
    let yaml = r#"
stack: conformance
region: us-west-2
rds_instances:
  main: { identifier: Conf-DB, instance_class: db.t3.micro, allocated_storage: 20, master_username: keeper, master_password: "${env.DB_PASSWORD}" }
security_group_rules:
  workspace: { security_group: "${rds_instance.main.security_group_id}", from: current_ip, port: 5432 }
iam_policies:
  main: { name: conf-policy, document: { Version: "2012-10-17", Statement: [ { Effect: Allow, Action: "ec2:DescribeVpcs", Resource: "*" } ] } }
iam_roles:
  main: { name: conf-role, assumed_by: [ lambda.amazonaws.com, scheduler.amazonaws.com ], policies: [ "${iam_policy.main.arn}" ] }
lambda_layers:
  main: { name: conf-layer, zip: layers/lib.zip, runtime: python3.13, architecture: x86_64, description: first }
lambda_functions:
  main: { name: conf-fn, source: lambda/fn, handler: app.handler, runtime: python3.13, role: "${iam_role.main.arn}", layers: [ "${lambda_layer.main.arn}" ] }
cognito_triggers:
  main: { user_pool: "${env.COGNITO_USER_POOL_ID}", trigger: post_confirmation, function: "${lambda_function.main.arn}" }
schedules:
  main: { name: conf-night, expression: "cron(0 0 1 1 ? 2199)", action: stop, instance: "${rds_instance.main.identifier}", role: "${iam_role.main.arn}" }
"#;
    let newer = yaml.replace("description: first", "description: second");
    for text in [yaml, &newer, yaml] {
        let stack = stage.stack(text).await;
        stage::converge(&stack, &stack.nodes.keys().cloned().collect()).await;
    }
    let leftovers = async |yaml: &str| -> (Vec<String>, Vec<String>) {
        stage.write("stack.yaml", yaml);
        let args = ["plan", "--prune", "--format", "json"];
        let output = stage.program(&stage.server, &args).await;
        let err = String::from_utf8_lossy(&output.stderr);
        let plan: serde_json::Value = serde_json::from_slice(&output.stdout)
            .unwrap_or_else(|e| panic!("{e}: {}\n{err}", String::from_utf8_lossy(&output.stdout)));
        let texts = |list: &serde_json::Value, wanted: &dyn Fn(&serde_json::Value) -> bool| {
            let found = list.as_array().unwrap().iter().filter(|v| wanted(v));
            found
                .map(|v| v["address"].as_str().unwrap().to_owned())
                .collect()
        };
        let changes = texts(&plan["changes"], &|c| c["action"] != "no_op");
        (texts(&plan["orphans"], &|_| true), changes)
    };
    let nothing: (Vec<String>, Vec<String>) = (Vec::new(), Vec::new());
    assert_eq!(leftovers(yaml).await, nothing);
    // whatever goes from the file is found by its tag
    let (kept, _) = yaml.split_once("security_group_rules:").unwrap();
    let (found, changes) = leftovers(kept).await;
    let all: BTreeSet<&str> = found.iter().map(String::as_str).collect();
    let expected = [
        "cognito_trigger",
        "iam_policy",
        "iam_role",
        "lambda_function",
        "lambda_layer",
        "lambda_permission",
        "schedule",
        "security_group_rule",
    ];
    let kinds: BTreeSet<&str> = all.iter().map(|a| a.split_once('.').unwrap().0).collect();
    assert_eq!(kinds, expected.into(), "{found:?}");
    assert_eq!(changes.len(), expected.len(), "{changes:?}");
    // an occasion that went while the function stays is found by the function
    let (before, rest) = yaml.split_once("cognito_triggers:").unwrap();
    let (_, after) = rest.split_once("schedules:").unwrap();
    let without = format!("{before}schedules:{after}");
    let (found, _) = leftovers(&without).await;
    assert_eq!(found, ["cognito_trigger.main", "lambda_permission.main"]);
    // another entry's name is another statement, but the same trigger
    let (found, _) = leftovers(&yaml.replace("  main: { user_pool", "  join: { user_pool")).await;
    assert_eq!(found, ["lambda_permission.main"]);
    // an instance under another name leaves the old one behind
    let (found, _) = leftovers(&kept.replace("Conf-DB", "other-db")).await;
    assert!(found.contains(&"rds_instance.main".to_owned()), "{found:?}");
    stage.close().await;
}
