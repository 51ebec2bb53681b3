//! What users type.

use crate::model::Addr;
use clap::{Args, Parser, Subcommand, ValueEnum};
use std::path::PathBuf;

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
    Stop(PowerArgs),
    /// Start them.
    #[command(alias = "start-instance")]
    Start(PowerArgs),
    /// Every resource as it is now.
    Status(StatusArgs),
    /// Print outputs.
    Output(OutputArgs),
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
    #[arg(long, value_name = "HOST:PORT", env = "CRUDDUR_INFRA_CONNECT_TO")]
    pub connect_to: Option<String>,
    /// Certificates to trust besides the embedded ones of RDS.
    #[arg(long, value_name = "FILE", env = "CRUDDUR_INFRA_CA_BUNDLE")]
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
}

#[derive(Debug, Args)]
pub struct DestroyArgs {
    #[command(flatten)]
    pub scope: Scope,
    #[command(flatten)]
    pub run: Run,
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
}

#[derive(Debug, Args)]
pub struct RefreshArgs {
    /// This machine's public address, instead of asking the internet.
    #[arg(long, value_name = "ADDRESS", env = "CRUDDUR_INFRA_IP")]
    pub ip: Option<String>,
}

#[derive(Debug, Args)]
pub struct PowerArgs {
    #[command(flatten)]
    pub scope: Scope,
    #[command(flatten)]
    pub run: Run,
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
