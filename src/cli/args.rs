//! What users type.

use crate::model::{Addr, Period};
use crate::render::Invoked;
use clap::{Args, Parser, Subcommand, ValueEnum};
use std::path::PathBuf;
use std::sync::{Arc, OnceLock};

/// Reads stack.yaml, looks at AWS, and makes AWS match.
#[derive(Debug, Parser)]
#[command(name = "cruddur-infra", version, about, max_term_width = 100)]
pub struct Cli {
    #[command(flatten)]
    pub global: Global,
    #[command(subcommand)]
    pub command: Command,
}

/// Options of every command.
#[derive(Clone, Debug, Args)]
pub struct Global {
    /// The stack's file.
    #[arg(
        short,
        long,
        global = true,
        default_value = "stack.yaml",
        env = "CRUDDUR_INFRA_FILE"
    )]
    pub file: PathBuf,
    /// The region; must be the file's where the file says one.
    #[arg(long, global = true, env = "CRUDDUR_INFRA_REGION")]
    pub region: Option<String>,
    /// The profile in ~/.aws/config.
    #[arg(long, global = true, env = "CRUDDUR_INFRA_PROFILE")]
    pub profile: Option<String>,
    /// Another endpoint for every AWS service.
    #[arg(
        long,
        global = true,
        value_name = "URL",
        env = "CRUDDUR_INFRA_ENDPOINT_URL"
    )]
    pub endpoint_url: Option<String>,
    /// Run against a local AWS and a local Postgres; nothing is asked, nothing costs.
    #[arg(long, global = true, env = "CRUDDUR_INFRA_SANDBOX", value_parser = clap::builder::FalseyValueParser::new(), action = clap::ArgAction::SetTrue)]
    pub sandbox: bool,
    /// How fast the sandbox's life cycles run: `real`, or a factor.
    #[arg(long, global = true, value_name = "real|N", default_value = "200", env = "CRUDDUR_INFRA_SANDBOX_SPEED", value_parser = speed)]
    pub sandbox_speed: f64,
    /// A file that says what goes wrong in the sandbox.
    #[arg(
        long,
        global = true,
        value_name = "FILE",
        env = "CRUDDUR_INFRA_SANDBOX_FAULTS"
    )]
    pub sandbox_faults: Option<PathBuf>,
    /// How results and progress are written.
    #[arg(long, global = true, value_enum, default_value_t = Format::Human, env = "CRUDDUR_INFRA_FORMAT")]
    pub format: Format,
    /// Colours.
    #[arg(long, global = true, value_enum, default_value_t = Color::Auto, env = "CRUDDUR_INFRA_COLOR")]
    pub color: Color,
    /// Say more; twice for the libraries' log (never the bodies of calls: they hold passwords).
    #[arg(short, long, global = true, action = clap::ArgAction::Count, env = "CRUDDUR_INFRA_VERBOSE")]
    pub verbose: u8,
    /// Say only what is wrong.
    #[arg(short, long, global = true, conflicts_with = "verbose", env = "CRUDDUR_INFRA_QUIET", value_parser = clap::builder::FalseyValueParser::new(), action = clap::ArgAction::SetTrue)]
    pub quiet: bool,
    /// The text of the file, once it has been read.
    #[arg(skip)]
    pub text: FileText,
    /// How the program was begun, for the commands in advice.
    #[arg(skip)]
    pub invoked: Option<&'static Invoked>,
}

impl Global {
    /// The same, with the file as it is by now. What came through a pipe stays: that has it only once.
    #[must_use]
    pub fn anew(&self) -> Self {
        let mut anew = self.clone();
        if self.file.is_file() {
            anew.text = FileText::default();
        }
        anew
    }
}

/// The text of the stack's file. It is read once: a pipe has it only once, and a file that is saved during the run is not
/// to be two.
#[derive(Clone, Default)]
pub struct FileText(Arc<OnceLock<String>>);

impl FileText {
    /// Returns the text; reads it where that was not done before.
    ///
    /// # Errors
    /// Those of reading it.
    pub fn or_read<E>(&self, read: impl FnOnce() -> Result<String, E>) -> Result<&str, E> {
        if let Some(text) = self.0.get() {
            return Ok(text);
        }
        let text = read()?;
        Ok(self.0.get_or_init(|| text))
    }
}

