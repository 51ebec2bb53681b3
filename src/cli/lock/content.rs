//! What the lock says: who holds it, since when, and for what.

use crate::model::Fault;
use crate::render;
use jiff::Timestamp;
use serde::{Deserialize, Serialize};

/// The version of the lock's text. Within one version fields are only added.
const VERSION: u32 = 1;

/// The text of a lock.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Content {
    /// [`VERSION`].
    pub version: u32,
    /// Who holds it.
    pub owner: String,
    /// Where that runs.
    pub workspace: String,
    /// The process there.
    pub process: u32,
    /// Since when, in RFC 3339.
    pub since: String,
    /// What it is held for, `apply`.
    pub command: String,
    /// The run's nonce: by this alone a run knows its own lock.
    pub run: String,
}

/// A lock as it was found.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Found {
    /// The text as it is: what is broken must still be this one.
    pub text: String,
    /// What it says; nothing where this program has not written it.
    pub content: Option<Content>,
}

impl Content {
    /// Makes the text for a run that begins now.
    pub fn new(owner: &str, workspace: &str, command: &str, run: &str, now: Timestamp) -> Self {
        Content {
            version: VERSION,
            owner: owner.to_owned(),
            workspace: workspace.to_owned(),
            process: std::process::id(),
            since: format!("{now:.0}"),
            command: command.to_owned(),
            run: run.to_owned(),
        }
    }

    /// Says who holds it.
    pub fn holder(&self) -> String {
        format!("{}@{}", self.owner, self.workspace)
    }
}

impl Found {
    /// Reads a lock's text.
    pub fn read(text: String) -> Self {
        let content = serde_json::from_str(&text).ok();
        Found { text, content }
    }

    /// Tells whether it is this run's.
    pub fn is_of(&self, run: &str) -> bool {
        self.content.as_ref().is_some_and(|c| c.run == run)
    }

    /// Says who holds it, since when and for what. `alive` tells whether a process of a place runs, where that can be
    /// told.
    pub fn told(&self, now: Timestamp, alive: impl Fn(&Content) -> Option<bool>) -> String {
        let Some(content) = &self.content else {
            return "locked by something that cruddur-infra did not write".to_owned();
        };
        let age = content
            .since
            .parse::<Timestamp>()
            .map(|since| format!(" ({} ago)", age(now.as_second() - since.as_second())))
            .unwrap_or_default();
        let ended = match alive(content) {
            Some(false) => {
                "; that run has ended without giving it back: it was killed, or could not reach AWS"
            }
            _ => "",
        };
        // anybody may have written it
        render::harmless(&format!(
            "locked by {} since {}{age}, for `{}`{ended}",
            content.holder(),
            content.since,
            content.command
        ))
        .replace('\n', " ")
    }
}

/// Tells whether the holder's process runs; nothing where it is not on this machine, or that cannot be told.
pub fn alive(content: &Content, here: (&str, &str)) -> Option<bool> {
    if (content.owner.as_str(), content.workspace.as_str()) != here {
        return None;
    }
    running(content.process)
}

#[cfg(unix)]
fn running(process: u32) -> Option<bool> {
    use rustix::process::{Pid, test_kill_process};
    let pid = Pid::from_raw(i32::try_from(process).ok()?)?;
    match test_kill_process(pid) {
        Ok(()) => Some(true),
        Err(rustix::io::Errno::SRCH) => Some(false),
        // somebody else's process has that number now, or it may not be asked
        Err(_) => None,
    }
}

#[cfg(not(unix))]
fn running(_: u32) -> Option<bool> {
    None
}

/// A length of time in one word or two, for people.
fn age(seconds: i64) -> String {
    match seconds.max(0) {
        s @ 0..=119 => format!("{s} s"),
        s @ 120..=7199 => format!("{} min", s / 60),
        s @ 7200..=172_799 => format!("{} h", s / 3600),
        s => format!("{} days", s / 86400),
    }
}

/// Adds what helps to a fault of a call that is about the lock.
pub fn about_lock(fault: Fault, program: &str) -> Fault {
    let lock =
        format!("`{program} lock status` tells who holds the lock; --no-lock goes without it");
    let help = match &fault.help {
        Some(help) => format!("{help}\n{lock}"),
        None => lock,
    };
    fault.help(help)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn content(process: u32) -> Content {
        Content {
            process,
            ..Content::new(
                "ana",
                "laptop",
                "apply",
                "0123456789ab",
                "2026-11-27T10:00:00Z".parse().unwrap(),
            )
        }
    }

    #[test]
    fn a_lock_says_who_holds_it_and_since_when() {
        let text = serde_json::to_string(&content(7)).unwrap();
        let found = Found::read(text);
        assert!(found.is_of("0123456789ab") && !found.is_of("") && !found.is_of("ba9876543210"));
        let now = "2026-11-27T10:03:00Z".parse().unwrap();
        assert_eq!(
            found.told(now, |_| None),
            "locked by ana@laptop since 2026-11-27T10:00:00Z (3 min ago), for `apply`"
        );
        assert!(found.told(now, |_| Some(true)).ends_with("for `apply`"));
        let dead = found.told(now, |_| Some(false));
        assert!(dead.contains("has ended without giving it back"), "{dead}");
    }

    #[test]
    fn what_was_written_by_hand_is_a_lock_too_and_nobodys() {
        for text in ["", "held by ana", "{\"run\": \"0123456789ab\"}", "null"] {
            let found = Found::read(text.to_owned());
            assert!(!found.is_of("0123456789ab"), "{text}");
            let told = found.told(Timestamp::UNIX_EPOCH, |_| panic!("nobody's process"));
            assert!(told.starts_with("locked by something"), "{told}");
        }
    }

    #[test]
    fn whoever_wrote_it_does_not_command_the_terminal() {
        let mut content = content(7);
        content.owner = "a\u{1b}[31mb".to_owned();
        content.workspace = "w\nx".to_owned();
        let found = Found::read(serde_json::to_string(&content).unwrap());
        let told = found.told(Timestamp::UNIX_EPOCH, |_| None);
        assert!(
            told.starts_with("locked by a\\u{1b}[31mb@w x since"),
            "{told}"
        );
    }

    #[test]
    fn ages_are_told_in_a_word() {
        for (seconds, told) in [
            (-5, "0 s"),
            (119, "119 s"),
            (120, "2 min"),
            (7200, "2 h"),
            (172_800, "2 days"),
        ] {
            assert_eq!(age(seconds), told);
        }
    }

    #[cfg(unix)]
    #[test]
    fn a_process_is_asked_only_where_it_would_be() {
        let here = ("ana", "laptop");
        let mine = content(std::process::id());
        assert_eq!(alive(&mine, here), Some(true));
        assert_eq!(alive(&mine, ("ana", "desktop")), None);
        assert_eq!(alive(&mine, ("ben", "laptop")), None);
        let mut ended = std::process::Command::new("true").spawn().unwrap();
        let id = ended.id();
        ended.wait().unwrap();
        assert_eq!(alive(&content(id), here), Some(false));
    }
}
