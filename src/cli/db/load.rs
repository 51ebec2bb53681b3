//! `db load` and `db seed`: the stack's scripts, in any database.

use super::admin::agreed;
use super::args::How;
use super::target::Target;
use crate::cli::args::Global;
use crate::cli::copies;
use crate::cli::failure::{Failure, code};
use crate::cli::output::{Output, shell_word};
use crate::cli::session::{base, diagnostics, offline_facts, read};
use crate::cli::signals::or_stopped;
use crate::kinds;
use crate::model::{Addr, Diagnostic, Severity, Span};
use crate::pg::script::{Destruction, destructive, split};
use crate::pg::{Consent as Agreed, Error, Loss, Outcome, Progress, Script};
use crate::resource::{AssetRequest, Facts};
use crate::stack::Loaded;
use serde_json::{Value, json};
use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;
use tokio_util::sync::CancellationToken;

/// How near a line with the word `password` must be for nothing to be shown.
const NEAR: usize = 10;

/// The kind whose entries are loaded.
const KIND: &str = "sql_script";

/// A script of the stack, read and cut into statements.
pub struct Entry {
    addr: Addr,
    file: String,
    script: Script,
    statements: usize,
    destructions: Vec<Destruction>,
}

/// Finds the named scripts of the stack, or all that are for this database, in the order in which they run. What a
/// named one comes after is run before it.
///
/// # Errors
/// Where the file is wrong, a script is not there, or one cannot be run.
pub fn scripts(target: &Target, global: &Global, named: &[String]) -> Result<Vec<Entry>, Failure> {
    let loaded = read(global, &kinds::offline())?;
    if loaded
        .diagnostics
        .iter()
        .any(|d| d.severity == Severity::Error)
    {
        let found = loaded.diagnostics.clone();
        return Err(diagnostics(&loaded, found));
    }
    let mut wanted = BTreeSet::new();
    for name in named {
        let addr = named_script(&loaded, name)?;
        if !is_for(&loaded, &addr, target) {
            return Err(Failure::with_help(
                format!("{addr} is for another instance than {}", target.from),
                "--instance names the other one",
            ));
        }
        wanted.insert(addr);
    }
    if named.is_empty() {
        wanted = loaded
            .entries
            .keys()
            .filter(|addr| addr.kind == KIND && is_for(&loaded, addr, target))
            .cloned()
            .collect();
    }
    let facts = Arc::new(offline_facts(&loaded, BTreeMap::new()));
    ordered(&loaded, &wanted)
        .into_iter()
        // what is for another instance is that one's to run, whatever comes after it here
        .filter(|addr| is_for(&loaded, addr, target))
        .map(|addr| {
            let facts = Facts {
                addr: addr.clone(),
                stack: facts.clone(),
                outputs: Arc::default(),
            };
            entry(&loaded, global, &facts)
        })
        .collect()
}

/// A script of another instance of the stack is not for this database.
fn is_for(loaded: &Loaded, addr: &Addr, target: &Target) -> bool {
    let Some(instance) = &target.entry else {
        return true;
    };
    let references = loaded.entries[addr].managed.references();
    let of_instances: Vec<_> = references
        .iter()
        .filter(|r| r.from.kind == instance.kind)
        .collect();
    of_instances.is_empty() || of_instances.iter().any(|r| r.from == *instance)
}

fn named_script(loaded: &Loaded, name: &str) -> Result<Addr, Failure> {
    let all: Vec<&Addr> = loaded.entries.keys().filter(|a| a.kind == KIND).collect();
    let meant = all
        .iter()
        .find(|addr| addr.name == name || addr.to_string() == name);
    if let Some(addr) = meant {
        return Ok((*addr).clone());
    }
    let names: Vec<&str> = all.iter().map(|addr| addr.name.as_str()).collect();
    let summary = format!("{name}: there is no such script in {}", loaded.file);
    if super::args::file_of(name).is_some() {
        return Err(Failure::with_help(
            summary,
            format!(
                "name the entry and not the file ({}); `cruddur-infra db connect -- -f {}` runs a file through psql, \
                 without a copy of what it loses",
                names.join(", "),
                shell_word(name)
            ),
        ));
    }
    let help = match crate::yaml::closest(name, names.iter().copied()) {
        Some(meant) => format!("did you mean `{meant}`?"),
        None => format!("scripts: {}", names.join(", ")),
    };
    Err(Failure::with_help(summary, help))
}

