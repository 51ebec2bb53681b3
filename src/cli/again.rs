//! A command as it is to be typed again to go on.

use super::args::{Dial, Locking};
use super::output::shell_word;
use crate::model::PlanOptions;

/// The options that decide how it is done, to be typed again as well.
pub(super) fn manner(locking: &Locking, dial: Option<&Dial>) -> String {
    let mut text = match (locking.no_lock, locking.lock) {
        (true, _) => " --no-lock".to_owned(),
        (false, true) => " --lock".to_owned(),
        _ => String::new(),
    };
    if let Some(dial) = dial {
        text.push_str(&dialled(dial));
    }
    text
}

/// The options without which a database may not be reached.
pub(super) fn dialled(dial: &Dial) -> String {
    let mut text = String::new();
    if let Some(to) = &dial.connect_to {
        text.push_str(&format!(" --connect-to {}", shell_word(to)));
    }
    if let Some(file) = &dial.ca_bundle {
        let file = file.display().to_string();
        text.push_str(&format!(" --ca-bundle {}", shell_word(&file)));
    }
    text
}

/// The command with the options that decide what it does, so that it can be typed again to go on.
pub(super) fn typed(command: &str, options: &PlanOptions) -> String {
    let mut text = command.to_owned();
    for (option, addrs) in [
        ("--only", &options.only),
        ("--adopt", &options.adopt),
        ("--allow-replace", &options.allow_replace),
    ] {
        for addr in addrs {
            text.push_str(&format!(" {option} {addr}"));
        }
    }
    if options.prune {
        text.push_str(" --prune");
    }
    if options.skip_final_snapshot {
        text.push_str(" --skip-final-snapshot");
    }
    for addr in &options.allow_data_loss {
        text.push_str(&format!(" --allow-data-loss {addr}"));
    }
    if options.wait {
        text.push_str(" --wait");
    }
    if let Some(name) = &options.final_snapshot {
        text.push_str(&format!(" --final-snapshot {name}"));
    }
    text
}