impl std::fmt::Debug for FileText {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("FileText")
    }
}

fn speed(text: &str) -> Result<f64, String> {
    match text {
        "real" => Ok(1.0),
        n => n
            .parse::<f64>()
            .ok()
            .filter(|n| (0.1..=100_000.0).contains(n))
            .ok_or_else(|| "write `real`, or a factor from 0.1 to 100000".to_owned()),
    }
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub enum Format {
    Human,
    Json,
    /// `output` alone: lines for `eval`.
    Env,
    /// `graph` alone: for graphviz.
    Dot,
    /// `graph` alone: for Markdown.
    Mermaid,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub enum Color {
    Auto,
    Always,
    Never,
}

#[derive(Debug, Subcommand)]
pub enum Command {
    /// Write a commented stack.yaml, never over an existing file.
    Init,
    /// Check stack.yaml and everything it names, without a network.
    Validate,
    /// Show what apply would do.
    Plan(PlanArgs),
    /// Make AWS match stack.yaml, then load the SQL.
    Apply(ApplyArgs),
    /// Remove everything the stack owns.
    #[command(alias = "teardown")]
    Destroy(DestroyArgs),
    /// Point the current_ip rules at this machine.
    #[command(alias = "refresh-sg")]
    RefreshIp(RefreshArgs),
    /// Stop the database instances to save cost.
    #[command(alias = "stop-instance")]
    Stop(StopArgs),
    /// Start them.
    #[command(alias = "start-instance")]
    Start(StartArgs),
    /// Every resource as it is now.
    Status(StatusArgs),
    /// Print outputs.
    Output(OutputArgs),
    /// The database itself: connect, create, drop, load, seed, setup, undo, sessions, wait.
    Db(super::db::args::DbArgs),
    /// Prove the whole chain, from a sign-up to a row. Exit code 1 where something fails, 3 where something cannot be
    /// proved.
    Verify(VerifyArgs),
    /// What the function has logged, from CloudWatch.
    Logs(LogsArgs),
    /// Who holds the stack's lock, and how it is broken.
    Lock {
        #[command(subcommand)]
        command: LockCommand,
    },
    /// The dependency graph (--format dot or mermaid).
    Graph,
    /// The JSON Schema of stack.yaml.
    Schema,
    /// The local AWS and Postgres.
    Sandbox {
        #[command(subcommand)]
        command: SandboxCommand,
    },
    /// Completions for a shell.
    Completions {
        /// Which shell.
        shell: clap_complete::Shell,
    },
}

#[derive(Clone, Debug, Default, Args)]
pub struct Scope {
    /// Only this entry and what it needs (for destroy: and what depends on it).
    #[arg(long, value_name = "ADDR")]
    pub only: Vec<Addr>,
}

#[derive(Clone, Debug, Default, Args)]
pub struct Allow {
    /// Take over an object that exists without this stack's tag.
    #[arg(long, value_name = "ADDR")]
    pub adopt: Vec<Addr>,
    /// Delete what carries the stack's tag and is no longer in the file.
    #[arg(long)]
    pub prune: bool,
    /// Allow a replacement or a loss of data.
    #[arg(long, value_name = "ADDR")]
    pub allow_replace: Vec<Addr>,
    /// This machine's public address, instead of asking the internet.
    #[arg(long, value_name = "ADDRESS", env = "CRUDDUR_INFRA_IP")]
    pub ip: Option<String>,
}

#[derive(Clone, Debug, Default, Args)]
pub struct Dial {
    /// Dial this instead of the database's own address (a tunnel), and still verify the real host name.
    #[arg(
        long,
        global = true,
        value_name = "HOST:PORT",
        env = "CRUDDUR_INFRA_CONNECT_TO",
        help_heading = "Reaching Postgres"
    )]
    pub connect_to: Option<String>,
    /// Certificates to trust besides the embedded ones of RDS.
    #[arg(
        long,
        global = true,
        value_name = "FILE",
        env = "CRUDDUR_INFRA_CA_BUNDLE",
        help_heading = "Reaching Postgres"
    )]
    pub ca_bundle: Option<PathBuf>,
}

