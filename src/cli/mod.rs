//! The command line: wiring only, one function a command.

mod again;
mod args;
mod ask;
mod copies;
mod data;
mod db;
mod failure;
mod in_the_way;
mod keep;
mod leftovers;
mod local;
mod lock;
mod logs;
mod output;
mod planning;
mod power;
mod receipt;
mod refresh;
mod replace;
mod run;
mod sandbox;
mod session;
mod show;
mod signals;
mod usage;
mod verify;

use args::{Cli, Command, Format};
use clap::{CommandFactory, FromArgMatches};
use failure::{Failure, code};
use output::Output;

/// Reads the arguments and runs the command. Returns the exit code.
pub async fn main() -> u8 {
    let parsed = set_variables(Cli::command())
        .try_get_matches()
        .and_then(|m| Cli::from_arg_matches(&m));
    let mut cli = match parsed {
        Ok(cli) => cli,
        Err(error) => return usage::tell(&error),
    };
    log(cli.global.verbose);
    cli.global.invoked = Some(output::invoked(&cli.global));
    let output = Output::new(&cli.global);
    match dispatch(&cli, &output).await {
        Ok(code) => code,
        Err(failure) => output.failure(&failure),
    }
}

/// An option's variable that is set to nothing counts as not set, as everywhere else.
fn set_variables(command: clap::Command) -> clap::Command {
    command
        .mut_args(|arg| {
            let empty = arg
                .get_env()
                .is_some_and(|name| std::env::var_os(name).is_some_and(|v| v.is_empty()));
            if empty {
                arg.env(clap::builder::Resettable::Reset)
            } else {
                arg
            }
        })
        .mut_subcommands(set_variables)
}

async fn dispatch(cli: &Cli, output: &Output) -> Result<u8, Failure> {
    let global = &cli.global;
    let fits = match global.format {
        Format::Human | Format::Json => true,
        Format::Env => matches!(cli.command, Command::Output(_)),
        Format::Dot | Format::Mermaid => matches!(cli.command, Command::Graph),
    };
    if !fits {
        return Err(Failure::with_help(
            "this command does not write that format",
            "--format human or json; env goes with `output`, dot and mermaid go with `graph`",
        ));
    }
    // clap does not see it where one stands before the command and the other after it
    if global.sandbox && global.endpoint_url.is_some() {
        return Err(Failure::with_help(
            "--sandbox has an endpoint of its own, and --endpoint-url cannot be used with it",
            "leave one of them out (CRUDDUR_INFRA_SANDBOX and CRUDDUR_INFRA_ENDPOINT_URL are the same)",
        ));
    }
    match &cli.command {
        Command::Init => show::init(global, output),
        Command::Validate => show::validate(global, output).await,
        Command::Plan(args) => show::plan_command(global, args, output).await,
        Command::Apply(args) => run::apply(global, args, output).await,
        Command::Destroy(args) => run::destroy(global, args, output).await,
        Command::RefreshIp(args) => refresh::refresh_ip(global, args, output).await,
        Command::Stop(args) => power::stop(global, args, output).await,
        Command::Start(args) => power::start(global, args, output).await,
        Command::Status(args) => show::status(global, args, output).await,
        Command::Output(args) => show::outputs(global, args, output).await,
        Command::Db(args) => db::db(global, args, output).await,
        Command::Verify(args) => verify::verify(global, args, output).await,
        Command::Logs(args) => logs::logs(global, args, output).await,
        Command::Lock { command } => lock::lock(global, command, output).await,
        Command::Graph => show::graph(global, output),
        Command::Schema => show::schema(output),
        Command::Sandbox { command } => sandbox::sandbox(global, command, output).await,
        Command::Completions { shell } => {
            let mut text = Vec::new();
            clap_complete::generate(*shell, &mut Cli::command(), "cruddur-infra", &mut text);
            output.result(&String::from_utf8_lossy(&text))?;
            Ok(code::DONE)
        }
    }
}

/// The log of the libraries, on stderr. Bodies of calls hold passwords, and are never logged: the SDK's own debug
/// level stays off whatever is asked for.
fn log(verbose: u8) {
    use tracing_subscriber::EnvFilter;
    let filter = match verbose {
        0 => "error,cruddur_infra=warn",
        1 => "warn,cruddur_infra=info",
        _ => {
            "info,cruddur_infra=debug,aws_smithy_runtime=warn,aws_smithy_http_client=info,hyper=info,tokio_postgres=info"
        }
    };
    let _ = tracing_subscriber::fmt()
        .with_writer(std::io::stderr)
        .with_env_filter(EnvFilter::new(filter))
        .without_time()
        .try_init();
}