/// Puts scripts, and the scripts that they come after, in order.
fn ordered(loaded: &Loaded, wanted: &BTreeSet<Addr>) -> Vec<Addr> {
    fn visit(loaded: &Loaded, addr: &Addr, seen: &mut BTreeSet<Addr>, order: &mut Vec<Addr>) {
        if !seen.insert(addr.clone()) {
            return;
        }
        for before in loaded.after.get(addr).into_iter().flatten() {
            visit(loaded, before, seen, order);
        }
        if addr.kind == KIND {
            order.push(addr.clone());
        }
    }
    let (mut seen, mut order) = (BTreeSet::new(), Vec::new());
    for addr in wanted {
        visit(loaded, addr, &mut seen, &mut order);
    }
    order
}

fn entry(loaded: &Loaded, global: &Global, facts: &Facts) -> Result<Entry, Failure> {
    let managed = &loaded.entries[&facts.addr].managed;
    let Some(AssetRequest::File(path)) = managed.assets().into_iter().next() else {
        return Err(Failure::message(format!("{} names no file", facts.addr)));
    };
    let file = path.display().to_string();
    let cannot = |why: String| Failure::message(format!("{file} ({}): {why}", facts.addr));
    let bytes = std::fs::read(base(global).join(&path)).map_err(|e| cannot(e.to_string()))?;
    let text = String::from_utf8(bytes).map_err(|_| cannot("it is no text in UTF-8".to_owned()))?;
    // as the database remembers it
    let claims = managed.claims(facts);
    let name = claims["name"].as_str().unwrap_or_default();
    let script = Script::new(name, text);
    let statements = split(script.text()).map_err(|error| {
        let error = Error::Script {
            script: name.to_owned(),
            error,
        };
        wrong(Some(&facts.addr), &file, script.text(), &error)
    })?;
    Ok(Entry {
        addr: facts.addr.clone(),
        statements: statements.len(),
        destructions: destructive(&statements),
        script,
        file,
    })
}

/// `db load`.
///
/// # Errors
/// The first script that fails, with its line. What ran before it stays.
pub async fn run(
    target: &Target,
    global: &Global,
    scripts: &[Entry],
    how: &How,
    output: &Output,
    stop: &CancellationToken,
) -> Result<u8, Failure> {
    let mut told = Vec::new();
    for entry in scripts {
        let result = or_stopped(one(target, global, entry, how, output, stop), stop).await;
        match result {
            Ok(line) => told.push(line),
            Err(failure) => {
                if !told.is_empty() {
                    report(&told, output)?;
                }
                return Err(failure);
            }
        }
    }
    if scripts.is_empty() {
        output.note("The stack has no SQL scripts for this database.");
    }
    report(&told, output)?;
    Ok(code::DONE)
}

fn report(told: &[Value], output: &Output) -> Result<(), Failure> {
    // one line, so that several of them are still one value a line
    if output.json {
        output.result(&json!({ "scripts": told }).to_string())?;
    }
    Ok(())
}

/// Tells whom it waits for, where another run has to end first.
pub(super) fn waits(progress: &Progress, output: &Output) {
    let Progress::Waiting { holders } = progress else {
        return;
    };
    let who: Vec<String> = holders.iter().map(ToString::to_string).collect();
    let who = match who.is_empty() {
        true => String::new(),
        false => format!(" ({})", who.join(", ")),
    };
    output.note(&format!(
        "Another run is at work in this database{who}; waiting until it has ended. Ctrl-C ends the wait"
    ));
}

