//! Copies of rows that were lost: where they are, and what is said of them.

use super::args::Global;
use super::output::Output;
use super::session::base;
use crate::engine::Emitter;
use crate::model::{Event, KeptCopy, LostRows};
use crate::pg::{Copies, Copy, TableCopy};
use crate::render;
use serde_json::{Value, json};

/// The folder of the copies, beside the stack's file.
pub fn place(global: &Global) -> Copies {
    Copies::new(base(global).join(".cruddur/undo"))
}

/// The command that takes a copy back; `named` is how the database is named to `db`.
pub fn way_back(named: &str, id: &str, output: &Output) -> String {
    format!("{} db{named} undo {id}", output.program())
}

/// Tells of every copy that a run makes, as an event.
pub fn tell(copies: &Copies, emitter: Emitter, named: &str, output: &Output) {
    let (place, named, output) = (copies.clone(), named.to_owned(), output.clone());
    copies.on_made(Some(Box::new(move |copy| {
        let lost = |table: &TableCopy| LostRows {
            table: format!("{}.{}", table.schema, table.name),
            rows: table.rows,
        };
        emitter.send(Event::Copied {
            copy: KeptCopy {
                id: copy.id.clone(),
                database: copy.database.clone(),
                what: copy.what.clone(),
                tables: copy.tables.iter().map(lost).collect(),
                rows: copy.rows(),
                bytes: copy.bytes,
                path: place.path(&copy.id).display().to_string(),
                undo: way_back(&named, &copy.id, &output),
                remarks: copy.remarks(),
            },
        });
    })));
}

/// A copy, for programs.
pub fn json(copies: &Copies, copy: &Copy, way_back: &str) -> Value {
    let tables: Vec<Value> = copy
        .tables
        .iter()
        .map(|t| json!({"table": format!("{}.{}", t.schema, t.name), "rows": t.rows}))
        .collect();
    json!({
        "id": copy.id,
        "at": copy.at,
        "database": copy.database,
        "what": copy.what,
        "state": copy.state,
        "taken_back": copy.taken_back,
        "tables": tables,
        "rows": copy.rows(),
        "bytes": copy.bytes,
        "path": copies.path(&copy.id).display().to_string(),
        "undo": way_back,
        "remarks": copy.remarks(),
    })
}

/// Says where a copy is, how large, and how it is taken back.
pub fn note(copies: &Copies, copy: &Copy, way_back: &str, output: &Output) {
    let all: u64 = copies
        .list()
        .map(|(all, _)| all.iter().map(|copy| copy.bytes).sum())
        .unwrap_or(copy.bytes);
    output.note(&words(
        copy,
        &copies.path(&copy.id).display().to_string(),
        way_back,
        all,
    ));
}

fn words(copy: &Copy, path: &str, way_back: &str, all: u64) -> String {
    let remarks: Vec<String> = copy
        .remarks()
        .iter()
        .map(|remark| format!("\n  {remark}"))
        .collect();
    format!(
        "A copy of what was lost is kept: {} ({}) in {path}\n  `{way_back}` takes it back. All copies there take {}{}",
        contents(copy),
        render::size(copy.bytes),
        render::size(all),
        remarks.concat()
    )
}

/// `4 rows of public.users, 1 row of public.activities`
pub fn contents(copy: &Copy) -> String {
    let told: Vec<String> = copy
        .tables
        .iter()
        .filter(|table| table.rows > 0)
        .map(|table| format!("{} of {}.{}", rows(table.rows), table.schema, table.name))
        .collect();
    match told.as_slice() {
        [] => "no rows".to_owned(),
        told => told.join(", "),
    }
}

fn rows(count: u64) -> String {
    match count {
        1 => "1 row".to_owned(),
        n => format!("{n} rows"),
    }
}
