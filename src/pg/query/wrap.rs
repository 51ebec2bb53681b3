//! A template put into a statement that answers in JSON.

use super::answer::Column;
use super::ask::Shape;
use crate::pg::template::{MainKind, Template, TemplateProblem};

/// A statement around a template, and where the template's parts are in it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Wrapped {
    pub(super) sql: String,
    /// Where the main part begins here, and where in the template's SQL; both in bytes.
    main: (usize, usize),
    main_length: usize,
}

impl Wrapped {
    /// Byte `at` of this statement as a byte of the template's SQL.
    pub(super) fn inside(&self, at: usize) -> Option<usize> {
        let (here, there) = self.main;
        if at < there {
            return Some(at); // the WITH list is where it was
        }
        let within = at.checked_sub(here)?;
        (within < self.main_length).then_some(there + within)
    }
}

/// Puts `template`, which has these columns, into a statement for `shape`.
pub(super) fn wrap(
    template: &Template,
    columns: &[Column],
    shape: Shape,
) -> Result<Wrapped, TemplateProblem> {
    let (sql, main) = (template.sql(), template.main());
    if let MainKind::Other(command) = &main.kind {
        let command = command.clone();
        return Err(TemplateProblem::NotARelation { command });
    }
    if columns.is_empty() {
        return Err(TemplateProblem::NoColumns);
    }
    let alias = unused(sql, columns);
    let (list, body) = sql.split_at(main.at);
    // Other names where the columns' own would get lost (two of a name) or are not wanted.
    let renamed = match shape {
        Shape::Array | Shape::Object => {
            unique(columns)?;
            String::new()
        }
        Shape::Value | Shape::Table | Shape::Commit => {
            let names: Vec<String> = (1..=columns.len()).map(|n| format!("c{n}")).collect();
            format!("({})", names.join(", "))
        }
    };
    let (answer, end) = match shape {
        Shape::Array => (
            format!("coalesce(pg_catalog.json_agg(pg_catalog.row_to_json({alias})), '[]')"),
            "",
        ),
        Shape::Object => (format!("pg_catalog.row_to_json({alias})"), " LIMIT 1"),
        Shape::Value => (format!("pg_catalog.to_json({alias}.c1)"), " LIMIT 1"),
        Shape::Table | Shape::Commit => (format!("pg_catalog.row_to_json({alias})"), ""),
    };
    let answer = format!("SELECT ({answer})::pg_catalog.text FROM");
    // The newline keeps a comment at the end of the template from swallowing what follows.
    let (before, after) = if main.kind == MainKind::Query {
        (
            format!("{list}{answer} ("),
            format!("\n) AS {alias}{renamed}{end}"),
        )
    } else if list.is_empty() {
        (
            format!("WITH {alias}{renamed} AS ("),
            format!("\n) {answer} {alias}{end}"),
        )
    } else {
        (
            format!("{list}, {alias}{renamed} AS ("),
            format!("\n) {answer} {alias}{end}"),
        )
    };
    Ok(Wrapped {
        main: (before.len(), main.at),
        main_length: body.len(),
        sql: format!("{before}{body}{after}"),
    })
}

/// A name that neither the template nor its columns use: `row_to_json(x)` would take a column x for
/// the row.
fn unused(sql: &str, columns: &[Column]) -> String {
    let lower = sql.to_ascii_lowercase();
    let mut name = "answer".to_owned();
    while lower.contains(&name) || columns.iter().any(|column| column.name == name) {
        name.push('_');
    }
    name
}

/// Fails where two columns have one name.
pub(super) fn unique(columns: &[Column]) -> Result<(), TemplateProblem> {
    for (index, column) in columns.iter().enumerate() {
        if columns[..index]
            .iter()
            .any(|other| other.name == column.name)
        {
            return Err(TemplateProblem::DuplicateColumn {
                name: column.name.clone(),
            });
        }
    }
    Ok(())
}