async fn one(
    target: &Target,
    global: &Global,
    entry: &Entry,
    how: &How,
    output: &Output,
    stop: &CancellationToken,
) -> Result<Value, Failure> {
    let mut session = target.connect().await?;
    let look = session.look(entry.script.name(), &entry.destructions).await;
    let look = look.map_err(|e| target.failure(&e))?;
    let current = look
        .recorded
        .as_ref()
        .filter(|r| r.digest == entry.script.digest());
    let told = |state: &str| {
        json!({
            "address": entry.addr.to_string(),
            "file": entry.file,
            "state": state,
            "statements": entry.statements,
            "losses": if state == "current" { json!([]) } else { json!(look.losses) },
        })
    };
    let say = |words: String| -> Result<(), Failure> {
        if !output.json {
            output.result(&format!("{}: {words}", entry.addr))?;
        }
        Ok(())
    };
    if let Some(recorded) = current {
        let since = jiff::Timestamp::try_from(recorded.applied_at)
            .map_or_else(|_| String::new(), |at| format!(" since {at:.0}"));
        say(format!("{} is loaded{since}", entry.file))?;
        session.close().await;
        return Ok(told("current"));
    }
    let losses = losses(&look.losses);
    if how.dry_run {
        let and = if losses.is_empty() { "" } else { ", which" };
        say(format!(
            "{} would run, {}{and}{}",
            entry.file,
            counted(entry.statements),
            losses.concat()
        ))?;
        session.close().await;
        return Ok(told("would_run"));
    }
    if !losses.is_empty() {
        output.note(&format!("{}:{}", entry.file, losses.concat()));
        agreed(target, global, &how.consent, "Run it", stop).await?;
    }
    let what = format!("{} ({})", entry.script.name(), entry.file);
    let keeper = target.keeper(&what, how.consent.no_copy);
    let mut consent = match losses.is_empty() {
        true => Agreed::Nothing,
        false => Agreed::Shown,
    };
    let mut unseen = Vec::new();
    let outcome = loop {
        let outcome = session
            .run_script_keeping(&entry.script, consent, keeper.as_ref(), |progress| {
                tracing::debug!(file = %entry.file, ?progress);
                waits(&progress, output);
            })
            .await;
        match outcome {
            // what its text does not show is known once it ran; nothing of it remains
            Err(Error::NeedsConsent(found)) if consent != Agreed::Everything => {
                output.note(&format!("{}:{}", entry.file, describe_losses(&found)));
                agreed(target, global, &how.consent, "Run it", stop).await?;
                consent = Agreed::Everything;
                unseen = found;
            }
            ended => break ended,
        }
    };
    session.close().await;
    match outcome {
        Ok(Outcome::Applied { statements, .. }) => {
            say(format!("{} ran, {}", entry.file, counted(statements)))?;
            let mut line = told("applied");
            let all: Vec<&Loss> = look.losses.iter().chain(&unseen).collect();
            line["losses"] = json!(all);
            if let Some(copy) = target.made() {
                copies::note(
                    &target.copies,
                    &copy,
                    &target.way_back(&copy.id, output),
                    output,
                );
                line["copy"] =
                    copies::json(&target.copies, &copy, &target.way_back(&copy.id, output));
            }
            Ok(line)
        }
        Ok(_) => {
            say(format!("{} is loaded", entry.file))?;
            Ok(told("current"))
        }
        Err(error) if error.line_column().is_some() => Err(wrong(
            Some(&entry.addr),
            &entry.file,
            entry.script.text(),
            &error,
        )),
        Err(error) => Err(target.failure(&error)),
    }
}

fn counted(statements: usize) -> String {
    match statements {
        1 => "1 statement".to_owned(),
        n => format!("{n} statements"),
    }
}

/// Says what would be lost, a line each.
pub fn describe_losses(found: &[Loss]) -> String {
    losses(found).concat()
}

fn losses(found: &[Loss]) -> Vec<String> {
    found
        .iter()
        .map(|loss| {
            let what = match &loss.column {
                Some(column) => format!("{}.{column}", loss.table),
                None => loss.table.clone(),
            };
            format!("\n  {}", kinds::sql_script::describe(loss, &what))
        })
        .collect()
}

