//! `db undo`: copies of what was lost, taken back, listed and discarded.

use super::admin::{agreed, describe, look};
use super::args::UndoArgs;
use super::load::waits;
use super::target::Target;
use crate::cli::args::Global;
use crate::cli::copies::{self, contents};
use crate::cli::failure::{Failure, code};
use crate::cli::output::Output;
use crate::cli::signals::or_stopped;
use crate::pg::{Aside, Copy, CopyProblem, Error, Rows, State, Undone};
use crate::render;
use serde_json::{Value, json};
use tokio_util::sync::CancellationToken;

/// A copy in the folder, or a database that was set aside.
enum Item {
    Copy(Box<Copy>),
    Aside(Aside),
}

impl Item {
    fn id(&self) -> &str {
        match self {
            Item::Copy(copy) => &copy.id,
            Item::Aside(aside) => &aside.name,
        }
    }

    fn at(&self) -> &str {
        match self {
            Item::Copy(copy) => &copy.at,
            Item::Aside(aside) => &aside.at,
        }
    }

    fn bytes(&self) -> u64 {
        match self {
            Item::Copy(copy) => copy.bytes,
            Item::Aside(aside) => aside.bytes.unwrap_or(0),
        }
    }

    /// Whether it is what `db undo` means when nothing is named: said again, it goes one step further back, and not
    /// forth.
    fn open(&self) -> bool {
        match self {
            Item::Copy(copy) => {
                copy.taken_back.is_none() && copy.state != State::Pending && !copy.is_of_undo()
            }
            Item::Aside(aside) => !aside.is_of_undo(),
        }
    }
}

/// What there is, as the folder and the server told it once.
struct Found {
    /// Of this database, oldest first.
    items: Vec<Item>,
    /// What is no copy that can be read, by its name.
    strange: Vec<String>,
    /// How many copies are of other databases.
    others: usize,
}

/// `db undo`.
///
/// # Errors
/// Where there is no such copy, it would overwrite something without consent, or it cannot be put back.
pub async fn undo(
    target: &Target,
    global: &Global,
    args: &UndoArgs,
    output: &Output,
    stop: &CancellationToken,
) -> Result<u8, Failure> {
    let found = or_stopped(found(target, output, args.list), stop).await?;
    if args.list {
        list(target, &found, output)?;
    } else if args.older_than.is_some() || !args.discard.is_empty() {
        discard(target, global, args, &found, output, stop).await?;
    } else if args.elsewhere {
        let id = args.id.as_deref().unwrap_or_default();
        take_back(target, global, id, args, output, stop).await?;
    } else {
        match chosen(target, args, &found, output)? {
            Item::Copy(copy) => take_back(target, global, &copy.id, args, output, stop).await?,
            Item::Aside(aside) => bring_back(target, global, aside, args, output, stop).await?,
        }
    }
    Ok(code::DONE)
}

/// Looks what there is. A list is shown even where the server does not answer.
async fn found(target: &Target, output: &Output, lenient: bool) -> Result<Found, Failure> {
    let database = target.name();
    let wrong = |e: Error| target.failure(&e);
    let (all, strange) = target.copies.list().map_err(wrong)?;
    let (here, others): (Vec<Copy>, Vec<Copy>) =
        all.into_iter().partition(|copy| copy.database == database);
    let (copies, asides) = match target.maintenance().await {
        Ok(mut session) => {
            let copies = session.settle_listed(&target.copies, here).await;
            let asides = session.asides().await;
            session.close().await;
            (copies.map_err(wrong)?, asides.map_err(wrong)?)
        }
        Err(failure) if lenient => {
            if let Failure::Message { summary, .. } = &failure {
                output.note(&format!(
                    "{summary}; databases that were set aside there are not listed"
                ));
            }
            (here, Vec::new())
        }
        Err(failure) => return Err(failure),
    };
    let of_this = |aside: &Aside| aside.of == target.database();
    let mut items: Vec<Item> = copies
        .into_iter()
        .map(|c| Item::Copy(Box::new(c)))
        .collect();
    items.extend(asides.into_iter().filter(of_this).map(Item::Aside));
    items.sort_by(|a, b| (a.at(), a.id()).cmp(&(b.at(), b.id())));
    Ok(Found {
        items,
        strange,
        others: others.len(),
    })
}

