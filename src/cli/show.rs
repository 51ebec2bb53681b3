//! The commands that only look: `plan`, `status`, `output`, `validate`, `graph`, `schema`, `init`.

use super::args::{Format, Global, OutputArgs, PlanArgs, StatusArgs};
use super::failure::{Failure, code};
use super::output::Output;
use super::planning::{LOOKS, plan};
use super::replace::{PLAN, replaceable};
use super::session::{Needs, Session, base, diagnostics, environment, offline_facts, read};
use super::signals::or_stopped;
use super::{keep, local, run, signals};
use crate::engine::{self, Goal};
use crate::model::{
    Addr, Observed, OutputRef, Owner, PlanOptions, Purpose, Readiness, Severity, Verdict,
};
use crate::render::{self, StatusRow};
use crate::{kinds, stack};
use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

/// The file that `init` writes.
const TEMPLATE: &str = include_str!("../../stack.yaml");

/// `plan`.
///
/// # Errors
/// Whatever keeps it from being made.
pub async fn plan_command(
    global: &Global,
    args: &PlanArgs,
    output: &Output,
) -> Result<u8, Failure> {
    let options = PlanOptions {
        only: args.scope.only.clone(),
        adopt: args.allow.adopt.clone(),
        allow_replace: args.allow.allow_replace.clone(),
        prune: args.allow.prune,
        ..PlanOptions::default()
    };
    let needs = Needs {
        address: true,
        ip: args.allow.ip.clone(),
        dial: args.dial.clone(),
        comparing: true,
        only: args.scope.only.clone(),
        ..Needs::default()
    };
    let out = args.out.as_deref();
    out.map(|path| replaceable("--out", path, "plan", &PLAN))
        .transpose()?;
    let stop = signals::listen();
    let session = Session::open(global, &needs, &stop).await?;
    let planned = or_stopped(plan(&session, Purpose::Apply, &options, None), &stop).await;
    session.close().await;
    let (plan, _) = planned?;
    if output.json {
        output.result(&render::plan_json(&plan))?;
    } else {
        output.result(&render::plan_human(&plan, &output.out, output.verbose))?;
    }
    if let Some(path) = &args.out {
        run::save(path, &plan, output)?;
    }
    let changes = run::has_changes(&plan);
    Ok(if args.detailed_exitcode && changes {
        code::CHANGES
    } else {
        code::DONE
    })
}

/// `status`.
///
/// # Errors
/// Whatever keeps the look from being made.
pub async fn status(global: &Global, args: &StatusArgs, output: &Output) -> Result<u8, Failure> {
    let needs = Needs {
        address: true,
        ip: args.ip.clone(),
        dial: args.dial.clone(),
        comparing: true,
        ..Needs::default()
    };
    let stop = signals::listen();
    let session = Session::open(global, &needs, &stop).await?;
    let all: BTreeSet<Addr> = session.stack.nodes.keys().cloned().collect();
    let looks = async {
        let looks = look(&session.stack, &all, Goal::Keep);
        let (seen, kept) =
            futures_util::future::join(looks, keep::kept(&session.stack, &all)).await;
        Ok((seen?, kept))
    };
    let looked = or_stopped(looks, &stop).await;
    session.close().await;
    let (seen, kept) = looked?;
    let mut rows: Vec<StatusRow> = seen.observed.iter().map(|(a, o)| row(a, o)).collect();
    for row in &mut rows {
        let detail = kept.detail(&row.addr);
        row.details
            .extend(detail.map(|text| ("kept_stopped".to_owned(), text)));
    }
    let text = if output.json {
        render::status_json(&rows)
    } else {
        render::status_human(&rows, &output.out)
    };
    output.result(&text)?;
    Ok(code::DONE)
}

async fn look(
    stack: &engine::Stack,
    scope: &BTreeSet<Addr>,
    goal: Goal,
) -> Result<engine::Seen, Failure> {
    engine::observe(stack, scope, goal, LOOKS)
        .await
        .map_err(|faults| Failure::Faults(faults.into_iter().map(|(a, f)| (Some(a), f)).collect()))
}