#[derive(Clone, Debug, Args)]
pub struct Run {
    /// Do not ask.
    #[arg(short, long, env = "CRUDDUR_INFRA_YES", value_parser = clap::builder::FalseyValueParser::new(), action = clap::ArgAction::SetTrue)]
    pub yes: bool,
    /// Steps at once.
    #[arg(long, default_value_t = 10, value_name = "N", env = "CRUDDUR_INFRA_PARALLELISM", value_parser = clap::value_parser!(u16).range(1..=100))]
    pub parallelism: u16,
    /// Return when AWS has accepted.
    #[arg(long)]
    pub no_wait: bool,
}

/// Whether other runs are kept out.
#[derive(Clone, Debug, Default, Args)]
pub struct Locking {
    /// Hold the stack's lock meanwhile, so that of two who want it only one runs (`lock: true` in the file is the same).
    #[arg(long, global = true, env = "CRUDDUR_INFRA_LOCK", value_parser = clap::builder::FalseyValueParser::new(), action = clap::ArgAction::SetTrue, help_heading = "Locking")]
    pub lock: bool,
    /// Go without the lock, whatever the file or the variable says.
    #[arg(long, global = true, help_heading = "Locking")]
    pub no_lock: bool,
}

#[derive(Debug, Args)]
pub struct PlanArgs {
    #[command(flatten)]
    pub scope: Scope,
    #[command(flatten)]
    pub allow: Allow,
    #[command(flatten)]
    pub dial: Dial,
    /// Save the plan, for `apply FILE`.
    #[arg(long, value_name = "FILE")]
    pub out: Option<PathBuf>,
    /// Exit with 2 where there are changes.
    #[arg(long)]
    pub detailed_exitcode: bool,
}

#[derive(Debug, Args)]
pub struct ApplyArgs {
    /// Run exactly this saved plan, or refuse.
    #[arg(value_name = "PLAN_FILE", conflicts_with_all = ["only", "adopt", "prune", "allow_replace"])]
    pub plan: Option<PathBuf>,
    #[command(flatten)]
    pub scope: Scope,
    #[command(flatten)]
    pub allow: Allow,
    #[command(flatten)]
    pub dial: Dial,
    #[command(flatten)]
    pub run: Run,
    #[command(flatten)]
    pub locking: Locking,
    /// Keep no copy of rows that scripts lose.
    #[arg(long)]
    pub no_copy: bool,
}

#[derive(Debug, Args)]
pub struct DestroyArgs {
    #[command(flatten)]
    pub scope: Scope,
    #[command(flatten)]
    pub run: Run,
    #[command(flatten)]
    pub locking: Locking,
    #[command(flatten)]
    pub dial: Dial,
    /// Save the plan, for `apply FILE`, and do nothing.
    #[arg(long, value_name = "FILE")]
    pub out: Option<PathBuf>,
    /// The name of the final snapshot; without it one is generated.
    #[arg(long, value_name = "NAME", conflicts_with = "skip_final_snapshot")]
    pub final_snapshot: Option<String>,
    /// No final snapshot: the data is gone.
    #[arg(long)]
    pub skip_final_snapshot: bool,
    /// With --skip-final-snapshot: this database's rows may be lost. --yes alone does not say that.
    #[arg(long, value_name = "ADDR", requires = "skip_final_snapshot")]
    pub allow_data_loss: Vec<Addr>,
    /// Wait until the network interfaces of deleted functions are gone as well: up to an hour.
    #[arg(long, conflicts_with = "no_wait")]
    pub wait: bool,
    /// Write the receipt into a file, as JSON.
    #[arg(long, value_name = "FILE", conflicts_with = "out")]
    pub receipt: Option<PathBuf>,
}

#[derive(Debug, Args)]
pub struct RefreshArgs {
    /// This machine's public address, instead of asking the internet.
    #[arg(long, value_name = "ADDRESS", env = "CRUDDUR_INFRA_IP")]
    pub ip: Option<String>,
    /// Give up after so long: `20s`.
    #[arg(long, value_name = "TIME")]
    pub within: Option<Period>,
    /// For a workspace's start: one line whatever comes of it, exit code 0, and no more than 20 s (--within).
    #[arg(long, conflicts_with = "watch")]
    pub best_effort: bool,
    /// Stay, and follow the address of a laptop that moves, until Ctrl-C.
    #[arg(long, conflicts_with_all = ["ip", "within"])]
    pub watch: bool,
    /// How often --watch asks for the address.
    #[arg(long, value_name = "TIME", default_value = "60s", requires = "watch")]
    pub every: Period,
}

