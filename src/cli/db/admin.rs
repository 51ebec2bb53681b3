//! `db create`, `db drop`, `db setup`.

use super::args::{Consent, How, LoadArgs};
use super::load;
use super::target::Target;
use crate::cli::args::Global;
use crate::cli::ask;
use crate::cli::failure::{Failure, code};
use crate::cli::output::Output;
use crate::cli::signals::or_stopped;
use crate::pg::{Aside, Dropped, Error, Inventory, Rows, SetAside};
use crate::render;
use serde_json::json;
use std::io::IsTerminal;
use tokio_util::sync::CancellationToken;

/// The server's own databases, and what RDS keeps its own in.
const NOT_OURS: [&str; 4] = ["postgres", "template0", "template1", "rdsadmin"];

/// `db create`.
///
/// # Errors
/// What the server says.
pub async fn create(
    target: &Target,
    output: &Output,
    stop: &CancellationToken,
) -> Result<u8, Failure> {
    let made = or_stopped(made(target), stop).await?;
    let what = if made { "created" } else { "is there already" };
    tell(
        output,
        target,
        if made { "created" } else { "present" },
        what,
    )?;
    Ok(code::DONE)
}

async fn made(target: &Target) -> Result<bool, Failure> {
    let session = target.maintenance().await?;
    let made = session.create_database(target.database()).await;
    session.close().await;
    made.map_err(|e| target.failure(&e))
}

/// `db drop`.
///
/// # Errors
/// Without consent; what the server says.
pub async fn drop(
    target: &Target,
    global: &Global,
    consent: &Consent,
    output: &Output,
    stop: &CancellationToken,
) -> Result<u8, Failure> {
    match dropped(target, global, (consent, "db drop"), output, stop).await? {
        Gone::No => tell(output, target, "absent", "does not exist; nothing to drop")?,
        gone => tell_gone(output, target, &gone)?,
    }
    Ok(code::DONE)
}

/// `db setup`: all of it on one database.
///
/// # Errors
/// Without consent; what the server says. What was done by then stays done, and running it again goes on.
pub async fn setup(
    target: &Target,
    global: &Global,
    consent: &Consent,
    output: &Output,
    stop: &CancellationToken,
) -> Result<u8, Failure> {
    // found out before anything is dropped
    let scripts = load::scripts(target, global, &[])?;
    match dropped(target, global, (consent, "db setup"), output, stop).await? {
        Gone::No => {}
        gone => tell_gone(output, target, &gone)?,
    }
    or_stopped(made(target), stop).await?;
    tell(output, target, "created", "created")?;
    let agreed = Consent {
        yes: true,
        confirm: Some(target.database().to_owned()),
        no_copy: consent.no_copy,
    };
    let how = How {
        dry_run: false,
        consent: agreed,
    };
    let args = LoadArgs {
        scripts: Vec::new(),
        how,
    };
    load::run(target, global, &scripts, &args.how, output, stop).await
}

/// What became of the database.
enum Gone {
    /// There was none.
    No,
    /// It is gone.
    Dropped,
    /// It has another name.
    Aside(Aside),
}

/// Drops the database, after saying what is in it.
async fn dropped(
    target: &Target,
    global: &Global,
    (consent, what): (&Consent, &str),
    output: &Output,
    stop: &CancellationToken,
) -> Result<Gone, Failure> {
    if NOT_OURS.contains(&target.database()) {
        return Err(Failure::with_help(
            format!("{} is the server's own database", target.database()),
            format!("name the application's in {}", target.from),
        ));
    }
    let Some((inventory, others)) = or_stopped(look(target), stop).await? else {
        return Ok(Gone::No);
    };
    output.note(&describe(target, &inventory, others));
    agreed(target, global, consent, "Drop", stop).await?;
    if !consent.no_copy {
        return aside(target, what).await;
    }
    let work = async {
        let session = target.maintenance().await?;
        // whoever has connected since is cut off as well: it was said that the database goes
        let gone = session.drop_database(target.database(), true).await;
        session.close().await;
        gone.map_err(|e| target.failure(&e))
    };
    match work.await? {
        Dropped::Gone => Ok(Gone::Dropped),
        Dropped::Absent => Ok(Gone::No),
        Dropped::InUse => Err(in_use(target)),
    }
}

fn in_use(target: &Target) -> Failure {
    Failure::with_help(
        format!("{} is in use, and was not dropped", target.name()),
        "`cruddur-infra db sessions` shows by whom",
    )
}

/// Gives the database another name. One without rows is dropped under that: nobody can have added any since.
async fn aside(target: &Target, what: &str) -> Result<Gone, Failure> {
    let session = target.maintenance().await?;
    let set = session.set_aside(target.database(), what).await;
    let gone = match set {
        Ok(SetAside::Done(aside)) => {
            let url = target.url.clone().with_database(&aside.name);
            let inventory = match target.connector.connect(&url).await {
                Ok(mut inside) => {
                    let found = inside.inventory().await;
                    inside.close().await;
                    found.ok()
                }
                Err(_) => None,
            };
            let empty = |i: Inventory| i.tables.iter().all(|t| t.rows == Rows::Exactly(0));
            // where it cannot be told it stays
            if inventory.is_some_and(empty)
                && session.drop_database(&aside.name, true).await.is_ok()
            {
                Ok(Gone::Dropped)
            } else {
                Ok(Gone::Aside(aside))
            }
        }
        Ok(SetAside::Absent) => Ok(Gone::No),
        Ok(SetAside::InUse) => Err(in_use(target)),
        Err(error) if error.sqlstate() == Some("42501") => Err(Failure::with_help(
            format!(
                "{}: it cannot be kept under another name: {error}. Nothing was changed",
                target.name()
            ),
            "renaming needs the right to create databases (ALTER ROLE … CREATEDB); --no-copy drops it for good",
        )),
        Err(error) => Err(target.failure(&error)),
    };
    session.close().await;
    gone
}

