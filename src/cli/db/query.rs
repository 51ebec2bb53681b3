//! `db query`: one statement from a file, a template of the application, or the command line.

use super::admin::agreed;
use super::args::{QueryArgs, Shape};
use super::load::{self, describe_losses};
use super::target::Target;
use crate::cli::args::Global;
use crate::cli::copies;
use crate::cli::failure::{Failure, code};
use crate::cli::output::Output;
use crate::cli::session::base;
use crate::cli::signals::{or_cancelled, or_stopped};
use crate::pg::script::{destructive, split};
use crate::pg::{Consent as Agreed, Error, Param, Params, Rows, Table, Template};
use crate::render;
use serde_json::{Map, Value, json};
use std::io::Read;
use std::path::{Path, PathBuf};
use tokio_util::sync::CancellationToken;

/// The name of a statement that came by `--command`.
const COMMAND: &str = "command";

/// The longest statement, in bytes.
const LONGEST: u64 = 16 * 1024 * 1024;

/// Runs it.
///
/// # Errors
/// Where the file or a parameter is wrong, rows would be lost without consent, or the server refuses.
pub async fn query(
    target: &Target,
    global: &Global,
    args: &QueryArgs,
    output: &Output,
    stop: &CancellationToken,
) -> Result<u8, Failure> {
    let (name, text) = source(global, args)?;
    let failed = |error: &Error| match error.line_column() {
        Some(_) => load::wrong(None, &name, &text, error),
        None => target.failure(error),
    };
    let template = Template::parse(&name, &text).map_err(|e| failed(&e))?;
    let mut params = Params::new();
    for (name, value) in &args.params {
        params = params.with(name, value.clone());
    }
    params.check(&template).map_err(|e| failed(&e))?;

    let mut session = or_stopped(target.connect(), stop).await?;
    let canceller = session.canceller();
    let listened = async { session.listened_to().await.map_err(|e| failed(&e)) };
    or_stopped(listened, stop).await?;
    if output.json || args.output == Shape::Json {
        // an object holds one of two columns of a name: said before anything is done
        let checked = async { session.query_names(&template).await.map_err(|e| failed(&e)) };
        or_cancelled(&canceller, checked, stop).await?;
    }
    let statements = split(template.sql()).unwrap_or_default();
    let shown = or_stopped(
        async {
            let losses = session.would_lose(&destructive(&statements)).await;
            losses.map_err(|e| failed(&e))
        },
        stop,
    )
    .await?;
    let ask = async |what: String| {
        output.note(&what);
        agreed(target, global, &args.consent, "Run it", stop).await
    };
    let mut consent = Agreed::Nothing;
    if !shown.is_empty() {
        ask(format!("{name}:{}", describe_losses(&shown))).await?;
        consent = Agreed::Shown;
    }
    let changes = template.changes_rows() || template.is_command();
    let no_copy = args.consent.no_copy;
    if consent == Agreed::Nothing && changes && no_copy {
        // nothing brings them back, so that it is said before how many they are
        let counted = async {
            let losses = session.query_losses(&template, &params).await;
            losses.map_err(|e| failed(&e))
        };
        let losses = or_cancelled(&canceller, counted, stop).await?;
        if !losses.is_empty() {
            let lost: Vec<String> = losses
                .iter()
                .map(|loss| {
                    let (verb, table, rows) = (loss.verb, &loss.table, loss.rows);
                    format!(
                        "\n  {verb} {table}: {rows} {}",
                        plural(rows == Rows::Exactly(1))
                    )
                })
                .collect();
            ask(format!(
                "{name} would delete or overwrite, and no copy is kept:{}",
                lost.concat()
            ))
            .await?;
            consent = Agreed::Everything;
        }
    }
    let keeper = target.keeper(&format!("db query {name}"), no_copy);
    let result = loop {
        let work = async {
            if !changes {
                let rows = session.query_rows(&template, &params).await;
                return rows.map(|table| Ok((table, None))).map_err(|e| failed(&e));
            }
            let keeper = keeper.as_ref();
            match session
                .query_commit_guarded(&template, &params, keeper, consent)
                .await
            {
                // what SHOW or EXPLAIN answers are no rows that were changed
                Ok(done) => {
                    let answered = template.is_command() && !done.returned.columns.is_empty();
                    let changed = (!answered).then_some(done.count);
                    Ok(Ok((done.returned, changed)))
                }
                Err(Error::NeedsConsent(losses)) => Ok(Err(losses)),
                Err(error) => Err(failed(&error)),
            }
        };
        match or_cancelled(&canceller, work, stop).await {
            Ok(Ok(done)) => break Ok(done),
            Ok(Err(losses)) => {
                ask(format!("{name}:{}", describe_losses(&losses))).await?;
                consent = Agreed::Everything;
            }
            Err(failure) => break Err(failure),
        }
    };
    session.close().await;
    let (table, changed) = result?;
    let copy = target.made();
    let way_back = copy.as_ref().map(|copy| target.way_back(&copy.id, output));
    let kept = copy.as_ref().zip(way_back.as_ref());
    let told = kept.map(|(copy, way_back)| copies::json(&target.copies, copy, way_back));
    let shown = show(&table, (changed, told), args.output, output);
    // what was lost is told whatever becomes of the answer
    if let Some((copy, way_back)) = kept {
        copies::note(&target.copies, copy, way_back, output);
    }
    match shown {
        Err(failure) if changed.is_some() => {
            output.failure(&failure);
            Ok(code::PARTLY)
        }
        shown => shown.map(|()| code::DONE),
    }
}

