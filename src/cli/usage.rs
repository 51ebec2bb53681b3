//! Wrong usage: what clap says of it, for people as it is, and for programs as the object that every error is.

use super::failure::code;
use clap::error::ErrorKind;
use std::ffi::OsString;

/// Tells what is wrong with the arguments, or the help that was asked for, and returns the exit code.
pub fn tell(error: &clap::Error) -> u8 {
    if !error.use_stderr() {
        // help and version are no errors
        let _ = error.print();
        return code::DONE;
    }
    let variable = std::env::var("CRUDDUR_INFRA_FORMAT").ok();
    if json_is_asked_for(std::env::args_os(), variable.as_deref()) {
        let text = format!("{}\n", object(error));
        let _ = std::io::Write::write_all(&mut std::io::stdout().lock(), text.as_bytes());
    } else {
        let _ = error.print();
    }
    code::ERROR
}

/// Tells whether errors are to be objects. The arguments could not be read as a whole, so that they are looked through:
/// the option counts wherever it is, and the last one where there are several.
fn json_is_asked_for(
    arguments: impl IntoIterator<Item = OsString>,
    variable: Option<&str>,
) -> bool {
    let mut format = variable.map(str::to_owned);
    let mut arguments = arguments
        .into_iter()
        .map(|a| a.to_string_lossy().into_owned());
    while let Some(argument) = arguments.next() {
        match argument.as_str() {
            "--" => break,
            "--format" => format = arguments.next().or(format),
            other => {
                if let Some(value) = other.strip_prefix("--format=") {
                    format = Some(value.to_owned());
                }
            }
        }
    }
    format.as_deref() == Some("json")
}

/// The error as an object: its first paragraph is the message, what follows helps.
fn object(error: &clap::Error) -> serde_json::Value {
    if error.kind() == ErrorKind::DisplayHelpOnMissingArgumentOrSubcommand {
        return serde_json::json!({
            "event": "error",
            "message": "a command is missing",
            "help": "`cruddur-infra --help` lists the commands",
        });
    }
    let text = error.render().to_string();
    let (first, rest) = text.trim().split_once("\n\n").unwrap_or((text.trim(), ""));
    let flat = |text: &str| text.split_whitespace().collect::<Vec<_>>().join(" ");
    let message = flat(first.trim_start_matches("error:"));
    let mut object = serde_json::json!({"event": "error", "message": message});
    let help = rest.split("\n\n").map(flat).filter(|p| !p.is_empty());
    let help: Vec<String> = help.collect();
    if !help.is_empty() {
        object["help"] = help.join("; ").into();
    }
    object
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::cli::args::Cli;
    use clap::Parser;

    fn asked(arguments: &[&str], variable: Option<&str>) -> bool {
        json_is_asked_for(arguments.iter().map(OsString::from), variable)
    }

    #[test]
    fn json_is_asked_for_by_the_option_or_the_variable() {
        assert!(asked(&["x", "--format", "json", "plan", "--bogus"], None));
        assert!(asked(&["x", "plan", "--format=json"], None));
        assert!(asked(&["x", "plan"], Some("json")));
        assert!(!asked(&["x", "plan", "--format", "human"], Some("json")));
        assert!(asked(
            &["x", "--format=human", "plan", "--format", "json"],
            None
        ));
        assert!(!asked(&["x", "plan"], None));
        assert!(!asked(&["x", "plan", "--", "--format=json"], None));
        // nothing follows: what the variable says stays
        assert!(asked(&["x", "plan", "--format"], Some("json")));
    }

    #[test]
    fn an_object_says_what_is_wrong_and_what_to_write() {
        let told = |arguments: &[&str]| object(&Cli::try_parse_from(arguments).unwrap_err());
        let bogus = told(&["cruddur-infra", "plan", "--prun"]);
        assert_eq!(bogus["event"], "error");
        assert_eq!(bogus["message"], "unexpected argument '--prun' found");
        let help = bogus["help"].as_str().unwrap();
        assert!(
            help.contains("'--prune'") && help.contains("Usage: "),
            "{help}"
        );
        assert!(!help.contains('\n'), "{help}");
        let value = told(&["cruddur-infra", "--format", "jsn", "plan"]);
        let message = value["message"].as_str().unwrap();
        assert!(
            message.starts_with("invalid value 'jsn' for '--format"),
            "{message}"
        );
        assert_eq!(told(&["cruddur-infra"])["message"], "a command is missing");
    }
}
