//! What Lambda itself writes into a function's log, and what tells that a request failed.

/// A line by what it means.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Line<'a> {
    /// `INIT_START …`: an environment comes up for the request that follows.
    Init,
    /// `START RequestId: … Version: …`: the id, and the version unless it is the only one.
    Start(&'a str, Option<&'a str>),
    /// `END RequestId: …`
    End(&'a str),
    /// `REPORT RequestId: …`
    Report(&'a str, Report<'a>),
    /// What the function printed.
    Printed,
}

/// What a request took.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(super) struct Report<'a> {
    duration: Option<&'a str>,
    size: Option<&'a str>,
    used: Option<&'a str>,
    init: Option<&'a str>,
    status: Option<&'a str>,
    error: Option<&'a str>,
}

const ID: &str = " RequestId: ";

impl<'a> Line<'a> {
    /// Reads a line.
    pub(super) fn of(message: &'a str) -> Self {
        if message.starts_with("INIT_START ") {
            return Line::Init;
        }
        let Some((word, rest)) = message.split_once(ID) else {
            return Line::Printed;
        };
        let end = rest.find(char::is_whitespace).unwrap_or(rest.len());
        let (id, rest) = rest.split_at(end);
        match word {
            _ if !is_id(id) => Line::Printed,
            "START" => {
                let version = rest.trim().strip_prefix("Version: ");
                Line::Start(id, version.filter(|v| *v != "$LATEST"))
            }
            "END" => Line::End(id),
            "REPORT" => Line::Report(id, Report::of(rest)),
            _ => Line::Printed,
        }
    }

    /// Tells whether a line with this text says that its request failed.
    pub(super) fn fails(&self, message: &str) -> bool {
        match self {
            Line::Report(_, report) => report.failed(),
            Line::Printed => says_failure(message),
            _ => false,
        }
    }
}

/// Ids are UUIDs: a function may print the word START as well.
fn is_id(text: &str) -> bool {
    text.len() == 36 && text.chars().all(|c| c.is_ascii_hexdigit() || c == '-')
}

/// The word ERROR on its own, an exception, a traceback, a timeout, or an end of the process.
fn says_failure(message: &str) -> bool {
    const SAID: [&str; 5] = [
        "Exception",
        "Traceback (most recent call last)",
        "Task timed out after",
        "Runtime exited",
        "Process exited before completing request",
    ];
    let word = |c: char| c.is_alphanumeric() || c == '_';
    let alone = message.match_indices("ERROR").any(|(at, text)| {
        let before = message[..at].chars().next_back();
        let after = message[at + text.len()..].chars().next();
        !before.is_some_and(word) && !after.is_some_and(word)
    });
    alone || SAID.iter().any(|said| message.contains(said))
}

impl<'a> Report<'a> {
    /// Reads `Name: value` between tabs; what is not known is left out.
    fn of(text: &'a str) -> Self {
        let mut report = Report::default();
        for part in text.split('\t') {
            let Some((name, value)) = part.trim().split_once(": ") else {
                continue;
            };
            let value = Some(value.trim());
            match name {
                "Duration" => report.duration = value,
                "Memory Size" => report.size = value,
                "Max Memory Used" => report.used = value,
                "Init Duration" => report.init = value,
                "Status" => report.status = value,
                "Error Type" => report.error = value,
                _ => {}
            }
        }
        report
    }

    fn failed(&self) -> bool {
        self.status.is_some_and(|status| status != "success")
    }

    /// Writes it in one line; `None` where it does not say how long the request took.
    pub(super) fn text(&self) -> Option<String> {
        let mut text = format!("REPORT {}", self.duration?);
        match (self.used, self.size) {
            (Some(used), Some(size)) => {
                let used = used.strip_suffix(" MB").unwrap_or(used);
                text.push_str(&format!(", {used} of {size}"));
            }
            (used, size) => {
                for value in [used, size].into_iter().flatten() {
                    text.push_str(&format!(", {value}"));
                }
            }
        }
        if let Some(init) = self.init {
            text.push_str(&format!(", init {init}"));
        }
        for word in [self.status, self.error].into_iter().flatten() {
            text.push_str(&format!(", {word}"));
        }
        Some(text)
    }
}
