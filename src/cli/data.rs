//! What databases hold that are to be deleted, and the word that it takes to lose it.

use super::args::Global;
use super::ask;
use super::failure::Failure;
use super::output::Output;
use super::session::Session;
use crate::engine::Seen;
use crate::model::{
    Action, Addr, Change, DatabaseHeld, Holding, Observed, Output as Value, Plan, Readiness,
    TableHeld,
};
use crate::pg::{ConnectionUrl, Error, Rows};
use crate::render;
use futures_util::future::join_all;
use std::io::IsTerminal;
use tokio_util::sync::CancellationToken;

/// Looks into every database that a plan deletes.
pub(super) async fn held(session: &Session, plan: &Plan, seen: &Seen) -> Vec<Holding> {
    let stack = &session.stack;
    let holds = |change: &&Change| {
        let holds = match stack.nodes.get(&change.addr) {
            Some(node) => node.holds_data(),
            None => plan
                .orphans
                .iter()
                .any(|o| o.holds_data && change.id.as_ref() == Some(&o.id)),
        };
        holds && matches!(change.action, Action::Delete | Action::Replace)
    };
    let doomed = plan.changes.iter().filter(holds);
    let looks = doomed.map(|change| look(session, change, seen));
    join_all(looks).await.into_iter().flatten().collect()
}

async fn look(session: &Session, change: &Change, seen: &Seen) -> Option<Holding> {
    let presence = seen.observed.get(&change.addr).and_then(Observed::present);
    let output = |name: &str| presence.and_then(|p| p.outputs.get(name));
    let id = match output("identifier") {
        Some(Value::Plain(serde_json::Value::String(id))) => id.clone(),
        _ => change.id.clone().unwrap_or_default(),
    };
    let mut holding = Holding {
        addr: change.addr.clone(),
        id,
        databases: Vec::new(),
        unseen: None,
    };
    let url = match output("connection_url") {
        Some(Value::Secret(url)) => ConnectionUrl::parse(url.expose()).ok(),
        _ => None,
    };
    let readiness = presence.map(|p| &p.readiness);
    // its end has begun, and nobody can take it back
    if matches!(readiness, Some(Readiness::Leaving(_))) {
        return None;
    }
    match (readiness, readiness.and_then(Readiness::rests), url) {
        (None, _, _) => holding.unseen = Some("its entry is no longer in the file".to_owned()),
        (_, Some(word), _) => holding.unseen = Some(format!("it is {word}")),
        (_, None, None) => {
            let why = "it has no endpoint yet, or the variable of its password is not set";
            holding.unseen = Some(why.to_owned());
        }
        (_, None, Some(url)) => match inside(session, &url).await {
            Ok(databases) => holding.databases = databases,
            Err(error) => holding.unseen = Some(error.to_string()),
        },
    }
    Some(holding)
}

async fn inside(session: &Session, url: &ConnectionUrl) -> Result<Vec<DatabaseHeld>, Error> {
    let server = session.connector.connect(url).await?;
    let names = server.databases().await;
    server.close().await;
    let mut all = Vec::new();
    for name in names? {
        let database = url.clone().with_database(&name);
        all.push(match tables(session, &database).await {
            Ok((bytes, tables)) => DatabaseHeld {
                name,
                bytes,
                tables,
                unseen: None,
            },
            Err(error) => DatabaseHeld {
                name,
                bytes: None,
                tables: Vec::new(),
                unseen: Some(error.to_string()),
            },
        });
    }
    Ok(all)
}

async fn tables(
    session: &Session,
    url: &ConnectionUrl,
) -> Result<(Option<u64>, Vec<TableHeld>), Error> {
    let mut database = session.connector.connect(url).await?;
    let found = database.inventory().await;
    database.close().await;
    let found = found?;
    let table = |t: crate::pg::TableSize| TableHeld {
        empty: t.rows == Rows::Exactly(0),
        rows: t.rows.to_string(),
        name: t.name,
        bytes: t.bytes,
    };
    Ok((found.bytes, found.tables.into_iter().map(table).collect()))
}