fn chosen<'a>(
    target: &Target,
    args: &UndoArgs,
    found: &'a Found,
    output: &Output,
) -> Result<&'a Item, Failure> {
    let Some(id) = &args.id else {
        // the newest may be one of those
        for id in &found.strange {
            output.note(&format!(
                "{id} is no copy that can be read, and is left out; `{}` removes it",
                target.way_back(&format!("--discard {id}"), output)
            ));
        }
        let items = &found.items;
        return items.iter().rev().find(|item| item.open()).ok_or_else(|| {
            Failure::with_help(
                format!("there is no copy of {} to take back", target.name()),
                format!("copies are kept in {}", target.copies.dir().display()),
            )
        });
    };
    if let Some(item) = found.items.iter().find(|item| item.id() == id) {
        return Ok(item);
    }
    match target.copies.get(id) {
        Ok(copy) => Err(Failure::with_help(
            format!(
                "the copy {id} is of {}, and this is {}",
                copy.database,
                target.name()
            ),
            "--target and --instance name the database; --elsewhere puts it into this one all the same",
        )),
        Err(error) => Err(target.failure(&error)),
    }
}

fn list(target: &Target, found: &Found, output: &Output) -> Result<(), Failure> {
    let items = &found.items;
    let bytes: u64 = items.iter().map(Item::bytes).sum();
    if output.json {
        let copies: Vec<Value> = items
            .iter()
            .map(|item| json_of(target, item, output))
            .collect();
        let all = json!({"database": target.name(), "copies": copies, "bytes": bytes});
        return Ok(output.result(&format!("{all:#}"))?);
    }
    let heads = ["ID", "WHEN", "WHAT", "HOLDS", "SIZE", ""];
    let table: Vec<Vec<String>> = items.iter().map(line).collect();
    if !table.is_empty() {
        output.result(&render::table_human(&heads, &table, &output.out))?;
    }
    output.note(&match items.len() {
        0 => format!("There are no copies of {}.", target.name()),
        n => format!(
            "{n} of {}, {} in all. `{}` removes one, `{}` the old ones",
            target.name(),
            render::size(bytes),
            target.way_back("--discard ID", output),
            target.way_back("--older-than 30d", output)
        ),
    });
    if found.others > 0 {
        output.note(&format!(
            "{} more in {} of other databases",
            found.others,
            target.copies.dir().display()
        ));
    }
    for name in &found.strange {
        output.note(&format!(
            "{} is no copy that can be read",
            target.copies.path(name).display()
        ));
    }
    Ok(())
}

fn line(item: &Item) -> Vec<String> {
    let at = item.at().split_once('.').map_or(item.at(), |(at, _)| at);
    let (what, holds, state) = match item {
        Item::Copy(copy) => (
            copy.what.clone(),
            contents(copy),
            match (&copy.taken_back, copy.state) {
                (Some(back), _) => format!(
                    "taken back {}",
                    back.at
                        .split_once('.')
                        .map_or(back.at.as_str(), |(at, _)| at)
                ),
                (None, State::Pending) => "being made".to_owned(),
                (None, State::Unknown) => "whether it was lost is not known".to_owned(),
                _ => String::new(),
            },
        ),
        Item::Aside(aside) => (
            aside.what.clone(),
            format!("the database {}", aside.of),
            "on the server".to_owned(),
        ),
    };
    vec![
        item.id().to_owned(),
        at.replace('T', " "),
        what,
        holds,
        render::size(item.bytes()),
        state,
    ]
}

