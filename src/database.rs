//! What kinds that speak Postgres have in common: errors of the client become faults. The URL is in none of them.

use crate::model::{Class, Fault};
use crate::pg::{ConnectionUrl, Error, TlsProblem, UnreachableCause};

/// Names a database: host, port and name, never the user or the password.
pub fn describe(url: &ConnectionUrl) -> String {
    format!(
        "{}:{}/{}",
        url.host(),
        url.port(),
        url.database().unwrap_or_default()
    )
}

/// Translates an error. `connecting`: it happened before anything could be asked, so that nothing was changed and the
/// cause mostly is a way that is not open.
pub fn fault(op: &str, database: &str, connecting: bool, error: &Error) -> Fault {
    let new = |class: Class| {
        let mut fault = Fault::new(op, class, format!("{database}: {error}"));
        fault.code = error.sqlstate().map(str::to_owned);
        fault
    };
    match error {
        Error::Unreachable { cause, .. } => new(Class::Unreachable).help(way(Some(*cause))),
        Error::TimedOut { .. } | Error::ConnectionLost { .. } | Error::Protocol(_)
            if connecting =>
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
            fault.message = format!("{database} rejects the user or the password");
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
            fault.message = format!("{database}: {}", failure.message);
            fault.help = failure.hint.clone();
            if class == Class::Denied && fault.help.is_none() {
                let help =
                    "grant the right to the user of the connection URL, or connect as another";
                fault.help = Some(help.to_owned());
            }
            fault
        }
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