/// Returns the statement and what errors call it.
fn source(global: &Global, args: &QueryArgs) -> Result<(String, String), Failure> {
    match (&args.what, &args.command) {
        (Some(what), None) if what == "-" => {
            let mut bytes = Vec::new();
            // one more than is taken: a statement that was cut off would be another statement
            std::io::stdin().take(LONGEST + 1).read_to_end(&mut bytes)?;
            if bytes.len() as u64 > LONGEST {
                return Err(Failure::message("stdin is longer than 16 MiB"));
            }
            let text = String::from_utf8(bytes)
                .map_err(|_| Failure::message("stdin is no text in UTF-8"))?;
            Ok(("stdin".to_owned(), text))
        }
        (Some(what), None) => {
            let path = file(global, what)?;
            let cannot =
                |why: String| Failure::message(format!("{} cannot be read: {why}", path.display()));
            if std::fs::metadata(&path).is_ok_and(|m| m.len() > LONGEST) {
                return Err(cannot("it is longer than 16 MiB".to_owned()));
            }
            let text = std::fs::read_to_string(&path).map_err(|e| cannot(e.to_string()))?;
            Ok((path.display().to_string(), text))
        }
        (None, Some(text)) => Ok((COMMAND.to_owned(), text.clone())),
        _ => Err(Failure::with_help(
            "say what to run: a file, a template, or --command",
            "as in `cruddur-infra db query activities/home`, `cruddur-infra db query report.sql`, `cruddur-infra db query -c 'SELECT 1'`",
        )),
    }
}

/// A file as it is, or a template of the application: `activities/home` is `sql/activities/home.sql`.
fn file(global: &Global, what: &str) -> Result<PathBuf, Failure> {
    let as_it_is = PathBuf::from(what);
    if as_it_is.is_file() {
        return Ok(as_it_is);
    }
    let plain = Path::new(what)
        .components()
        .all(|part| matches!(part, std::path::Component::Normal(_)));
    let template = base(global).join("sql").join(format!("{what}.sql"));
    if plain && template.is_file() {
        return Ok(template);
    }
    Err(Failure::with_help(
        format!(
            "{what}: there is no such file, and no template {}",
            template.display()
        ),
        "--command takes the statement itself",
    ))
}

fn show(
    table: &Table,
    (changed, copy): (Option<u64>, Option<Value>),
    shape: Shape,
    output: &Output,
) -> Result<(), Failure> {
    let heads: Vec<&str> = table.columns.iter().map(|c| c.name.as_str()).collect();
    let shape = if output.json { Shape::Json } else { shape };
    let twice = heads
        .iter()
        .enumerate()
        .find(|(at, head)| heads[..*at].contains(head));
    if let (Shape::Json, Some((_, head))) = (shape, twice) {
        return Err(Failure::with_help(
            format!("two columns are named {head}, and an object holds one of them"),
            "give them names with AS; what the statement did is done",
        ));
    }
    match shape {
        Shape::Json => {
            let object = |row: &Vec<Value>| -> Value {
                let pairs = heads
                    .iter()
                    .map(|h| (*h).to_owned())
                    .zip(row.iter().cloned());
                Value::Object(pairs.collect::<Map<_, _>>())
            };
            let rows: Vec<Value> = table.rows.iter().map(object).collect();
            let whole = match (changed, copy) {
                (Some(count), Some(copy)) => json!({"changed": count, "rows": rows, "copy": copy}),
                (Some(count), None) => json!({"changed": count, "rows": rows}),
                (None, _) => Value::Array(rows),
            };
            output.result(&format!("{whole:#}"))?;
        }
        // nothing but the rows: for programs
        Shape::Csv => output.result(&render::csv(&heads, &texts(table, "")))?,
        Shape::Table => {
            if !heads.is_empty() {
                output.result(&render::table_human(
                    &heads,
                    &texts(table, "NULL"),
                    &output.out,
                ))?;
            }
            let count = changed.unwrap_or(table.rows.len() as u64);
            let rows = plural(count == 1);
            output.note(&match changed {
                Some(_) => format!("{count} {rows} changed"),
                None => format!("{count} {rows}"),
            });
        }
    }
    Ok(())
}

fn plural(one: bool) -> &'static str {
    if one { "row" } else { "rows" }
}

fn texts(table: &Table, null: &str) -> Vec<Vec<String>> {
    let text = |value: &Value| match value {
        Value::Null => null.to_owned(),
        Value::String(text) => text.clone(),
        other => other.to_string(),
    };
    table
        .rows
        .iter()
        .map(|row| row.iter().map(text).collect())
        .collect()
}

/// Reads `name=value`. A text fits every type whose written form it is, so nothing else has to be said about it.
///
/// # Errors
/// What to write instead.
pub fn param(text: &str) -> Result<(String, Param), String> {
    let (name, value) = text
        .split_once('=')
        .filter(|(name, _)| !name.is_empty())
        .ok_or("write NAME=VALUE")?;
    Ok((
        name.to_owned(),
        match value {
            "null" => Param::Null,
            other => Param::from(other),
        },
    ))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn parameters_have_a_name() {
        assert_eq!(param("handle=a=b").unwrap().0, "handle");
        assert!(param("=x").is_err() && param("x").is_err());
        assert!(matches!(param("x=null").unwrap().1, Param::Null));
    }
}
