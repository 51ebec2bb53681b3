//! Errors of the Postgres client become faults. The URL is in none of them.

use super::live::{Target, describe};
use crate::database;
use crate::model::{Class, Fault, Residue};
use crate::pg::Error;

/// During what it happened.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum During {
    /// The connection was made.
    Connect,
    /// The ledger was read.
    Look,
    /// The script ran.
    Run,
}

impl During {
    fn op(self) -> &'static str {
        match self {
            During::Connect => "postgres:connect",
            During::Look => "postgres:look",
            During::Run => "postgres:run script",
        }
    }
}

/// Translates an error.
pub fn fault(target: &Target, during: During, error: &Error) -> Fault {
    let connecting = during == During::Connect;
    let mut fault = database::fault(during.op(), &target.database(), connecting, error);
    match error {
        Error::Db(failure) => {
            // the place is the script's name in the ledger; people look for the file
            if let Some((line, column)) = error.line_column() {
                fault.message = format!("{}:{line}:{column}: {}", target.file, failure.message);
            }
            fault
        }
        Error::Script { error, .. } => {
            fault.message = format!("{}:{error}", target.file);
            fault
        }
        Error::NeedsConsent(losses) => {
            fault.class = Class::Surprise;
            let unseen = losses.iter().any(|loss| loss.line == 0);
            let losses: Vec<String> = losses
                .iter()
                .map(|loss| match &loss.column {
                    Some(column) => describe(loss, &format!("{}.{column}", loss.table)),
                    None => describe(loss, &loss.table),
                })
                .collect();
            fault.message = format!("{}: {}", target.file, losses.join("; "));
            fault.help(match unseen {
                true => format!("no plan can show that; nothing was changed. --allow-replace {} allows it", target.addr),
                false => "rows have come since the plan was made; nothing was changed: plan again".to_owned(),
            })
        }
        Error::Copy(problem) => {
            fault.message = format!("{}: {problem}", target.file);
            match problem.help() {
                Some(help) => fault.help(help),
                None => fault,
            }
        }
        Error::Occupied { .. } => {
            fault.class = Class::Busy;
            fault.help("wait until it has ended, or end it on the server; then run the same command again")
        }
        Error::CommitUnknown { .. } => {
            fault.class = Class::Transient;
            fault.residue(Residue::Unknown)
        }
        Error::TransactionEscaped { .. } => fault
            .residue(Residue::Unknown)
            .help("look at the database before anything else is run, and take out what ends the transaction"),
        _ => fault,
    }
}
