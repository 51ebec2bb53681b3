//! The lock of a stack, for teams who want one: a parameter that is made without overwriting, so that of two runs only
//! one gets it. People can see who holds it (`lock status`), and break it (`lock break`).

mod content;
mod held;

pub use held::Lock;

use super::args::{Global, LockCommand};
use super::failure::{Failure, code};
use super::output::Output;
use super::session::{Needs, Session};
use super::signals::or_stopped;
use super::{ask, signals};
use crate::aws;
use content::{Found, alive};
use held::Given;
use jiff::Timestamp;
use serde_json::json;
use tokio_util::sync::CancellationToken;

/// `lock status | break`.
///
/// # Errors
/// Whatever keeps the lock from being read or removed.
pub async fn lock(global: &Global, command: &LockCommand, output: &Output) -> Result<u8, Failure> {
    let stop = signals::listen();
    let session = Session::open(global, &Needs::default(), &stop).await?;
    let result = match command {
        LockCommand::Status => or_stopped(status(&session, output), &stop).await,
        LockCommand::Break { yes } => {
            let sure = *yes || global.sandbox;
            break_it(&session, sure, output, &stop).await
        }
    };
    session.close().await;
    result
}

async fn look(session: &Session) -> Result<Option<Found>, Failure> {
    let name = held::name(&session.stack.facts.stack);
    let found = aws::parameter(&session.clients, &name).await;
    let found = found.map_err(|f| session.explained(f, held::named(&name)))?;
    Ok(found.map(Found::read))
}

fn told(session: &Session, found: &Found) -> String {
    let facts = &session.stack.facts;
    let here = (facts.owner.as_str(), facts.workspace.as_str());
    found.told(Timestamp::now(), |c| alive(c, here))
}

async fn status(session: &Session, output: &Output) -> Result<u8, Failure> {
    let found = look(session).await?;
    let text = match (&found, output.json) {
        (None, true) => json!({"locked": false}).to_string(),
        (None, false) => "not locked".to_owned(),
        (Some(found), true) => {
            json!({"locked": true, "by": found.content, "told": told(session, found)}).to_string()
        }
        (Some(found), false) => told(session, found),
    };
    output.result(&text)?;
    Ok(code::DONE)
}

async fn break_it(
    session: &Session,
    sure: bool,
    output: &Output,
    stop: &CancellationToken,
) -> Result<u8, Failure> {
    let Some(found) = or_stopped(look(session), stop).await? else {
        return tell(output, false, "not locked; nothing to break");
    };
    let holder = told(session, &found);
    if !sure {
        let question = format!(
            "The stack is {holder}.\nWhoever holds it may be changing the stack at this moment. Break the lock? Only \
             `yes` is a yes: "
        );
        ask::typed(&question, "yes", stop).await?;
    }
    let name = held::name(&session.stack.facts.stack);
    // what is broken must be what was shown
    let deleted = held::delete(&session.clients, &name, |now| *now == found).await;
    match deleted.map_err(|f| session.explained(f, held::named(&name)))? {
        Given::Gone => tell(output, false, "it was given back meanwhile"),
        Given::Back => tell(output, true, &format!("broken; it was {holder}")),
        Given::Taken(now) => Err(Failure::with_help(
            format!(
                "the lock has changed hands meanwhile: it is {}",
                told(session, &now)
            ),
            format!("`{} lock break` shows it and asks again", output.program()),
        )),
    }
}

fn tell(output: &Output, broken: bool, text: &str) -> Result<u8, Failure> {
    output.result(&if output.json {
        json!({"broken": broken, "message": text}).to_string()
    } else {
        text.to_owned()
    })?;
    Ok(code::DONE)
}
