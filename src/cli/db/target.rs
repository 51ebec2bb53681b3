//! Which database a `db` command speaks to.

use super::args::{TargetName, Which};
use crate::cli::again::dialled;
use crate::cli::args::Global;
use crate::cli::copies;
use crate::cli::failure::Failure;
use crate::cli::output::Output as Say;
use crate::cli::planning::LOOKS;
use crate::cli::session::{Needs, Session, connector};
use crate::cli::signals::or_stopped;
use crate::engine::{self, Goal};
use crate::model::{Addr, Observed, Output};
use crate::pg::{
    ConnectionUrl, Connector, Copies, Copy, Error, Keeper, TlsProblem, UnreachableCause,
};
use std::collections::BTreeSet;
use tokio_util::sync::CancellationToken;

/// The variable of the local database.
const LOCAL: &str = "CONNECTION_URL";
/// The variable of the production database, where it is not the stack's own or is reached in another way.
const PRD: &str = "PRD_CONNECTION_URL";

/// A database.
pub struct Target {
    /// Where it is.
    pub url: ConnectionUrl,
    /// How it is reached.
    pub connector: Connector,
    /// The variable or the entry that it comes from, for messages.
    pub from: String,
    /// The entry of the stack, where it is the stack's own.
    pub entry: Option<Addr>,
    /// What is lost there is lost for users.
    pub production: bool,
    /// Where copies are kept of what is lost.
    pub copies: Copies,
    /// How it was named to `db`: ` --target prd`.
    named: String,
    /// Keeps the sandbox up.
    session: Option<Session>,
}

impl Target {
    /// Returns the session by which it was found, where it is the stack's own.
    pub fn session(&self) -> Option<&Session> {
        self.session.as_ref()
    }

    /// Finds the database.
    ///
    /// # Errors
    /// Where a variable is not set or no connection URL, or the stack's instance has no endpoint.
    pub async fn open(
        global: &Global,
        which: &Which,
        stop: &CancellationToken,
    ) -> Result<Self, Failure> {
        let needs = Needs {
            dial: which.dial.clone(),
            ..Needs::default()
        };
        let (name, production) = match which.target {
            _ if global.sandbox => return Self::of_stack(global, which, &needs, stop).await,
            TargetName::Local => (LOCAL, false),
            TargetName::Prd => (PRD, true),
        };
        if which.instance.is_some() && !production {
            return Err(Failure::with_help(
                "--instance names one of the stack's instances, and --target local is none of them",
                "add --target prd",
            ));
        }
        let given = std::env::var(name).ok().filter(|text| !text.is_empty());
        // it holds a password
        let given = given.map(secrecy::zeroize::Zeroizing::new);
        match given {
            Some(text) if which.instance.is_none() => Ok(Target {
                url: parse(name, &text)?,
                connector: connector(&needs.dial, None)?,
                from: name.to_owned(),
                entry: None,
                production,
                copies: copies::place(global),
                named: named(global, which),
                session: None,
            }),
            _ if production => Self::of_stack(global, which, &needs, stop).await,
            _ => Err(Failure::with_help(
                format!("{name} is not set: it says where the local database is"),
                format!(
                    "export {name}='postgresql://postgres:PASSWORD@localhost:5432/cruddur'; --target prd means the \
                     stack's own database, --sandbox the sandbox's"
                ),
            )),
        }
    }

    async fn of_stack(
        global: &Global,
        which: &Which,
        needs: &Needs,
        stop: &CancellationToken,
    ) -> Result<Self, Failure> {
        let session = Session::open(global, needs, stop).await?;
        match or_stopped(Self::found(&session, which), stop).await {
            Ok((url, entry)) => Ok(Target {
                url,
                connector: session.connector.clone(),
                from: entry.to_string(),
                entry: Some(entry),
                production: !global.sandbox,
                copies: copies::place(global),
                named: named(global, which),
                session: Some(session),
            }),
            Err(failure) => {
                session.close().await;
                Err(failure)
            }
        }
    }

    async fn found(session: &Session, which: &Which) -> Result<(ConnectionUrl, Addr), Failure> {
        let stack = &session.stack;
        let entry = instance(stack, which.instance.as_ref())?;
        let scope: BTreeSet<Addr> = stack.with_needs(&BTreeSet::from([entry.clone()]));
        let seen = engine::observe(stack, &scope, Goal::Destroy, LOOKS)
            .await
            .map_err(|faults| {
                Failure::Faults(faults.into_iter().map(|(a, f)| (Some(a), f)).collect())
            })?;
        let url = seen
            .outputs
            .get(&entry)
            .and_then(|outputs| outputs.get("connection_url"));
        match url {
            Some(Output::Secret(url)) => Ok((parse(&entry.to_string(), url.expose())?, entry)),
            _ => Err(no_url(&entry, seen.observed.get(&entry))),
        }
    }

    #[cfg(test)]
    pub fn of_url(url: ConnectionUrl, connector: Connector) -> Self {
        Target {
            url,
            connector,
            from: LOCAL.to_owned(),
            entry: None,
            production: false,
            copies: Copies::new(".cruddur/undo"),
            named: String::new(),
            session: None,
        }
    }

    /// The command that takes a copy back.
    pub fn way_back(&self, id: &str, output: &Say) -> String {
        copies::way_back(&self.named, id, output)
    }

    /// What keeps a copy of what `what` loses there, unless nobody wants one.
    pub fn keeper(&self, what: &str, no_copy: bool) -> Option<Keeper> {
        let new = || {
            Keeper::new(
                self.copies.clone(),
                self.connector.clone(),
                self.url.clone(),
                what,
            )
        };
        (!no_copy).then(new)
    }

    /// The copy that was made just now, if one was.
    pub fn made(&self) -> Option<Copy> {
        self.copies.take_made().pop()
    }