/// Shows the line with a caret, the SQLSTATE, the constraint and the hint. The server's detail may quote a row, and is
/// left out; so is the source of a line that may hold a password.
pub fn wrong(addr: Option<&Addr>, file: &str, text: &str, error: &Error) -> Failure {
    let (line, column) = error.line_column().unwrap_or((1, 1));
    let span = span(file, text, line, column);
    let mut diagnostic = match error {
        Error::Db(failure) => {
            let mut detail = format!("SQLSTATE {}.", failure.sqlstate);
            if let Some(constraint) = &failure.constraint {
                detail += &format!(" Constraint {constraint}.");
            }
            detail += " Nothing of it remains.";
            Diagnostic::error(failure.message.clone()).detail(detail)
        }
        Error::Script { error, .. } => {
            Diagnostic::error(error.to_string()).detail("Nothing was sent.")
        }
        // the place is shown with the line
        Error::Template { problem, .. } => {
            Diagnostic::error(problem.to_string()).detail("Nothing was sent.")
        }
        other => Diagnostic::error(other.to_string()),
    };
    diagnostic.help = error.hint().map(str::to_owned);
    diagnostic.addr = addr.cloned();
    // the statement may have begun above, and the lines around are shown too
    let from = span.line.saturating_sub(NEAR);
    let mut near = text.lines().skip(from).take(2 * NEAR);
    diagnostic.hide_source = near.any(|line| line.to_ascii_lowercase().contains("password"));
    Failure::Diagnostics {
        found: vec![diagnostic.span(span)],
        sources: [(file.to_owned(), text.to_owned())].into(),
    }
}

/// Makes a span of a line and a column, both from 1; the column counts characters.
fn span(file: &str, text: &str, line: u32, column: u32) -> Span {
    let (line, column) = (line as usize, column as usize);
    let start = text
        .split_inclusive('\n')
        .take(line.saturating_sub(1))
        .map(str::len)
        .sum::<usize>();
    let rest = text.get(start..).unwrap_or("");
    let at = rest
        .char_indices()
        .nth(column.saturating_sub(1))
        .map_or(rest.len(), |(at, _)| at);
    let word = rest[at..]
        .find(|c: char| !(c.is_alphanumeric() || c == '_'))
        .unwrap_or(rest.len() - at);
    Span {
        file: file.to_owned(),
        line,
        column,
        offset: start + at,
        len: word.max(1).min(rest.len() - at),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_place_is_found_among_characters_of_any_length() {
        let text = "-- é\nSELECT é, wrong FROM t;\n";
        let span = span("x.sql", text, 2, 11);
        assert_eq!(&text[span.offset..span.offset + span.len], "wrong");
        for (line, column) in [(1, 1), (3, 1), (9, 9), (2, 99)] {
            let span = super::span("x.sql", text, line, column);
            assert!(span.offset + span.len <= text.len(), "{line}:{column}");
        }
    }

    #[test]
    fn a_line_that_may_hold_a_password_is_not_shown() {
        let text = "ALTER ROLE x PASSWORD 'hunter2' oops;";
        let error = Error::Script {
            script: "s".into(),
            error: split("SELECT 1;\n\\c x\n").unwrap_err(),
        };
        let addr = Addr::new(KIND, "s");
        let Failure::Diagnostics { found, .. } = wrong(Some(&addr), "s.sql", text, &error) else {
            panic!("a diagnostic")
        };
        assert!(found[0].hide_source, "it is near enough to be shown");
        let far = format!("{text}{}\\c x\n", "\nSELECT 1;".repeat(20));
        let error = Error::Script {
            script: "s".into(),
            error: split(&format!("{}\\c x\n", "SELECT 1;\n".repeat(20))).unwrap_err(),
        };
        let Failure::Diagnostics { found, .. } = wrong(Some(&addr), "s.sql", &far, &error) else {
            panic!("a diagnostic")
        };
        assert!(!found[0].hide_source, "the place is elsewhere");
        let error = Error::Script {
            script: "s".into(),
            error: split("\\c x\n").unwrap_err(),
        };
        let Failure::Diagnostics { found, .. } = wrong(Some(&addr), "s.sql", text, &error) else {
            panic!("a diagnostic")
        };
        assert!(found[0].hide_source);
    }
}
