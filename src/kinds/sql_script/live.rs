//! Which script in which database, and what the database says of it.

use super::spec::Spec;
use crate::model::{Diff, Force, Shown};
use crate::pg::script::{Destruction, destructive, split};
use crate::pg::{ConnectionUrl, Loss, Recorded, Rows, Script};
use crate::resource::{Facts, Unresolved, only_set};

/// A script and the database that it is for.
#[derive(Clone, Debug)]
pub struct Target {
    /// The database.
    pub url: ConnectionUrl,
    /// The script; its name is the one in the ledger.
    pub script: Script,
    /// The statements that may throw rows away.
    pub destructions: Vec<Destruction>,
    /// The file, for messages.
    pub file: String,
    /// The entry's address, by which users allow what it loses.
    pub addr: String,
}

/// What the database says of a script.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Live {
    /// Its last run.
    pub recorded: Option<Recorded>,
    /// What a run would lose now; not counted where the script is current.
    pub losses: Vec<Loss>,
}

impl Target {
    /// Names the database: host, port and name, never the user or the password.
    pub fn database(&self) -> String {
        crate::database::describe(&self.url)
    }
}

/// Returns the name in the ledger.
pub fn ledger_name(spec: &Spec, facts: &Facts) -> String {
    spec.name.clone().unwrap_or_else(|| facts.addr.to_string())
}

/// Returns the script and its database.
///
/// # Errors
/// What is missing for it.
pub fn target(spec: &Spec, facts: &Facts) -> Result<Target, Unresolved> {
    let url = facts.secret(&spec.database)?;
    let file = spec.file.display().to_string();
    let url = ConnectionUrl::parse(url.expose())
        .map_err(|e| Unresolved::wrong(format!("`database` is no connection URL: {e}")))?;
    let asset = facts.asset(&spec.request())?;
    let text = std::str::from_utf8(&asset.bytes)
        .map_err(|_| Unresolved::wrong(format!("{file} is not a text in UTF-8")))?;
    let statements = split(text).map_err(|e| Unresolved::wrong(format!("{file}:{e}")))?;
    Ok(Target {
        url,
        destructions: destructive(&statements),
        script: Script::new(ledger_name(spec, facts), text),
        file,
        addr: facts.addr.to_string(),
    })
}

/// What a first run will be like: the database is named without its user and password.
pub fn fields(want: &Target) -> Vec<(String, Shown)> {
    only_set([
        ("database", want.database().into()),
        ("file", want.file.as_str().into()),
        ("digest", Shown::Digest(want.script.digest().to_owned())),
    ])
}

/// Compares: a script that ran as it is has nothing to do, whatever it would destroy.
pub fn diff(want: &Target, have: &Live) -> Diff {
    let mut diff = Diff::default();
    let before = have.recorded.as_ref().map(|r| r.digest.as_str());
    if before == Some(want.script.digest()) {
        return diff;
    }
    diff.note(
        "digest",
        before.map_or(Shown::NOTHING, |d| Shown::Digest(d.to_owned())),
        Shown::Digest(want.script.digest().to_owned()),
        Force::Update,
    );
    for loss in &have.losses {
        let what = match &loss.column {
            Some(column) => format!("{}.{column}", loss.table),
            None => loss.table.clone(),
        };
        let rows: Shown = match loss.rows {
            Rows::Exactly(rows) => rows.into(),
            Rows::AtLeast(rows) => format!("at least {}", thousands(rows)).into(),
            Rows::Unknown => "unknown".into(),
        };
        diff.note(&format!("data.{what}"), rows, 0, Force::Consent)
            .why(describe(loss, &what));
    }
    diff
}

/// Says what a statement would lose: `line 3: DROP TABLE public.users would lose 1,204 rows`. Where the script's text
/// does not show it, it has no line.
pub fn describe(loss: &Loss, what: &str) -> String {
    let noun = if loss.column.is_some() {
        "value"
    } else {
        "row"
    };
    let amount = match loss.rows {
        Rows::Exactly(1) => format!("1 {noun}"),
        Rows::Exactly(rows) => format!("{} {noun}s", thousands(rows)),
        Rows::AtLeast(rows) => format!("at least {} {noun}s", thousands(rows)),
        Rows::Unknown => format!("an unknown number of {noun}s"),
    };
    let verb = loss.verb;
    match loss.line {
        0 => format!(
            "{verb} {what} would lose {amount}, by a function, a trigger or SQL that is put together as it runs"
        ),
        line => format!("line {line}: {verb} {what} would lose {amount}"),
    }
}

fn thousands(number: u64) -> String {
    let digits = number.to_string();
    let mut text = String::new();
    for (at, digit) in digits.chars().enumerate() {
        if at > 0 && (digits.len() - at).is_multiple_of(3) {
            text.push(',');
        }
        text.push(digit);
    }
    text
}