    /// Ends what was kept up for it.
    pub async fn close(self) {
        if let Some(session) = self.session {
            session.close().await;
        }
    }

    /// Names the database, without its user and password.
    pub fn name(&self) -> String {
        format!(
            "{}:{}/{}",
            self.url.host(),
            self.url.port(),
            self.database()
        )
    }

    /// The database's name.
    pub fn database(&self) -> &str {
        self.url.database().unwrap_or_default()
    }

    /// Connects.
    ///
    /// # Errors
    /// Why not, and what helps.
    pub async fn connect(&self) -> Result<crate::pg::Session, Failure> {
        let connected = self.connector.connect(&self.url).await;
        connected.map_err(|e| self.failure(&e))
    }

    /// Connects to the server's own database, from which others are created and dropped.
    ///
    /// # Errors
    /// Why not, and what helps.
    pub async fn maintenance(&self) -> Result<crate::pg::Session, Failure> {
        let url = self.url.clone().with_database("postgres");
        let connected = self.connector.connect(&url).await;
        connected.map_err(|e| self.failure(&e))
    }

    /// Says what went wrong with this database, and what helps. The URL is not in it.
    pub fn failure(&self, error: &Error) -> Failure {
        let mut text = format!("{}: {error}", self.name());
        if let Some(detail) = error.failure().and_then(|f| f.constraint.as_deref()) {
            text += &format!(" (constraint {detail})");
        }
        match help(error, &self.from, self.entry.is_some(), self.production) {
            Some(help) => Failure::with_help(text, help),
            None => Failure::message(text),
        }
    }
}

fn named(global: &Global, which: &Which) -> String {
    let mut text = String::new();
    if which.target == TargetName::Prd && !global.sandbox {
        text += " --target prd";
    }
    if let Some(instance) = &which.instance {
        text += &format!(" --instance {instance}");
    }
    text + &dialled(&which.dial)
}

fn parse(name: &str, text: &str) -> Result<ConnectionUrl, Failure> {
    let wrong = |what: String| {
        Failure::with_help(
            format!("{name} is no connection URL: {what}"),
            "write postgresql://USER:PASSWORD@HOST:PORT/DATABASE; signs in the password are percent-encoded",
        )
    };
    let url = ConnectionUrl::parse(text).map_err(|e| wrong(e.to_string()))?;
    if url.database().is_none() {
        return Err(wrong("it names no database".to_owned()));
    }
    Ok(url)
}

fn instance(stack: &engine::Stack, given: Option<&Addr>) -> Result<Addr, Failure> {
    let all: Vec<&Addr> = stack
        .nodes
        .iter()
        .filter(|(_, n)| n.outputs().iter().any(|o| o.name == "connection_url") && n.stoppable())
        .map(|(addr, _)| addr)
        .collect();
    let names: Vec<String> = all.iter().map(ToString::to_string).collect();
    match (given, all.as_slice()) {
        (Some(addr), _) if all.contains(&addr) => Ok(addr.clone()),
        (Some(addr), _) => Err(Failure::with_help(
            format!("--instance {addr}: there is no such instance in the file"),
            format!("instances: {}", names.join(", ")),
        )),
        (None, [one]) => Ok((*one).clone()),
        (None, []) => Err(Failure::with_help(
            "the file has no rds_instances, so the stack has no database of its own",
            format!("export {PRD}=…"),
        )),
        (None, _) => Err(Failure::with_help(
            "the stack has several instances",
            format!("name one with --instance: {}", names.join(", ")),
        )),
    }
}

fn no_url(entry: &Addr, observed: Option<&Observed>) -> Failure {
    match observed {
        Some(Observed::Absent { .. }) | None => Failure::with_help(
            format!("{entry} does not exist"),
            "`cruddur-infra apply` makes it",
        ),
        Some(Observed::Unknowable { waits_for }) => {
            let names: Vec<String> = waits_for.iter().map(ToString::to_string).collect();
            Failure::with_help(
                format!("{entry} cannot be found: {} is not known", names.join(", ")),
                "set the variables that the file names",
            )
        }
        _ => Failure::with_help(
            format!("{entry} has no connection URL now"),
            "it needs an endpoint (`cruddur-infra status`) and the variable of its master_password",
        ),
    }
}

fn help(error: &Error, from: &str, of_stack: bool, production: bool) -> Option<String> {
    let way = "Open the way with `cruddur-infra refresh-ip`, or go through a tunnel with --connect-to HOST:PORT";
    Some(match error {
        // the sandbox's instance is the stack's, and loses nothing for users
        Error::Unreachable { cause: UnreachableCause::Refused, .. } if of_stack && !production => {
            format!("see with `cruddur-infra status` whether {from} runs; `cruddur-infra start` starts what is stopped")
        }
        Error::Unreachable { cause: UnreachableCause::Refused, .. } if !production => {
            "start the local server, or correct CONNECTION_URL".to_owned()
        }
        Error::Unreachable { .. } | Error::TimedOut { .. } if production => {
            format!("check that the instance runs (`cruddur-infra status`). {way}")
        }
        Error::AuthenticationRejected { .. } => {
            format!("correct the user and the password in {from}")
        }
        Error::DatabaseMissing { .. } => "`cruddur-infra db create` makes it".to_owned(),
        Error::Tls { problem: TlsProblem::NotOffered, .. } => {
            "the server has no TLS: only a local one may be used without, with sslmode=disable in its URL".to_owned()
        }
        Error::Tls { problem: TlsProblem::UnknownIssuer, .. } => {
            "the certificates of RDS are built in; --ca-bundle names the file of another authority".to_owned()
        }
        Error::Copy(problem) => return problem.help().map(str::to_owned),
        other => return other.hint().map(str::to_owned),
    })
}
