"""The deliberate breakages, and for each the tests that must catch it.

A breakage is what a tired person might really do: a check taken out, an order turned round, a case forgotten. `edits`
are (file, old text, new text); the old text must be in the file exactly once, else the breakage has gone stale and the
run fails. `tests` is the target (`lib`, or `it` for tests/it) and the filter that is to fail, with flags for the tests
behind `--`; `env` is set for them.
"""

from dataclasses import dataclass, field

STEP = "src/engine/step.rs"
PROGRESS = "src/engine/progress.rs"
APPLY = "src/engine/apply.rs"
PLAN = "src/engine/plan.rs"
PLAN_DESTROY = "src/engine/plan_destroy.rs"
RANDOM = ("it", "engine_random")
PROMISES = ("it", "engine_promises")
STORMS = ("it", "chaos::storms_in_process -- --exact")
# enough to meet each of them, and not made smaller: it is known what is broken
SOME = {"CHAOS_SEEDS": "120", "CHAOS_TRIES": "0"}


@dataclass
class Breakage:
    name: str
    edits: list
    tests: tuple
    env: dict = field(default_factory=dict)


BREAKAGES = [
    # ---------------------------------------------------------------- the engine
    Breakage(
        "what is still being made counts as done",
        [(PLAN, "                (None, Readiness::Pending(_)) => Action::Wait,\n", "")],
        RANDOM,
    ),
    Breakage(
        "a replacement does not wait until the old one is gone",
        [
            (
                STEP,
                "Readiness::Leaving(word) => {\n                    if self.no_wait {",
                "Readiness::Leaving(_) if self.change.action == Action::Replace => return Ok(Ended::Gone),\n"
                "                Readiness::Leaving(word) => {\n                    if self.no_wait {",
            ),
            (
                STEP,
                "Readiness::Leaving(word) => self.pause(pace, &word).await?,",
                "Readiness::Leaving(_) => return Ok(Some(Ended::Ready(p.outputs))),",
            ),
        ],
        RANDOM,
    ),
    Breakage(
        "a deletion does not wait until it is gone",
        [
            (
                STEP,
                "Readiness::Leaving(word) => {\n                    if self.no_wait {",
                "Readiness::Leaving(_) => return Ok(Ended::Gone),\n"
                "                #[allow(unreachable_patterns)]\n"
                "                Readiness::Leaving(word) => {\n                    if self.no_wait {",
            )
        ],
        RANDOM,
    ),
    Breakage(
        "a failure does not skip its dependents",
        [
            (
                APPLY,
                'for lost in queue.fail(&addr) {\n                    run.skip(lost, &format!("{addr} failed"), events);\n                }',
                "queue.finish(&addr);",
            )
        ],
        RANDOM,
    ),
    Breakage(
        "no limit to what runs at once",
        [(APPLY, "while running.len() < settings.parallelism.max(1) {", "while running.len() < usize::MAX {")],
        RANDOM,
    ),
    Breakage(
        "locks are ignored",
        [(APPLY, ".is_none_or(|lock| !self.held.contains_key(&lock))", ".is_none_or(|_| true)")],
        RANDOM,
    ),
    Breakage(
        "what was unknown in the plan is not settled",
        [
            (
                STEP,
                "Action::Forget | Action::NoOp => Ok(Ended::Gone),",
                "Action::Forget | Action::NoOp => Ok(Ended::Gone),\n"
                "            Action::Update if !self.change.deferred.is_empty() => Ok(Ended::Gone),",
            )
        ],
        RANDOM,
    ),
    Breakage(
        "new work begins after a cancel",
        [(APPLY, "let left = queue.drain();", "let left = Vec::<Addr>::new();")],
        RANDOM,
    ),
    Breakage(
        "the outputs of what is to be replaced count as known",
        [("src/engine/observe.rs", "(goal == Goal::Destroy || (stays && !going))", "(goal == Goal::Destroy || stays || !going)")],
        RANDOM,
    ),
    Breakage(
        "a destroy runs in the order of an apply",
        [(PLAN_DESTROY, "in_order(info, &reversed, seen, |addr, observed, info| {", "in_order(info, after, seen, |addr, observed, info| {")],
        RANDOM,
    ),
    Breakage(
        "a conflict after a lost reply ends the step",
        [(PROGRESS, "if self.conflicts <= LOOKS {", "if self.conflicts > LOOKS {")],
        RANDOM,
    ),
    Breakage(
        "an old look after a change is believed",
        [(PROGRESS, "if self.before.as_ref() == Some(diff) && self.looks < LOOKS {", "if self.before.as_ref() == Some(diff) && self.looks > LOOKS {")],
        PROMISES,
    ),
    Breakage(
        "the shortest tail goes first",
        [("src/engine/queue.rs", "best.is_none_or(|(_, w)| weight > w)", "best.is_none_or(|(_, w)| weight < w)")],
        ("lib", "engine::queue"),
    ),
    Breakage(
        "the promise is not checked",
        [("src/model/promise.rs", "_ => Err(format!(\"{path} was not in the plan\")),", "_ => Ok(()),")],
        PROMISES,
    ),
    Breakage(
        "a replacement is not looked at again",
        [(STEP, "if self.still_replaces().await? {", "if self.change.action == Action::Replace {")],
        PROMISES,
    ),
    Breakage(
        "guards are not checked before a destroy begins",
        [(PLAN_DESTROY, "change.refused = p.guard.clone();", "change.refused = None;")],
        PROMISES,
    ),
    Breakage(
        "guards are not checked again at the deletion",
        [("src/resource/erased.rs", "if let Some(why) = R::guard(&have, facts) {", "if let Some(why) = R::guard(&have, facts).filter(String::is_empty) {")],
        PROMISES,
    ),
    Breakage(
        "a destroy takes what is not ours",
        [
            (
                PLAN_DESTROY,
                'Owner::Nobody => change.reason = "not ours: it has no tag of this stack".to_owned(),',
                "Owner::Nobody => change.action = Action::Delete,",
            )
        ],
        PROMISES,
    ),
    Breakage(
        "whose it is is not looked at again",
        [(STEP, "if !(made && p.owner == Owner::Nobody) {", "if made && p.owner != Owner::Nobody {")],
        PROMISES,
    ),
    Breakage(
        "data is replaced without the user's word",
        [(PLAN, "&& (field.force != Force::Replace || info.holds_data)", "&& field.force != Force::Replace")],
        PROMISES,
    ),
    Breakage(
        "a saved plan holds whatever happened",
        [("src/engine/saved.rs", "if moved.is_empty() { Ok(()) } else { Err(moved) }", "if moved.len() < 1000 { Ok(()) } else { Err(moved) }")],
        PROMISES,
    ),
    # ---------------------------------------------------------------- the kinds
    Breakage(
        "a member of the user pool is dropped",
        [
            (
                "src/kinds/cognito_trigger/pool.rs",
                "request.retain(|name, value| !DESCRIBE_ONLY.contains(&name.as_str()) && !value.is_null());",
                'request.retain(|name, value| !DESCRIBE_ONLY.contains(&name.as_str()) && !value.is_null() && name != "DeviceConfiguration");',
            )
        ],
        ("lib", "kinds::cognito_trigger"),
    ),
    Breakage(
        "members of the user pool that the SDK does not know are dropped",
        [
            (
                "src/kinds/cognito_trigger/pool.rs",
                "request.retain(|name, value| !DESCRIBE_ONLY.contains(&name.as_str()) && !value.is_null());",
                "request.retain(|name, value| BOTH_WAYS.contains(&name.as_str()) && !value.is_null());",
            )
        ],
        ("lib", "kinds::cognito_trigger"),
    ),
    Breakage(
        "the user pool is not described again before the update",
        [
            (
                "src/kinds/cognito_trigger/round_trip.rs",
                "let before = wire.describe(id).await?;",
                "let before = match seen {\n        Some(seen) => seen.clone(),\n        None => wire.describe(id).await?,\n    };",
            )
        ],
        ("lib", "kinds::cognito_trigger"),
    ),
    Breakage(
        "what else moved in the user pool is not put back",
        [
            (
                "src/kinds/cognito_trigger/round_trip.rs",
                "if moved.is_empty() {\n        // where",
                "if moved.len() < 1000 {\n        // where",
            )
        ],
        ("lib", "kinds::cognito_trigger"),
    ),
    Breakage(
        "policies are compared as text",
        [("src/aws/policy_document.rs", "canonical(one) == canonical(other)", "canonical(one) == canonical(other) && one.to_string() == other.to_string()")],
        ("lib", "aws::policy_document"),
    ),
    Breakage(
        "a policy's sixth version has no room",
        [("src/kinds/iam_policy/live.rs", "if self.versions.len() < MAX_VERSIONS {", "if self.versions.len() <= MAX_VERSIONS {")],
        ("lib", "kinds::iam_policy"),
    ),
    Breakage(
        "an engine's major is planned downwards",
        [("src/kinds/rds_instance/diff.rs", "        || wanted.major < there.major\n", "")],
        ("lib", "kinds::rds_instance"),
    ),
    Breakage(
        "an engine's minor is planned downwards",
        [("src/kinds/rds_instance/version.rs", "there.minor.unwrap_or(0) >= self.minor.unwrap_or(0)", "there.minor.unwrap_or(0) == self.minor.unwrap_or(0)")],
        ("lib", "kinds::rds_instance"),
    ),
    Breakage(
        "the password is shown",
        [("src/kinds/rds_instance/diff.rs", '("master_password", Shown::Secret),', '("master_password", want.master_password.expose().into()),')],
        ("lib", "kinds::rds_instance"),
    ),
    Breakage(
        "what is scheduled counts as drift",
        [("src/kinds/rds_instance/diff.rs", "|| scheduled.is_some_and(|s| wanted.admits(s))", "|| scheduled.is_some_and(|s| s.major == 0)")],
        ("lib", "kinds::rds_instance"),
    ),
    Breakage(
        "somebody else's schedule is flushed without a word",
        [
            (
                "src/kinds/rds_instance/pending.rs",
                "Some(wanted) => d.note(&path, f.pending, wanted, Force::Consent).why(",
                "Some(wanted) => d.note(&path, f.pending, wanted, Force::Update).why(",
            )
        ],
        ("lib", "kinds::rds_instance"),
    ),
    Breakage(
        "somebody else's rule is changed",
        [("src/kinds/security_group_rule/diff.rs", "if have.borrowed {", "if have.borrowed && want.tags.is_empty() {")],
        ("lib", "kinds::security_group_rule"),
    ),
    Breakage(
        "the zip of the same files differs from day to day",
        [
            (
                "src/assets/asset.rs",
                ".last_modified_time(DateTime::DEFAULT)",
                ".last_modified_time(DateTime::from_date_and_time(2026, 11, 22, 1, 2, 4).unwrap_or_default())",
            )
        ],
        ("lib", "assets::function"),
    ),
    Breakage(
        "a wheel's digest is not compared",
        [("src/assets/source.rs", "if got != expected {", "if got != expected && bytes.is_empty() {")],
        ("lib", "assets::source"),
    ),
    Breakage(
        "one source of the public address is believed",
        [("src/public_ip/mod.rs", "[first, ..] if told.len() >= QUORUM => Ok(*first),", "[first, ..] if told.len() * 2 >= QUORUM => Ok(*first),")],
        ("lib", "public_ip"),
    ),
    # ---------------------------------------------------------------- the loader
    Breakage(
        "a dangling reference is accepted",
        [("src/stack/edges.rs", "if !self.addresses.contains(&r.from) {", "if !self.addresses.contains(&r.from) && r.from.name.is_empty() {")],
        ("lib", "stack::tests"),
    ),
    Breakage(
        "a circle is accepted",
        [("src/stack/edges.rs", "if let Some(cycle) = cycle(&after) {", "if let Some(cycle) = cycle(&after).filter(|c| c.len() > 1000) {")],
        ("lib", "stack::tests"),
    ),
    Breakage(
        "a key may be there twice",
        [
            (
                "src/yaml/node.rs",
                "        strict_booleans: true,\n",
                "        strict_booleans: true,\n        duplicate_keys: serde_yaml::options::DuplicateKeyPolicy::LastWins,\n",
            )
        ],
        ("lib", "yaml::tests"),
    ),
    Breakage(
        "a password may be written in the file",
        [("src/resource/input.rs", "if template.has_references() {", "if template.has_references() || !text.is_empty() {")],
        ("lib", "yaml::tests"),
    ),
    # ---------------------------------------------------------------- Postgres
    Breakage(
        "rows are thrown away without consent",
        [("src/pg/unseen.rs", "if consent == Consent::Nothing && !shown.losses.is_empty() {", "if consent == Consent::Nothing && statements.is_empty() {")],
        ("lib", "pg::run_tests"),
    ),
    Breakage(
        "a script runs twice",
        [("src/pg/run.rs", "&& recorded.digest == script.digest()", "&& recorded.digest.is_empty()")],
        ("lib", "pg::run_tests"),
    ),
    Breakage(
        "two scripts run at once",
        [("src/pg/run.rs", "        self.lock(&mut on_progress).await?;\n", "        if statements.is_empty() {\n            self.lock(&mut on_progress).await?;\n        }\n")],
        ("lib", "pg::interrupted_tests"),
    ),
    Breakage(
        "what a script did stays after its error",
        [("src/pg/run.rs", 'self.batch("BEGIN ISOLATION LEVEL READ COMMITTED READ WRITE")', 'self.batch("SELECT 1")')],
        ("lib", "pg::run_tests"),
    ),
    Breakage(
        "a role that has used up its connections has another password",
        [("src/pg/roles/look.rs", 'Some("28P01") => Ok(false),', 'Some("28P01" | "53300") => Ok(false),')],
        ("lib", "pg::roles"),
    ),
    Breakage(
        "a right that was not given is no error",
        [("src/pg/roles/change.rs", '["01007", "01006"]', '["01006", "01006"]')],
        ("lib", "pg::roles"),
    ),
    Breakage(
        "rights beyond the file stay",
        [("src/kinds/postgres_role/diff.rs", "if !extra.is_empty() {", "if extra.len() > 9 {")],
        ("lib", "postgres_role"),
    ),
    Breakage(
        "a role is not looked at again after a script that changes",
        [(PLAN, "if before.is_empty()\n", "if before.len() < 9\n")],
        ("it", "engine_destroy"),
    ),
    Breakage(
        "a role is forgotten though its database stays",
        [(PLAN_DESTROY, "info.lives_in.take().filter(|home| doomed.contains(home))", "info.lives_in.take().filter(|home| !doomed.is_empty() || doomed.contains(home))")],
        ("it", "engine_destroy"),
    ),
    # ---------------------------------------------------------------- what SECURITY.md promises
    Breakage(
        "a file is written through a link that somebody put there",
        [("src/files.rs", "options.create_new(true).write(true);", "options.create(true).truncate(true).write(true);")],
        ("lib", "files::"),
    ),
    Breakage(
        "a half-written file stays",
        [
            (
                "src/files.rs",
                "        .inspect_err(|_| {\n            let _ = std::fs::remove_file(path);\n        })\n}",
                "}",
            )
        ],
        ("it", "safety::a_disk_that_is_full"),
    ),
    Breakage(
        "a plan that lost a part is taken",
        [("src/engine/saved.rs", "if plan.digest != digest(&written) {", "if plan.digest.is_empty() {")],
        ("lib", "engine::saved"),
    ),
    Breakage(
        "a refusal that was taken out of a plan is not missed",
        [("src/engine/saved.rs", "        || saved.refused != now.refused\n", ""), ("src/engine/saved.rs", "saved.changes != now.changes)", "saved.changes.len() != now.changes.len())")],
        ("it", "cli_tampered"),
    ),
    Breakage(
        "the consent in a file is taken for the user's",
        [("src/cli/run.rs", "if !args.run.yes && !global.sandbox {\n        if loses_data(&plan) {", "if saved.is_none() && !args.run.yes && !global.sandbox {\n        if loses_data(&plan) {")],
        ("it", "cli_tampered"),
    ),
    Breakage(
        "a web page may drive the sandbox",
        [("src/sandbox/server/visitor.rs", 'let from_a_page = head.headers.contains_key("origin")', 'let from_a_page = head.headers.contains_key("x-origin")')],
        ("lib", "sandbox::server"),
    ),
    Breakage(
        "a name that leads to the sandbox is answered",
        [("src/sandbox/server/visitor.rs", "    if !local {", "    if !local && head.uri.path().is_empty() {")],
        ("lib", "sandbox::server"),
    ),
    Breakage(
        "an endpoint in clear is used",
        [("src/aws/endpoint.rs", '"http" if here => Ok(()),', '"http" if here || parsed.port().is_some() => Ok(()),')],
        ("lib", "aws::endpoint"),
    ),
    Breakage(
        "a secret leaves a copy where it came from",
        [("src/model/secret.rs", "        given.zeroize();\n", "        drop(given);\n")],
        ("lib", "model::secret"),
    ),
    Breakage(
        "a file in a package is a folder too",
        [("src/assets/unzip.rs", "if self.folders.contains(path) || above()", "if path.is_empty() && above()")],
        ("lib", "assets::unzip"),
    ),
    # ---------------------------------------------------------------- what stands still
    Breakage(
        "what was started for a change runs on",
        [(STEP, "Readiness::Ready if diff.is_empty() && self.change.around.is_some() => {", "Readiness::Ready if diff.is_empty() && self.change.around.is_none() && p.to_stop => {")],
        ("it", "engine_rest"),
    ),
    Breakage(
        "what was started for a change has no mark",
        [("src/engine/around.rs", "        if has || rest.marked {\n", "        if has || rest.marked || !rest.ran {\n")],
        RANDOM,
    ),
    Breakage(
        "something is started for what was not promised",
        [("src/engine/around.rs", "        self.change.admits(diff, false).map_err(surprise)?;\n", "")],
        ("it", "engine_rest"),
    ),
    Breakage(
        "scripts run on a database that is stopped again",
        [(PLAN, "        if info.connects\n            && let Some(why)", "        if info.follows\n            && let Some(why)")],
        ("it", "engine_rest"),
    ),
    Breakage(
        "a stop drops what waits for the window",
        [("src/kinds/rds_instance/diff.rs", "    if !have.rests() {\n", "    if !have.rests() || have.to_stop() {\n")],
        ("lib", "rds_instance"),
    ),
    Breakage(
        "start leaves the mark, and the next apply stops it",
        [("src/engine/power.rs", "                if !p.to_stop {\n", "                if !p.to_stop || way == Power::Start {\n")],
        ("it", "engine_rest"),
    ),
    # ---------------------------------------------------------------- the end
    Breakage(
        "what is in the way of a destroy is only told",
        [("src/cli/in_the_way.rs", "Severity::Error => change.refuse(&diagnostic.summary),", "Severity::Error => warnings.push(diagnostic),")],
        ("it", "cli_destroy"),
    ),
    Breakage(
        "a look that is denied counts as nothing there",
        [
            (
                "src/kinds/iam_policy/mod.rs",
                'Err(fault) => vec![not_seen("to what the policy is attached", &fault)],',
                "Err(_) => Vec::new(),",
            )
        ],
        ("it", "cli_destroy"),
    ),
    Breakage(
        "a receipt takes what it may not see for nothing",
        [("src/model/receipt.rs", "Err(error) => self.unseen.push(Unseen {", "Err(error) if error.to_string().is_empty() => self.unseen.push(Unseen {"),
         ("src/model/receipt.rs", "                because: error.to_string(),\n            }),", "                because: error.to_string(),\n            }),\n            Err(_) => {}")],
        ("it", "cli_destroy"),
    ),
    Breakage(
        "what goes as well is in the way",
        [("src/resource/facts.rs", "ids.any(|id| id == name || id.rsplit(['/', ':']).next() == Some(name))", "ids.any(|id| id.is_empty() && id == name)")],
        ("it", "cli_destroy"),
    ),
    Breakage(
        "--yes is enough to lose data",
        [("src/cli/data.rs", ".filter(|h| options.skip_final_snapshot && !h.is_empty());", ".filter(|h| options.skip_final_snapshot && h.id.is_empty());")],
        ("lib", "cli::data"),
    ),
    Breakage(
        "a database that could not be looked into counts as empty",
        [("src/model/receipt.rs", "        self.unseen.is_none()\n            && self\n", "        self\n")],
        ("lib", "cli::data"),
    ),
    Breakage(
        "interfaces of a function with a longer name are its own",
        [("src/kinds/lambda_function/remains.rs", "matches!(parts.len(), 1 | 5) && parts.iter().all(hex)", "!parts.is_empty()")],
        ("lib", "kinds::lambda_function"),
    ),
    Breakage(
        "interfaces are not waited for",
        [(STEP, "if self.await_rest && matches!(ended, Ended::Gone) {", "if self.no_wait && self.await_rest && matches!(ended, Ended::Gone) {")],
        ("it", "cli_destroy"),
    ),
    Breakage(
        "roles go while something still needs them",
        [(APPLY, "self.late.contains(addr) && !self.open.is_empty()", "self.late.contains(addr) && self.open.is_empty()")],
        ("it", "engine_promises"),
    ),
    Breakage(
        "a region without a price has that of another",
        [("src/aws/prices.rs", "let of_region = |row: &&(&str, f64, f64)| row.0 == region;", "let of_region = |row: &&(&str, f64, f64)| !row.0.is_empty() || row.0 == region;")],
        ("lib", "aws::prices"),
    ),
    # ---------------------------------------------------------------- lost replies, two people at once, the lock
    Breakage(
        "the SDK sends a create again whose reply was lost",
        [("src/aws/once.rs", "RetryAction::RetryIndicated(_) => RetryAction::RetryForbidden,", "RetryAction::RetryIndicated(_) => RetryAction::NoActionIndicated,")],
        ("it", "lost_replies"),
    ),
    Breakage(
        "after a lost reply a create is sent again at once",
        [(STEP, "unseen = LOOKS;", "unseen = 0;")],
        ("it", "lost_replies"),
    ),
    Breakage(
        "of two layer versions with the same content the last counts",
        [("src/kinds/lambda_layer/mod.rs", "let Some(version) = right.pop() else {", "let Some(version) = (!right.is_empty()).then(|| right.remove(0)) else {")],
        ("it", "lost_replies"),
    ),
    Breakage(
        "a second layer version with the same content stays",
        [("src/kinds/lambda_layer/live.rs", "    if !have.copies.is_empty() {\n", "    if have.copies.len() > 9 {\n")],
        ("it", "lost_replies"),
    ),
    Breakage(
        "a second policy version with the same document stays",
        [("src/kinds/iam_policy/api.rs", "&& v.number() > floor);", "&& v.number() > floor + 9);")],
        ("it", "lost_replies"),
    ),
    Breakage(
        "the nonce of an old run is drift",
        [("src/aws/tags.rs", "tags.iter().filter(|(name, _)| *name != RUN_TAG)", "tags.iter().filter(|(name, _)| !name.is_empty())")],
        ("lib", "iam_policy"),
    ),
    Breakage(
        "what somebody else has changed since the plan is overwritten",
        [("src/model/promise.rs", "(Action::Update | Action::Adopt, Some(p)) => unmoved(p, field),", "(Action::Update | Action::Adopt, Some(_)) => Ok(()),")],
        ("it", "two_operators::what_somebody_else_has_changed"),
    ),
    Breakage(
        "what somebody else has made since the plan is overwritten",
        [("src/model/promise.rs", "(Action::Create, _) if plain && adds(field) => Ok(()),", "(Action::Create, _) if plain => Ok(()),\n            #[allow(unreachable_patterns)]")],
        ("it", "two_operators::what_somebody_else_has_made"),
    ),
    Breakage(
        "something is asked between the look at a user pool and the update",
        [("src/kinds/cognito_trigger/round_trip.rs", "    let before = wire.describe(id).await?;\n", "    let before = wire.describe(id).await?;\n    wire.factors(id).await?;\n")],
        ("lib", "cognito_trigger"),
    ),
    Breakage(
        "a lock that somebody holds is no reason to stop",
        [("src/cli/lock/held.rs", "Some(found) => return Err(self.refused(&found)),", "Some(_) => return Ok(()),")],
        ("it", "cli_lock"),
    ),
    Breakage(
        "the lock's own lost reply is taken for somebody else",
        [("src/cli/lock/content.rs", "is_some_and(|c| c.run == run)", "is_some_and(|c| c.run == run && c.process == 0)")],
        ("it", "cli_lock"),
    ),
    Breakage(
        "lock break deletes whatever is there by then",
        [("src/cli/lock/mod.rs", "|now| *now == found)", "|now| *now == found || !now.text.is_empty())")],
        ("it", "cli_lock"),
    ),
    Breakage(
        "a second signal leaves the lock",
        [("src/cli/signals.rs", "                if let Some(act) = act {\n", "                if let Some(act) = act.filter(|_| !again) {\n")],
        ("it", "cli_lock"),
    ),
    Breakage(
        "a terminal that goes away is told twice",
        [("src/cli/signals.rs", "let again = before && signal != Told::HungUp;", "let again = before || signal == Told::HungUp && before;")],
        ("it", "cli_lock"),
    ),
    Breakage(
        "nohup is of no use",
        [("src/cli/signals.rs", "        if ignores_hangups() {\n", "        if ignores_hangups() && hup_is_rare() {\n"), ("src/cli/signals.rs", "/// Reads the mask of ignored signals", "fn hup_is_rare() -> bool {\n    false\n}\n\n/// Reads the mask of ignored signals")],
        ("it", "cli_lock"),
    ),
    Breakage(
        "the search for leftovers ends after the first hundred policies",
        [("src/kinds/iam_policy/api.rs", "        arns.extend(more.into_iter().filter_map(|p| p.arn));\n", "        arns.extend(more.into_iter().filter_map(|p| p.arn));\n        arns.truncate(100);\n")],
        ("it", "cli_drift"),
    ),
    # ---------------------------------------------------------------- errors
    Breakage(
        "the statement for a leftover is for all of its kind",
        [("src/resource/kind.rs", "facts.stack.place(R::named_live(&found.live));", "facts.stack.place(Default::default());")],
        ("it", "cli_faults"),
    ),
    Breakage(
        "a denied call names the operation and not the action",
        [("src/aws/actions/table.rs", 'on("lambda:InvokeFunction", FUNCTION)', 'on("lambda:Invoke", FUNCTION)')],
        ("lib", "aws::actions"),
    ),
    Breakage(
        "a statement is printed for credentials that have expired",
        [("src/aws/actions.rs", "fault.class == Class::Denied && about_permission && ", "fault.class == Class::Denied && (about_permission || fault.code.is_some()) && ")],
        ("lib", "aws::actions"),
    ),
    Breakage(
        "an unknown 404 counts as absence",
        [("src/aws/fault.rs", "        429 => Class::Throttled,\n", "        429 => Class::Throttled,\n        404 => Class::NotFound,\n")],
        ("lib", "aws::fault"),
    ),
    Breakage(
        "a code of a service's model is in no table",
        [("src/aws/codes/rds.rs", '    is("InvalidDBSecurityGroupState", Busy),\n', "")],
        ("it", "fault_codes"),
    ),
    Breakage(
        "an operation is called that no table has",
        [("src/aws/logs.rs", '"logs:FilterLogEvents"', '"logs:GetLogEvents"')],
        ("it", "fault_codes"),
    ),
    Breakage(
        "a call that was lost has left nothing behind when the looks fail",
        [(STEP, "            _ if lost => fault.residue(Residue::Unknown),\n", "            _ if lost && fault.op.is_empty() => fault.residue(Residue::Unknown),\n")],
        ("it", "engine_steps"),
    ),
    Breakage(
        "steps of which nothing is known are not listed",
        [("src/model/event.rs", "if fault.residue == Residue::Unknown {", "if fault.residue == Residue::Unknown && addr.kind.is_empty() {")],
        ("it", "engine_steps"),
    ),
    Breakage(
        "a run that may have changed something is a mere error",
        [("src/cli/output.rs", ".is_some_and(|f| f.residue != Residue::Nothing)", ".is_some_and(|f| f.op.is_empty())")],
        ("it", "cli_faults"),
    ),
    Breakage(
        "a stop is told as an update",
        [("src/render/words.rs", '        Some(Power::Stop) => return "stopping",\n', "        Some(Power::Stop) => {}\n")],
        ("lib", "render::view"),
    ),
    Breakage(
        "wrong usage is never an object",
        [("src/cli/usage.rs", 'format.as_deref() == Some("json")', 'format.as_deref() == Some("JSON")')],
        ("lib", "cli::usage"),
    ),
    # ---------------------------------------------------------------- what is lost is kept
    Breakage(
        "rows that were overwritten count as no loss",
        [("src/pg/undo/watch.rs", "} else if changed(1) || changed(2) {", "} else if changed(2) {")],
        ("lib", "pg::undo"),
    ),
    Breakage(
        "a copy of a loss that was rolled back stays",
        [("src/pg/undo/settle.rs", 'Some("aborted") => {', 'Some("never") => {')],
        ("lib", "pg::undo::hard_tests"),
    ),
    Breakage(
        "what came since is overwritten without a word",
        [("src/pg/undo/restore.rs", "if !overwritten.is_empty() && !consent {", "if false && !overwritten.is_empty() && !consent {")],
        ("lib", "pg::undo::live_tests"),
    ),
    Breakage(
        "triggers do once more what they did when the rows were written",
        [("src/pg/undo/quiet.rs", 'self.batch(&format!("ALTER TABLE ONLY {sql} DISABLE TRIGGER USER"))', 'self.batch(&format!("LOCK TABLE {sql}"))')],
        ("lib", "pg::undo"),
    ),
    Breakage(
        "rules do once more what they did when the rows were written",
        [("src/pg/undo/quiet.rs", "                        asleep.extend(self.rules_sleep(is.oid).await?);\n", "                        asleep.extend(Vec::<String>::new());\n")],
        ("lib", "pg::undo"),
    ),
    Breakage(
        "a script that was taken back counts as run",
        [("src/pg/undo/restore.rs", "        self.set_ledger_entry(&run.name, run.before.as_ref())\n            .await?;\n", "")],
        ("lib", "pg::undo::live_tests"),
    ),
    Breakage(
        "a table that was dropped by a function is not copied before",
        [("src/pg/undo/keep.rs", "return Ok(Kept::Again(missed));", "tracing::debug!(?missed);")],
        ("lib", "pg::undo::live_tests"),
    ),
    Breakage(
        "a script is not asked about what a function of it empties",
        [("src/pg/run.rs", "Found::Losses(losses) => return Err(Error::NeedsConsent(losses)),", "Found::Losses(_) => {}")],
        ("lib", "pg::unseen_tests"),
    ),
    Breakage(
        "a query is not asked about what a function of it empties",
        [("src/pg/query/guarded.rs", "Found::Losses(losses) => return Err(Error::NeedsConsent(losses)),", "Found::Losses(_) => {}")],
        ("lib", "pg::unseen_tests"),
    ),
    Breakage(
        "who agreed to what the text shows agreed to everything",
        [("src/pg/unseen.rs", "if consent == Consent::Everything {", "if consent != Consent::Nothing {")],
        ("lib", "pg::unseen_tests"),
    ),
    Breakage(
        "a table that a function has rewritten counts as emptied",
        [("src/pg/unseen.rs", "session.more_than(came, &is.quoted)", "session.more_than(came + 1_000, &is.quoted)")],
        ("lib", "pg::unseen_tests"),
    ),
    Breakage(
        "large objects are nothing that a database holds",
        [("src/pg/admin/inventory.rs", "if objects != Rows::Exactly(0) {", "if objects == Rows::Unknown {")],
        ("lib", "pg::admin"),
    ),
    Breakage(
        "half a copy stays where the run was given up",
        [("src/pg/undo/store.rs", "let _ = fs::remove_dir_all(&self.path);", "let _ = &self.path;")],
        ("lib", "pg::undo"),
    ),
    Breakage(
        "a copy that does not fit is begun all the same",
        [("src/pg/undo/keep.rs", "keeper.copies.room_for(size)?;", "")],
        ("lib", "pg::undo::live_tests"),
    ),
    Breakage(
        "db drop drops",
        [("src/cli/db/admin.rs", "if !consent.no_copy {\n        return aside", "if consent.no_copy {\n        return aside")],
        ("it", "cli_undo"),
    ),
    Breakage(
        "a server goes on with a run whose client is gone",
        [("src/pg/run.rs", "SELECT pg_catalog.set_config(name, '2000', false)", "SELECT pg_catalog.set_config(name, '0', false)")],
        ("lib", "pg::interrupted_tests"),
    ),
    Breakage(
        "what a copy concerns is searched for row by row",
        [("src/pg/undo/ways.rs", '        "EXISTS (SELECT FROM (SELECT {list} FROM {old} UNION ALL SELECT {list} FROM {new}) AS k WHERE {})",\n        same_key(key, "k", "x")\n',
          '        "(EXISTS (SELECT {list} FROM {old} AS o WHERE {}) OR EXISTS (SELECT {list} FROM {new} AS n WHERE {}))",\n        same_key(key, "o", "x"), same_key(key, "n", "x")\n')],
        ("lib", "pg::undo::hard_tests"),
    ),
    Breakage(
        "what is waited for has not begun",
        [("src/engine/power.rs", "            (Readiness::Pending(word) | Readiness::Parking(word), _) => {\n                begin(&mut begun);\n", "            (Readiness::Pending(word) | Readiness::Parking(word), _) => {\n")],
        ("it", "engine_steps"),
    ),
    Breakage(
        "db undo goes without the lock",
        [("src/cli/db/args.rs", 'DbCommand::Undo(args) if args.takes_back() => Some("db undo"),', 'DbCommand::Undo(args) if args.takes_back() => None,')],
        ("it", "cli_lock"),
    ),
    Breakage(
        "a step forgets what its calls before the last did",
        [(STEP, "Residue::Nothing if self.acted.load(Ordering::Relaxed) => self.halfway(fault),", "Residue::Nothing if self.acted.load(Ordering::Relaxed) => fault,")],
        ("it", "engine_steps"),
    ),
    Breakage(
        "a leftover is given up at the first throttle",
        [("src/engine/apply.rs", "            tries <= TRIES\n", "            tries > TRIES\n")],
        ("it", "engine_steps"),
    ),
    Breakage(
        "the line of a secret is shown beside another mistake",
        [("src/render/diagnostics.rs", "        .chain(literals(source).into_iter().map(|l| l.row..=l.row));\n", "        .chain(literals(source).into_iter().take(0).map(|l| l.row..=l.row));\n")],
        ("lib", "render::diagnostics"),
    ),
    # ---------------------------------------------------------------- what only storms meet
    Breakage(
        "a role's tag forgets a policy that is still on its way out",
        [
            ("src/kinds/iam_role/mod.rs", "api::tag(&self.clients, &want.name, &want.tags_meanwhile(have))", "api::tag(&self.clients, &want.name, &want.tags)"),
            ("src/kinds/iam_role/mod.rs", 'if diff.has("tags") && want.tags_meanwhile(have) != want.tags {', 'if diff.has("tags") && want.name.is_empty() {'),
        ],
        STORMS,
        {"CHAOS_SEEDS": "480", "CHAOS_TRIES": "0"},
    ),
    Breakage(
        "what is left of a group of schedules is not found",
        [("src/kinds/schedule/api.rs", "for (name, arn) in groups::empty(clients, &keys).await? {", "for (name, arn) in groups::empty(clients, &keys).await?.into_iter().take(0) {")],
        STORMS,
        {"CHAOS_SEEDS": "480", "CHAOS_TRIES": "0"},
    ),
    Breakage(
        "another person's way in is taken for one's own",
        [("src/kinds/security_group_rule/live.rs", "== Some(key.addr.as_str())\n            && (self.is_mine(key)\n", "== Some(key.addr.as_str())\n            && (self.is_mine(key)\n                || self.tag(OWNER_TAG).is_some()\n")],
        STORMS,
        SOME,
    ),
    Breakage(
        "a pool's settings that come with a trigger are those of a new pool",
        [("src/kinds/cognito_trigger/pool.rs", "request.retain(|name, value| !DESCRIBE_ONLY.contains(&name.as_str()) && !value.is_null());", 'request.retain(|name, value| !DESCRIBE_ONLY.contains(&name.as_str()) && !value.is_null() && name != "AccountRecoverySetting");')],
        STORMS,
        SOME,
    ),
    Breakage(
        "layer versions of another stack are taken for old ones of our own",
        [("src/kinds/lambda_layer/mod.rs", "        versions.retain(|v| v.description.starts_with(&ours.mark));\n", "        versions.retain(|v| !v.description.is_empty());\n")],
        STORMS,
        SOME,
    ),
    Breakage(
        "what carries another stack's tag is left over from ours",
        [("src/kinds/iam_role/api.rs", "if tags.get(STACK_TAG).map(String::as_str) != Some(stack) {", "if tags.get(STACK_TAG).is_none() && !stack.is_empty() {")],
        STORMS,
        SOME,
    ),
    Breakage(
        "what a killed run has made has to be known to IAM after 20 seconds",
        [(STEP, "(f64, f64) = (300.0, 150.0);", "(f64, f64) = (300.0, 20.0);")],
        STORMS,
        {"CHAOS_SEEDS": "480", "CHAOS_TRIES": "0"},
    ),
    Breakage(
        "an instance that is stopping is waited for",
        [("src/kinds/rds_instance/live.rs", '            "stopping" => Readiness::Parking(status.to_owned()),\n', "")],
        STORMS,
        {"CHAOS_SEEDS": "480", "CHAOS_TRIES": "0"},
    ),
    Breakage(
        "a script is committed statement by statement",
        [
            ("src/pg/run.rs", "on_progress(Progress::Done { number, of, rows });", 'on_progress(Progress::Done { number, of, rows });\n            self.batch("COMMIT; BEGIN").await?;'),
            ("src/pg/run.rs", "if self.transaction_id().await? != transaction {", "if transaction.is_empty() {"),
        ],
        ("it", "chaos::storms_in_process_with_databases"),
        {"CHAOS_TRIES": "0"},
    ),
]
