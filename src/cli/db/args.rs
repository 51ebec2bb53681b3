//! What users type after `db`.

use super::super::args::{Dial, Locking};
use crate::model::{Addr, Period};
use crate::pg::Param;
use clap::{Args, Subcommand, ValueEnum};
use std::path::PathBuf;

/// A database, and what is to be done with it.
#[derive(Debug, Args)]
pub struct DbArgs {
    #[command(flatten)]
    pub which: Which,
    #[command(flatten)]
    pub locking: Locking,
    #[command(subcommand)]
    pub command: DbCommand,
}

/// Which database is meant.
#[derive(Clone, Debug, Args)]
pub struct Which {
    /// `local` is CONNECTION_URL, `prd` is PRD_CONNECTION_URL or else the stack's own. Under --sandbox it is always
    /// the sandbox's.
    #[arg(
        long,
        global = true,
        value_enum,
        default_value_t = TargetName::Local,
        env = "CRUDDUR_INFRA_TARGET"
    )]
    pub target: TargetName,
    /// Which of the stack's instances, where it has several: `rds_instance.main`.
    #[arg(long, global = true, value_name = "ADDR")]
    pub instance: Option<Addr>,
    #[command(flatten)]
    pub dial: Dial,
}

/// Which database is meant.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub enum TargetName {
    /// CONNECTION_URL.
    Local,
    /// PRD_CONNECTION_URL, or the stack's own.
    #[value(alias = "prod", alias = "production")]
    Prd,
}

/// Whether to ask.
#[derive(Clone, Debug, Args)]
pub struct Consent {
    /// Do not ask. For a production database --confirm is needed instead where everything in it would be lost.
    #[arg(short, long, env = "CRUDDUR_INFRA_YES", value_parser = clap::builder::FalseyValueParser::new(), action = clap::ArgAction::SetTrue)]
    pub yes: bool,
    /// The name that would be asked for, typed ahead.
    #[arg(long, value_name = "NAME")]
    pub confirm: Option<String>,
    /// Keep no copy of what is lost.
    #[arg(long)]
    pub no_copy: bool,
}

#[derive(Debug, Subcommand)]
pub enum DbCommand {
    /// Open psql. What follows `--` goes to psql.
    Connect {
        /// Arguments for psql.
        #[arg(last = true, value_name = "PSQL_ARGUMENT")]
        arguments: Vec<String>,
    },
    /// Create the database, unless it is there.
    Create,
    /// Drop the database with everything in it, after saying what that is.
    Drop(Consent),
    /// Run the stack's SQL scripts that are new or have changed, in their order.
    Load(LoadArgs),
    /// Run the script named `seed`, and before it what it comes after.
    Seed(SeedArgs),
    /// Drop, create, load and seed: the database as it is on the first day.
    Setup(Consent),
    /// Take back what a script, a query, `db drop` or `db setup` has lost.
    Undo(UndoArgs),
    /// Who is connected.
    Sessions {
        /// End the sessions that are idle, other than one's own.
        #[arg(long)]
        kill_idle: bool,
        /// Only those that are idle for at least so long: `90s`, `10m`, `2h`.
        #[arg(
            long,
            value_name = "TIME",
            default_value = "0s",
            requires = "kill_idle"
        )]
        idle_for: Period,
    },
    /// Run one statement: a file, a template of the application (`activities/home`), or --command.
    Query(QueryArgs),
    /// Wait until the database answers, for scripts that start before it does.
    Wait {
        /// For how long: `90s`, `10m`.
        #[arg(long = "for", value_name = "TIME", default_value = "60s")]
        limit: Period,
    },
}

#[derive(Debug, Args)]
pub struct LoadArgs {
    /// A script of the stack, `schema` or `sql_script.schema`. All where none is named.
    #[arg(value_name = "SCRIPT")]
    pub scripts: Vec<String>,
    #[command(flatten)]
    pub how: How,
}

#[derive(Debug, Args)]
pub struct SeedArgs {
    #[command(flatten)]
    pub how: How,
}

#[derive(Debug, Args)]
pub struct QueryArgs {
    /// A file, `-` for stdin, or a template under sql/: `activities/home`.
    #[arg(value_name = "FILE", conflicts_with = "command")]
    pub what: Option<String>,
    /// The statement itself.
    #[arg(short, long, value_name = "SQL")]
    pub command: Option<String>,
    /// A value for `%(name)s` in the statement; `null` is NULL.
    #[arg(short, long = "param", value_name = "NAME=VALUE", value_parser = super::query::param)]
    pub params: Vec<(String, Param)>,
    /// How rows are written.
    #[arg(short, long, value_enum, default_value_t = Shape::Table)]
    pub output: Shape,
    #[command(flatten)]
    pub consent: Consent,
}

#[derive(Debug, Args)]
pub struct UndoArgs {
    /// The copy, as `--list` names it. Where none is named, the newest that was not taken back yet and is not of an undo.
    #[arg(value_name = "ID", conflicts_with_all = ["list", "discard", "older_than"])]
    pub id: Option<String>,
    /// Say what copies there are, and how large.
    #[arg(long, conflicts_with_all = ["discard", "older_than"])]
    pub list: bool,
    /// Remove a copy. May be given several times.
    #[arg(long, value_name = "ID")]
    pub discard: Vec<String>,
    /// Remove the copies of this database that are older: `30d`.
    #[arg(long, value_name = "TIME")]
    pub older_than: Option<Period>,
    /// The copy is of another database, and is meant for this one.
    #[arg(long, requires = "id")]
    pub elsewhere: bool,
    #[command(flatten)]
    pub consent: Consent,
}

impl UndoArgs {
    /// Tells whether a loss is taken back, rather than copies listed or removed.
    pub fn takes_back(&self) -> bool {
        !self.list && self.discard.is_empty() && self.older_than.is_none()
    }
}

/// How rows are written.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub enum Shape {
    /// For people.
    Table,
    /// An array of objects; with the number of changed rows where rows were changed.
    Json,
    /// RFC 4180.
    Csv,
}

/// How scripts are run.
#[derive(Clone, Debug, Args)]
pub struct How {
    /// Say what would run and what it would lose, and run nothing.
    #[arg(long)]
    pub dry_run: bool,
    #[command(flatten)]
    pub consent: Consent,
}

impl DbCommand {
    /// Returns what the lock is held for, where the command changes what others may be changing too.
    pub fn locks_for(&self, locking: &Locking) -> Option<&'static str> {
        match self {
            DbCommand::Create => Some("db create"),
            DbCommand::Drop(_) => Some("db drop"),
            DbCommand::Load(args) if !args.how.dry_run => Some("db load"),
            DbCommand::Seed(args) if !args.how.dry_run => Some("db seed"),
            DbCommand::Setup(_) => Some("db setup"),
            DbCommand::Undo(args) if args.takes_back() => Some("db undo"),
            // most queries only look, and looking must not need a lock because the file wants one
            DbCommand::Query(_) if locking.lock => Some("db query"),
            _ => None,
        }
    }
}

/// A file of SQL that is not in the stack is no script of its own: `db query` runs it.
pub fn file_of(text: &str) -> Option<PathBuf> {
    (text.contains('/') || text.ends_with(".sql")).then(|| PathBuf::from(text))
}