fn json_of(target: &Target, item: &Item, output: &Output) -> Value {
    let way_back = target.way_back(item.id(), output);
    match item {
        Item::Copy(copy) => copies::json(&target.copies, copy, &way_back),
        Item::Aside(aside) => json!({
            "id": aside.name, "at": aside.at, "database": target.name(), "what": aside.what,
            "state": "aside", "bytes": aside.bytes, "undo": way_back,
        }),
    }
}

async fn discard(
    target: &Target,
    global: &Global,
    args: &UndoArgs,
    found: &Found,
    output: &Output,
    stop: &CancellationToken,
) -> Result<(), Failure> {
    let Found { items, strange, .. } = found;
    let mut doomed: Vec<&Item> = Vec::new();
    // of those nobody can tell what they hold; they are named one by one
    let mut broken: Vec<&str> = Vec::new();
    for id in &args.discard {
        match items.iter().find(|item| item.id() == id) {
            Some(item) => doomed.push(item),
            None if strange.contains(id) => broken.push(id),
            None => {
                let missing = CopyProblem::Missing { id: id.clone() };
                return Err(target.failure(&Error::from(missing)));
            }
        }
    }
    if let Some(age) = &args.older_than {
        let oldest = jiff::Timestamp::now().as_second()
            - i64::try_from(age.duration().as_secs()).unwrap_or(i64::MAX);
        let old = |item: &&Item| {
            let at: Option<jiff::Timestamp> = item.at().parse().ok();
            at.is_some_and(|at| at.as_second() <= oldest)
        };
        doomed.extend(items.iter().filter(old));
    }
    doomed.sort_by_key(|item| item.id());
    doomed.dedup_by_key(|item| item.id());
    let bytes: u64 = doomed.iter().map(|item| item.bytes()).sum();
    broken.sort_unstable();
    broken.dedup();
    // a whole database goes for good, or the last copy of what a production database has lost
    let whole = doomed.iter().any(|item| matches!(item, Item::Aside(_)));
    if whole || !broken.is_empty() || (target.production && !doomed.is_empty()) {
        let mut lines: Vec<String> = doomed
            .iter()
            .map(|item| format!("\n  {}, {}", item.id(), render::size(item.bytes())))
            .collect();
        for id in &broken {
            lines.push(format!(
                "\n  {id}, which cannot be read: nobody can tell of which database it is"
            ));
        }
        output.note(&format!("This goes for good:{}", lines.concat()));
        // the folder is that of all databases: one that cannot be read may be of production, also in the sandbox
        let global = &Global {
            sandbox: global.sandbox && broken.is_empty(),
            ..global.clone()
        };
        agreed(target, global, &args.consent, "Discard it", stop).await?;
    }
    for item in &doomed {
        match item {
            Item::Copy(copy) => {
                let removed = target.copies.discard(&copy.id);
                removed.map_err(|e| target.failure(&e))?;
            }
            Item::Aside(aside) => {
                let session = target.maintenance().await?;
                let gone = session.drop_database(&aside.name, true).await;
                session.close().await;
                gone.map_err(|e| target.failure(&e))?;
            }
        }
    }
    for id in &broken {
        let removed = target.copies.discard(id);
        removed.map_err(|e| target.failure(&e))?;
    }
    let ids: Vec<&str> = doomed.iter().map(|item| item.id()).chain(broken).collect();
    let text = if output.json {
        json!({"discarded": ids, "bytes": bytes}).to_string()
    } else if ids.is_empty() {
        "nothing to discard".to_owned()
    } else {
        format!(
            "discarded {}, {} in all",
            ids.join(", "),
            render::size(bytes)
        )
    };
    Ok(output.result(&text)?)
}