#[derive(Debug, Args)]
pub struct StopArgs {
    #[command(flatten)]
    pub scope: Scope,
    #[command(flatten)]
    pub run: Run,
    #[command(flatten)]
    pub locking: Locking,
    /// Keep it stopped until `start`: AWS starts it after seven days, and a schedule stops it again.
    #[arg(long)]
    pub keep: bool,
    /// Keep it stopped for so long: 12h, 30d, 8w.
    #[arg(long = "for", value_name = "TIME", conflicts_with = "keep", value_parser = span)]
    pub keep_for: Option<i64>,
}

/// Reads a length of time, in seconds.
fn span(text: &str) -> Result<i64, String> {
    const LONGEST: i64 = 3660 * 86400;
    let (number, unit) = text.split_at(text.len().saturating_sub(1));
    let unit = match unit {
        "h" => 3600,
        "d" => 86400,
        "w" => 7 * 86400,
        _ => 0,
    };
    let number = number.bytes().all(|b| b.is_ascii_digit()).then_some(number);
    number
        .and_then(|n| n.parse::<i64>().ok()?.checked_mul(unit))
        .filter(|seconds| (1..=LONGEST).contains(seconds))
        .ok_or_else(|| {
            "write hours, days or weeks, as 12h, 30d or 8w, ten years at most".to_owned()
        })
}

#[derive(Debug, Args)]
pub struct StartArgs {
    #[command(flatten)]
    pub scope: Scope,
    #[command(flatten)]
    pub run: Run,
    #[command(flatten)]
    pub locking: Locking,
}

#[derive(Debug, Args)]
pub struct VerifyArgs {
    #[command(flatten)]
    pub dial: Dial,
    /// Call no function and sign nobody up; what only that would prove is unknown.
    #[arg(long)]
    pub no_invoke: bool,
}

#[derive(Debug, Args)]
pub struct StatusArgs {
    #[command(flatten)]
    pub dial: Dial,
    /// This machine's public address, instead of asking the internet.
    #[arg(long, value_name = "ADDRESS", env = "CRUDDUR_INFRA_IP")]
    pub ip: Option<String>,
}

#[derive(Debug, Args)]
pub struct OutputArgs {
    /// One output, `rds_instance.main.endpoint`, or all of one entry.
    pub name: Option<String>,
    /// Show secrets too.
    #[arg(long)]
    pub show_secrets: bool,
}

#[derive(Debug, Args)]
pub struct LogsArgs {
    /// The function, `lambda_function.post-confirmation`; need not be given where the file has only one.
    pub addr: Option<Addr>,
    /// How far back: `90s`, `10m`, `2h`, `7d`.
    #[arg(long, value_name = "TIME", default_value = "10m")]
    pub since: Period,
    /// Stay, and show what is logged from now on, until Ctrl-C.
    #[arg(long)]
    pub follow: bool,
    /// Only requests that failed, each with all of its lines.
    #[arg(long)]
    pub errors: bool,
}

#[derive(Debug, Subcommand)]
pub enum LockCommand {
    /// Tell who holds it, since when and for what.
    Status,
    /// Remove it, after showing whose it is: where a run was killed.
    Break {
        /// Do not ask.
        #[arg(short, long, env = "CRUDDUR_INFRA_YES", value_parser = clap::builder::FalseyValueParser::new(), action = clap::ArgAction::SetTrue)]
        yes: bool,
    },
}

#[derive(Debug, Subcommand)]
pub enum SandboxCommand {
    /// Keep it up, and print where it is.
    Serve {
        /// The port on 127.0.0.1; 0 lets the system choose.
        #[arg(long, default_value_t = 0)]
        port: u16,
    },
    /// Tell whether it is up, and where its world is kept.
    Status,
    /// Empty its world, databases included.
    Reset,
}
