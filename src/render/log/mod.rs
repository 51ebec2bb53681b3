//! A function's log: a fold over its events, in the order in which they are listed.
//!
//! Which request a line belongs to is not written on it. An environment serves one request after another and has a
//! stream of its own, so that everything from one START to the next in a stream is one request's, also what comes
//! after its REPORT.

mod line;
#[cfg(test)]
mod tests;

use super::mask::Mask;
use super::page::{Page, clean};
use super::style::{Style, Tone};
use crate::model::LogEvent;
use line::Line;
use serde_json::json;
use std::collections::BTreeMap;

/// So many environments are remembered: as many as run at once in an account that was not given more.
const STREAMS: usize = 1000;

/// So much of an id is enough to tell requests apart.
const SHORT: usize = 8;

/// How a log is shown.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum LogForm {
    /// A line for each event: the time in UTC, the beginning of the request's id, the text.
    Human,
    /// A JSON object a line, with the whole text and the whole id.
    Json,
}

/// Shows the events of a function's log. Secrets in them are masked, and what would command a terminal is made visible.
#[derive(Debug)]
pub struct LogView {
    style: Style,
    form: LogForm,
    /// Only requests that failed, each with all of its lines.
    only_failed: bool,
    mask: Mask,
    streams: BTreeMap<String, Open>,
}

/// The request that a stream is at.
#[derive(Debug, Default)]
struct Open {
    id: Option<String>,
    /// An environment comes up; the request is still to be named.
    coming_up: bool,
    failed: bool,
    /// What was not shown, because it is not known yet whether the request fails.
    held: Vec<LogEvent>,
    last: i64,
}

impl LogView {
    /// Makes a view that has seen nothing.
    pub fn new(style: Style, form: LogForm, only_failed: bool, mask: Mask) -> Self {
        LogView {
            style,
            form,
            only_failed,
            mask,
            streams: BTreeMap::new(),
        }
    }

    /// Takes in one event, and returns what is to be written: nothing, or whole lines. With `only_failed` a request's
    /// lines are held back until one of them says that it failed.
    pub fn event(&mut self, event: &LogEvent) -> String {
        let line = Line::of(&event.message);
        let mut open = self.streams.remove(&event.stream).unwrap_or_default();
        match line {
            Line::Init => {
                open = Open {
                    coming_up: true,
                    ..Open::default()
                }
            }
            Line::Start(id, _) if open.coming_up => {
                open.id = Some(id.to_owned());
                open.coming_up = false;
            }
            Line::Start(id, _) => {
                open = Open {
                    id: Some(id.to_owned()),
                    ..Open::default()
                }
            }
            // the log may begin in the middle of a request
            Line::End(id) | Line::Report(id, _) => open.id = Some(id.to_owned()),
            Line::Printed => {}
        }
        open.failed |= line.fails(&event.message);
        open.last = event.at;
        let text = if !self.only_failed {
            self.write(event, open.id.as_deref())
        } else if open.failed {
            let mut text = String::new();
            for held in std::mem::take(&mut open.held) {
                text.push_str(&self.write(&held, open.id.as_deref()));
            }
            text + &self.write(event, open.id.as_deref())
        } else {
            open.held.push(event.clone());
            String::new()
        };
        if self.streams.len() >= STREAMS {
            let oldest = self.streams.iter().min_by_key(|(_, open)| open.last);
            if let Some(name) = oldest.map(|(name, _)| name.clone()) {
                self.streams.remove(&name);
            }
        }
        self.streams.insert(event.stream.clone(), open);
        text
    }

    fn write(&self, event: &LogEvent, id: Option<&str>) -> String {
        match self.form {
            LogForm::Human => self.human(event, id),
            LogForm::Json => {
                let text = json!({
                    "time": time(event.at),
                    "timestamp": event.at,
                    "request_id": id,
                    "stream": event.stream,
                    "id": event.id,
                    "message": self.mask.hide(&event.message),
                });
                format!("{text}\n")
            }
        }
    }

    fn human(&self, event: &LogEvent, id: Option<&str>) -> String {
        let line = Line::of(&event.message);
        let (tone, text) = match &line {
            // the report says so too, right after it
            Line::End(_) => return String::new(),
            Line::Start(_, None) => (Tone::Faint, "START".to_owned()),
            Line::Start(_, Some(version)) => (Tone::Faint, format!("START version {version}")),
            Line::Report(_, report) => {
                let text = report.text().unwrap_or_else(|| event.message.clone());
                let failed = line.fails(&event.message);
                (if failed { Tone::Error } else { Tone::Faint }, text)
            }
            Line::Init => (Tone::Faint, event.message.clone()),
            Line::Printed if line.fails(&event.message) => (Tone::Error, event.message.clone()),
            Line::Printed => (Tone::Plain, event.message.clone()),
        };
        let id: String = id.unwrap_or("-").chars().take(SHORT).collect();
        let lead = format!("{}  {id:SHORT$}  ", time(event.at));
        // masked before anything is done to it: a secret may hold what is made visible below
        let text = self.mask.hide(&text);
        // the runtime writes the lines of a traceback into one event, with another line end between them
        let text = text.replace("\r\n", "\n").replace('\r', "\n");
        let mut page = Page::new(&self.style);
        for (at, part) in clean(&text).split('\n').enumerate() {
            let lead = match at {
                0 => self.style.paint(Tone::Faint, &lead),
                _ => " ".repeat(lead.len()),
            };
            page.line(&format!("{lead}{}", self.style.paint(tone, part)));
        }
        page.finish()
    }
}

/// The moment in UTC, as the function's own lines and AWS's console have it.
fn time(at: i64) -> String {
    jiff::Timestamp::from_millisecond(at)
        .unwrap_or_default()
        .strftime("%Y-%m-%dT%H:%M:%S.%3fZ")
        .to_string()
}