async fn take_back(
    target: &Target,
    global: &Global,
    id: &str,
    args: &UndoArgs,
    output: &Output,
    stop: &CancellationToken,
) -> Result<(), Failure> {
    let keeper = target.keeper("db undo", args.consent.no_copy);
    let database = target.name();
    let attempt = async |consent: bool| {
        let mut session = target.connect().await?;
        let undone = session
            .undo(
                &target.copies,
                id,
                keeper.as_ref(),
                (&database, consent),
                |progress| waits(&progress, output),
            )
            .await;
        session.close().await;
        Ok(undone)
    };
    let undone = match or_stopped(attempt(false), stop).await? {
        Err(Error::Overwrites(found)) => {
            let lines: Vec<String> = found.iter().map(|o| format!("\n  {o}")).collect();
            output.note(&format!(
                "Since the copy {id} was made, rows have come or changed that would be overwritten{}:{}",
                if keeper.is_some() { " (a copy of them is kept)" } else { "" },
                lines.concat()
            ));
            agreed(target, global, &args.consent, "Take it back", stop).await?;
            or_stopped(attempt(true), stop).await?
        }
        other => other,
    };
    let undone = undone.map_err(|e| target.failure(&e))?;
    told(target, &undone, output)
}

fn told(target: &Target, undone: &Undone, output: &Output) -> Result<(), Failure> {
    let copy = &undone.copy;
    // what `kept` made is told here
    let _ = target.made();
    let way_back = |copy: &Copy| target.way_back(&copy.id, output);
    if output.json {
        let kept = undone.kept.as_ref();
        let line = json!({
            "undone": copy.id,
            "database": target.name(),
            "what": copy.what,
            "tables": copies::json(&target.copies, copy, "")["tables"],
            "rows": copy.rows(),
            "could_not": undone.could_not,
            "overwritten": undone.overwritten,
            "script": undone.script.as_ref().map(|run| &run.name),
            "copy": kept.map(|kept| copies::json(&target.copies, kept, &way_back(kept))),
        });
        return Ok(output.result(&line.to_string())?);
    }
    output.result(&format!("{}: {} are back", target.name(), contents(copy)))?;
    if let Some(run) = &undone.script {
        output.note(&match &run.after {
            Some(_) => format!(
                "{} counts as run in its version before that; `{} plan` shows what it would do now",
                run.name,
                output.program()
            ),
            None => format!(
                "{} counts as not run; `{} plan` shows what it would do now",
                run.name,
                output.program()
            ),
        });
    }
    for missing in &undone.could_not {
        output.note(&format!("not brought back: {missing}"));
    }
    if let Some(kept) = &undone.kept {
        output.note(&format!(
            "What that overwrote is kept: {}\n  `{}` takes the undo back",
            contents(kept),
            way_back(kept)
        ));
    }
    Ok(())
}

async fn bring_back(
    target: &Target,
    global: &Global,
    aside: &Aside,
    args: &UndoArgs,
    output: &Output,
    stop: &CancellationToken,
) -> Result<(), Failure> {
    if let Some((inventory, others)) = or_stopped(look(target), stop).await? {
        let held = inventory
            .tables
            .iter()
            .filter(|t| t.rows != Rows::Exactly(0))
            .count();
        if held > 0 || others > 0 {
            output.note(&describe(target, &inventory, others).replace(
                "would be lost, and with it:",
                "is there now. It would be kept under another name, with:",
            ));
            agreed(
                target,
                global,
                &args.consent,
                "Bring the other one back",
                stop,
            )
            .await?;
        }
    }
    let session = target.maintenance().await?;
    let instead = session.bring_back(aside).await;
    session.close().await;
    let instead = instead.map_err(|e| target.failure(&e))?;
    let way_back = instead
        .as_ref()
        .map(|now| target.way_back(&now.name, output));
    if output.json {
        let line = json!({
            "undone": aside.name,
            "database": target.name(),
            "what": aside.what,
            "copy": instead.as_ref().map(|now| json!({
                "id": now.name, "at": now.at, "bytes": now.bytes, "undo": way_back,
            })),
        });
        return Ok(output.result(&line.to_string())?);
    }
    output.result(&format!(
        "{}: the database as it was at {} is back",
        target.name(),
        aside.at
    ))?;
    if let (Some(now), Some(way_back)) = (&instead, &way_back) {
        output.note(&format!(
            "The one that was there is kept as {}\n  `{way_back}` takes the undo back",
            now.name
        ));
    }
    Ok(())
}