fn row(addr: &Addr, observed: &Observed) -> StatusRow {
    let mut row = StatusRow {
        addr: addr.clone(),
        state: String::new(),
        owner: String::new(),
        drift: Vec::new(),
        details: BTreeMap::new(),
    };
    match observed {
        Observed::Absent { .. } => row.state = "absent".to_owned(),
        Observed::Unknowable { waits_for } => row.state = waits(waits_for),
        Observed::Unlooked { because } => row.state = format!("not looked at: {because}"),
        Observed::Present(p) => {
            row.state = match &p.readiness {
                Readiness::Ready => "ready".to_owned(),
                Readiness::Pending(w)
                | Readiness::Leaving(w)
                | Readiness::Parked(w)
                | Readiness::Parking(w) => w.clone(),
                Readiness::Failed(why) => format!("failed: {why}"),
            };
            row.owner = match &p.owner {
                Owner::Ours => "ours".to_owned(),
                Owner::Other(stack) => format!("stack {stack}"),
                Owner::Nobody => "nobody".to_owned(),
                Owner::Untaggable => String::new(),
            };
            match &p.verdict {
                // it is not compared any more
                _ if matches!(p.readiness, Readiness::Leaving(_)) => {}
                Verdict::Diff(d) => row.drift = d.paths().into_iter().map(str::to_owned).collect(),
                Verdict::Deferred { waits_for } => row.drift.push(waits(waits_for)),
            }
            row.details = p.details.clone();
        }
    }
    row
}

fn waits(refs: &[OutputRef]) -> String {
    let names: BTreeSet<_> = refs.iter().map(|r| r.from.to_string()).collect();
    let names: Vec<_> = names.into_iter().collect();
    format!("known after {}", names.join(", "))
}

/// `output`.
///
/// # Errors
/// Whatever keeps the look from being made; an output that is not there.
pub async fn outputs(global: &Global, args: &OutputArgs, output: &Output) -> Result<u8, Failure> {
    let stop = signals::listen();
    let session = Session::open(global, &Needs::default(), &stop).await?;
    let stack = &session.stack;
    let wanted = args.name.as_deref().map(|n| wanted(stack, n)).transpose();
    let looked = match &wanted {
        Err(_) => Ok(engine::Seen::default()),
        Ok(wanted) => {
            // scripts hand out nothing, and must not make this wait for a database
            let targets: BTreeSet<Addr> = match wanted {
                Some((addr, _)) => [addr.clone()].into(),
                None => stack
                    .nodes
                    .iter()
                    .filter(|(_, n)| !n.outputs().is_empty())
                    .map(|(a, _)| a.clone())
                    .collect(),
            };
            let scope = stack
                .with_needs(&targets)
                .into_iter()
                .filter(|a| !stack.nodes[a].outputs().is_empty())
                .collect();
            or_stopped(look(stack, &scope, Goal::Destroy), &stop).await
        }
    };
    session.close().await;
    let wanted = wanted?;
    let seen = looked?;
    let all = seen.outputs.as_ref();
    let text = match (wanted, global.format) {
        (Some((addr, Some(name))), format) => {
            let value = all.get(&addr).and_then(|o| o.get(&name)).ok_or_else(|| {
                Failure::with_help(
                    format!("{addr}.{name} is not known: {addr} does not exist or is not ready"),
                    "run `cruddur-infra status`",
                )
            })?;
            let secret = || {
                Failure::with_help(
                    format!("{addr}.{name} is secret"),
                    "--show-secrets prints it",
                )
            };
            let raw = render::output_raw(value, args.show_secrets).ok_or_else(secret)?;
            match (format, value) {
                (Format::Json, crate::model::Output::Plain(value)) => value.to_string(),
                (Format::Json, crate::model::Output::Secret(_)) => {
                    serde_json::json!(raw).to_string()
                }
                _ => raw,
            }
        }
        (wanted, format) => {
            let mut shown = all.clone();
            if let Some((addr, _)) = wanted {
                shown.retain(|a, _| a == &addr);
            }
            match format {
                Format::Json => render::outputs_json(&shown, args.show_secrets),
                Format::Env => render::outputs_env(&shown, args.show_secrets),
                _ => render::outputs_human(&shown, args.show_secrets, &output.out),
            }
        }
    };
    output.result(&text)?;
    Ok(code::DONE)
}