/// Sees to it that data is lost only where the user has named the database that it is in. `--yes` is not that word; with
/// a final snapshot nothing is lost, and none is needed.
///
/// # Errors
/// Where the word is not given.
pub(super) async fn agreed(
    held: &[Holding],
    plan: &Plan,
    global: &Global,
    output: &Output,
    stop: &CancellationToken,
) -> Result<(), Failure> {
    if global.sandbox {
        return Ok(());
    }
    let lost = unnamed(held, plan);
    let Some(first) = lost.first() else {
        return Ok(());
    };
    if !std::io::stdin().is_terminal() {
        let options: Vec<String> = lost.iter().map(|h| allowing(&h.addr)).collect();
        return Err(Failure::with_help(
            format!(
                "--yes is not enough to lose the data of {} ({})",
                first.addr, first.id
            ),
            format!(
                "plan and destroy with {}, or leave --skip-final-snapshot out and keep it in a snapshot; nothing was \
                 changed",
                options.join(" ")
            ),
        ));
    }
    for holding in lost {
        output.page(&render::holdings_human(
            std::slice::from_ref(holding),
            &output.err,
        ));
        let question = format!(
            "No snapshot is taken. Type the instance's identifier, {}, to lose its data: ",
            holding.id
        );
        ask::typed(&question, &holding.id, stop).await?;
    }
    Ok(())
}

/// What holds rows, or may, and is named by nobody.
fn unnamed<'a>(held: &'a [Holding], plan: &Plan) -> Vec<&'a Holding> {
    let options = &plan.options;
    let lost = held
        .iter()
        .filter(|h| options.skip_final_snapshot && !h.is_empty());
    lost.filter(|h| !options.allow_data_loss.contains(&h.addr))
        .collect()
}

fn allowing(addr: &Addr) -> String {
    format!("--allow-data-loss {addr}")
}

#[cfg(test)]
mod tests {
    use super::*;

    fn holding(name: &str, empty: Option<bool>) -> Holding {
        Holding {
            addr: Addr::new("rds_instance", name),
            id: name.to_owned(),
            databases: vec![DatabaseHeld {
                name: "cruddur".to_owned(),
                bytes: None,
                tables: empty
                    .map(|empty| TableHeld {
                        name: "public.users".to_owned(),
                        rows: String::new(),
                        empty,
                        bytes: 0,
                    })
                    .into_iter()
                    .collect(),
                unseen: None,
            }],
            unseen: None,
        }
    }

    #[test]
    fn rows_are_lost_only_where_their_database_is_named() {
        let unreachable = Holding {
            unseen: Some("no connection".to_owned()),
            ..holding("unreachable", None)
        };
        let mut half = holding("half", Some(true));
        half.databases[0].unseen = Some("permission denied".to_owned());
        let held = [
            holding("full", Some(false)),
            holding("empty", Some(true)),
            holding("without-tables", None),
            unreachable,
            half,
        ];
        let mut plan = crate::model::Plan {
            format_version: 1,
            purpose: crate::model::Purpose::Destroy,
            stack: String::new(),
            stack_digest: String::new(),
            account: String::new(),
            region: String::new(),
            changes: Vec::new(),
            orphans: Vec::new(),
            warnings: Vec::new(),
            summary: crate::model::Summary::default(),
            options: crate::model::PlanOptions::default(),
            digest: String::new(),
        };
        // a snapshot keeps them
        assert!(unnamed(&held, &plan).is_empty());
        plan.options.skip_final_snapshot = true;
        let names = |plan: &Plan| {
            let lost = unnamed(&held, plan);
            lost.iter().map(|h| h.id.clone()).collect::<Vec<_>>()
        };
        assert_eq!(names(&plan), ["full", "unreachable", "half"]);
        plan.options.allow_data_loss = vec!["rds_instance.full".parse().unwrap()];
        assert_eq!(names(&plan), ["unreachable", "half"]);
    }
}