fn tell_gone(output: &Output, target: &Target, gone: &Gone) -> Result<(), Failure> {
    let Gone::Aside(aside) = gone else {
        return tell(output, target, "dropped", "dropped");
    };
    let way_back = target.way_back(&aside.name, output);
    if output.json {
        let mut line = json!({"database": target.name(), "state": "dropped"});
        line["copy"] =
            json!({"id": aside.name, "at": aside.at, "bytes": aside.bytes, "undo": way_back});
        return Ok(output.result(&line.to_string())?);
    }
    tell(output, target, "dropped", "dropped")?;
    let size = aside.bytes.map_or_else(
        || "its storage".to_owned(),
        |bytes| format!("{} of storage", render::size(bytes)),
    );
    output.note(&format!(
        "It is kept as the database {}, which takes {size}.\n  `{way_back}` brings it back, `{}` removes it for good",
        aside.name,
        target.way_back(&format!("--discard {}", aside.name), output),
    ));
    Ok(())
}

pub(super) async fn look(target: &Target) -> Result<Option<(Inventory, u64)>, Failure> {
    let mut session = match target.connector.connect(&target.url).await {
        Ok(session) => session,
        Err(Error::DatabaseMissing { .. }) => return Ok(None),
        Err(error) => return Err(target.failure(&error)),
    };
    let inventory = session.inventory().await;
    let others = session.others_in(target.database()).await;
    session.close().await;
    let wrong = |e: Error| target.failure(&e);
    Ok(Some((inventory.map_err(wrong)?, others.map_err(wrong)?)))
}

/// Says what would be lost.
pub(super) fn describe(target: &Target, inventory: &Inventory, others: u64) -> String {
    let size = inventory.bytes.map_or_else(
        || "of unknown size".to_owned(),
        |bytes| format!("of {}", render::size(bytes)),
    );
    let mut text = format!("The database {} ({size}, {})", target.name(), target.from);
    if inventory.tables.is_empty() {
        text += " has no tables.";
    } else {
        text += " would be lost, and with it:\n";
    }
    for table in &inventory.tables {
        let rows = match table.rows {
            Rows::Exactly(1) => "1 row".to_owned(),
            rows => format!("{rows} rows"),
        };
        text += &format!("  {}: {rows}, {}\n", table.name, render::size(table.bytes));
    }
    match others {
        0 => {}
        1 => text += "\n1 other session is connected to it and would be cut off.",
        n => text += &format!("\n{n} other sessions are connected to it and would be cut off."),
    }
    text.trim_end().to_owned()
}

/// Asks for the database's name, unless that was typed ahead. `--yes` is enough where nothing is lost for users.
///
/// # Errors
/// Where it is a no.
pub async fn agreed(
    target: &Target,
    global: &Global,
    consent: &Consent,
    verb: &str,
    stop: &CancellationToken,
) -> Result<(), Failure> {
    let name = target.database();
    match &consent.confirm {
        Some(given) if given == name => return Ok(()),
        Some(given) => {
            return Err(Failure::with_help(
                format!("--confirm says {given}, and the database is {name}"),
                "nothing was changed",
            ));
        }
        None if global.sandbox => return Ok(()),
        None if consent.yes && !target.production => return Ok(()),
        None if consent.yes => {
            return Err(Failure::with_help(
                format!(
                    "--yes is not enough for the production database {}",
                    target.name()
                ),
                format!("--confirm {name} says which one is meant; nothing was changed"),
            ));
        }
        None if !std::io::stdin().is_terminal() => {
            return Err(Failure::with_help(
                "this needs your word, and there is no terminal to ask on",
                match target.production {
                    true => format!("--confirm {name} says which database is meant"),
                    false => "give --yes to go on without being asked".to_owned(),
                },
            ));
        }
        None => {}
    }
    let question = format!("{verb}? Type the database's name, {name}, to go on: ");
    ask::typed(&question, name, stop).await
}

fn tell(output: &Output, target: &Target, state: &str, words: &str) -> Result<(), Failure> {
    let text = if output.json {
        json!({"database": target.name(), "state": state}).to_string()
    } else {
        render::harmless(&format!("{}: {words}", target.name()))
    };
    Ok(output.result(&text)?)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::pg::{ConnectionUrl, Connector, TableSize};

    fn target() -> Target {
        Target::of_url(
            ConnectionUrl::parse("postgresql://me:s3cret@localhost:5432/cruddur").unwrap(),
            Connector::default(),
        )
    }

    #[test]
    fn what_would_be_lost_is_named() {
        let table = |name: &str, rows| TableSize {
            name: name.to_owned(),
            rows,
            bytes: 49_152,
        };
        let mut inventory = Inventory {
            bytes: Some(8_290_000),
            tables: vec![
                table("public.activities", Rows::Exactly(1)),
                table("public.users", Rows::AtLeast(1_000_000)),
            ],
        };
        assert_eq!(
            describe(&target(), &inventory, 2),
            "The database localhost:5432/cruddur (of 7.9 MiB, CONNECTION_URL) would be lost, and with it:\n  \
             public.activities: 1 row, 48.0 KiB\n  public.users: at least 1000000 rows, 48.0 KiB\n\n\
             2 other sessions are connected to it and would be cut off."
        );
        inventory.tables.clear();
        inventory.bytes = None;
        let text = describe(&target(), &inventory, 0);
        assert!(
            text.ends_with("(of unknown size, CONNECTION_URL) has no tables."),
            "{text}"
        );
    }
}
