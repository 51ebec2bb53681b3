//! Errors of the Postgres client become faults. The URL is in none of them.

use super::live::{Target, describe};
use crate::model::{Class, Fault, Residue};
use crate::pg::{Error, TlsProblem, UnreachableCause};

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
    let new = |class: Class| {
        let text = format!("{}: {error}", target.database());
        let mut fault = Fault::new(during.op(), class, text);
        fault.code = error.sqlstate().map(str::to_owned);
        fault
    };
    match error {
        Error::Unreachable { cause, .. } => new(Class::Unreachable).help(way(Some(*cause))),
        // what is lost while connecting changed nothing, and mostly is a way that is not open
        Error::TimedOut { .. } | Error::ConnectionLost { .. } | Error::Protocol(_)
            if during == During::Connect =>
        {
            new(Class::Unreachable).help(way(None))
        }
        // the server rolls back what was not committed
        Error::TimedOut { .. } | Error::ConnectionLost { .. } | Error::Protocol(_) => {
            new(Class::Transient)
        }
        Error::Tls { problem, .. } => new(Class::Invalid).help(trust(problem)),
        Error::AuthenticationRejected { .. } => {
            let mut fault = new(Class::Denied);
            fault.message = format!("{} rejects the user or the password", target.database());
            fault.help(
                "the password in the connection URL is not the one that the database has: set the variable that \
                 stack.yaml names to the right one",
            )
        }
        Error::DatabaseMissing { .. } => new(Class::Invalid).help(
            "create it with `CREATE DATABASE`, or name another database in the connection URL",
        ),
        Error::Db(failure) => {
            let class = if error.is_transient() {
                Class::Transient
            } else if failure.sqlstate == "42501" {
                Class::Denied
            } else {
                Class::Invalid
            };
            let mut fault = new(class);
            // the place is the script's name in the ledger; people look for the file
            fault.message = match error.line_column() {
                Some((line, column)) => format!("{}:{line}:{column}: {}", target.file, failure.message),
                None => format!("{}: {}", target.database(), failure.message),
            };
            fault.help = failure.hint.clone();
            if class == Class::Denied && fault.help.is_none() {
                let help = "grant the right to the user of the connection URL, or connect as another";
                fault.help = Some(help.to_owned());
            }
            fault
        }
        Error::Script { error, .. } => {
            let mut fault = new(Class::Invalid);
            fault.message = format!("{}:{error}", target.file);
            fault
        }
        Error::NeedsConsent(losses) => {
            let mut fault = new(Class::Surprise);
            let losses: Vec<String> = losses
                .iter()
                .map(|loss| match &loss.column {
                    Some(column) => describe(loss, &format!("{}.{column}", loss.table)),
                    None => describe(loss, &loss.table),
                })
                .collect();
            fault.message = format!("{}: {}", target.file, losses.join("; "));
            fault.help("rows have come since the plan was made; nothing was changed: plan again")
        }
        Error::CommitUnknown { .. } => new(Class::Transient).residue(Residue::Unknown),
        Error::TransactionEscaped { .. } => new(Class::Invalid)
            .residue(Residue::Unknown)
            .help("look at the database before anything else is run, and take out what ends the transaction"),
        _ => new(Class::Invalid),
    }
}

fn way(cause: Option<UnreachableCause>) -> String {
    let first = match cause {
        Some(UnreachableCause::Name) => {
            "check that the instance exists and that this machine can resolve names. "
        }
        Some(UnreachableCause::Refused) => {
            "check that the instance runs (`cruddur-infra status`). "
        }
        _ => "",
    };
    format!(
        "{first}Open the way from this machine with `cruddur-infra refresh-ip`, or go through a tunnel with \
         --connect-to HOST:PORT"
    )
}

fn trust(problem: &TlsProblem) -> &'static str {
    match problem {
        TlsProblem::NotOffered => {
            "turn on TLS on the server, or check that the host and port are the database's and not a proxy's"
        }
        TlsProblem::PlainNotLocal => "take sslmode out of the connection URL",
        TlsProblem::UnknownIssuer => {
            "the certificates of RDS are built in; --ca-bundle names the file of another authority"
        }
        TlsProblem::WrongName => {
            "write the name that is in the certificate, the instance's endpoint; through a tunnel use --connect-to \
             HOST:PORT and leave the name as it is"
        }
        TlsProblem::Expired => {
            "check this machine's clock, and the instance's certificate authority"
        }
        _ => "check the host and the root certificates",
    }
}