fn wanted(stack: &engine::Stack, name: &str) -> Result<(Addr, Option<String>), Failure> {
    let (addr, output) = match name.parse::<OutputRef>() {
        Ok(r) => (r.from, Some(r.output)),
        Err(_) => (
            name.parse::<Addr>()
                .map_err(|e| Failure::message(e.to_string()))?,
            None,
        ),
    };
    let Some(node) = stack.nodes.get(&addr) else {
        let all: Vec<String> = stack.nodes.keys().map(ToString::to_string).collect();
        return Err(Failure::with_help(
            format!("{addr} is not in the file"),
            format!("entries: {}", all.join(", ")),
        ));
    };
    if let Some(output) = &output
        && !node.outputs().iter().any(|o| o.name == output)
    {
        let names: Vec<_> = node.outputs().iter().map(|o| o.name).collect();
        return Err(Failure::with_help(
            format!("{addr} has no output `{output}`"),
            format!("its outputs: {}", names.join(", ")),
        ));
    }
    Ok((addr, output))
}

/// `validate`.
///
/// # Errors
/// Everything that is wrong with the file, at once.
pub async fn validate(global: &Global, output: &Output) -> Result<u8, Failure> {
    let loaded = read(global, &kinds::offline())?;
    let sandbox = global.sandbox.then(|| local::directory(&global.file));
    let (env, _) = environment(&loaded, sandbox.as_deref());
    let mut found = loaded.diagnostics.clone();
    found.extend(loaded.unset(|name| env.contains_key(name)));
    let (assets, wrong) = loaded.assets(base(global), None).await;
    found.extend(wrong);
    let mut facts = offline_facts(&loaded, env);
    facts.assets = assets;
    found.extend(loaded.check(&Arc::new(facts)));
    let errors = found.iter().any(|d| d.severity == Severity::Error);
    let entries = loaded.entries.len();
    let failure = diagnostics(&loaded, found);
    if errors {
        return Err(failure);
    }
    if let Failure::Diagnostics { found, sources } = &failure {
        if output.json {
            output.result(&render::diagnostics_json(found))?;
        } else if !found.is_empty() {
            output.page(&render::diagnostics_human(found, sources, &output.err));
        }
    }
    if !output.json {
        output.result(&format!("{} is valid: {entries} entries", loaded.file))?;
    }
    Ok(code::DONE)
}

/// `graph`.
///
/// # Errors
/// What is wrong with the file.
pub fn graph(global: &Global, output: &Output) -> Result<u8, Failure> {
    let loaded = read(global, &kinds::offline())?;
    if loaded
        .diagnostics
        .iter()
        .any(|d| d.severity == Severity::Error)
    {
        return Err(diagnostics(&loaded, loaded.diagnostics.clone()));
    }
    let text = match global.format {
        Format::Json => serde_json::to_string_pretty(&loaded.after).unwrap_or_default(),
        Format::Dot => stack::dot(&loaded.after),
        _ => stack::mermaid(&loaded.after),
    };
    output.result(&text)?;
    Ok(code::DONE)
}

/// `schema`.
///
/// # Errors
/// Where stdout is gone.
pub fn schema(output: &Output) -> Result<u8, Failure> {
    let schema = stack::schema(&kinds::offline());
    output.result(&serde_json::to_string_pretty(&schema).unwrap_or_default())?;
    Ok(code::DONE)
}

/// `init`.
///
/// # Errors
/// Where the file is there already.
pub fn init(global: &Global, output: &Output) -> Result<u8, Failure> {
    let path = &global.file;
    // no secret, and read by everybody who works on the stack
    let made = crate::files::create_ordinary(path, TEMPLATE.as_bytes())
        .map_err(|e| Failure::message(format!("{}: {e}", path.display())))?;
    if !made {
        return Err(Failure::with_help(
            format!("{} is there already; it was not touched", path.display()),
            "--file names another",
        ));
    }
    output.note(&format!(
        "wrote {}; set CRUDDUR_DB_PASSWORD, CRUDDUR_APP_PASSWORD and COGNITO_USER_POOL_ID, then run `cruddur-infra plan`",
        path.display()
    ));
    Ok(code::DONE)
}
