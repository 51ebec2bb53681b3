//! Where results, progress and failures go: results to stdout, the rest to stderr.

use super::args::{Color, Format, Global};
use super::failure::{Failure, code};
use crate::model::{Diagnostic, Event, Fault, Residue, RunSummary, Stamped};
use crate::render::{self, HumanView, Invoked, JsonView, Record, Style, View};
use std::borrow::Cow;
use std::io::{IsTerminal, Write};
use tokio::sync::mpsc::{UnboundedReceiver, UnboundedSender, unbounded_channel};

/// How this command writes.
#[derive(Clone, Debug)]
pub struct Output {
    /// As JSON.
    pub json: bool,
    /// Say only what is wrong.
    pub quiet: bool,
    /// Say more.
    pub verbose: bool,
    /// How stdout looks.
    pub out: Style,
    /// How stderr looks.
    pub err: Style,
    live: bool,
    program: String,
}

impl Output {
    /// Decides it from the options and what the streams are.
    pub fn new(global: &Global) -> Self {
        let style = |terminal: bool| Style {
            color: match global.color {
                Color::Always => true,
                Color::Never => false,
                Color::Auto => {
                    terminal
                        && std::env::var_os("NO_COLOR").is_none_or(|v| v.is_empty())
                        && std::env::var("TERM").as_deref() != Ok("dumb")
                }
            },
            unicode: utf8(),
            width: width(),
            invoked: global.invoked,
        };
        let err = std::io::stderr().is_terminal();
        Output {
            json: global.format == Format::Json,
            quiet: global.quiet,
            verbose: global.verbose > 0,
            out: style(std::io::stdout().is_terminal()),
            err: style(err),
            live: err && std::env::var("TERM").as_deref() != Ok("dumb"),
            program: program(global),
        }
    }

    /// The same without notes and progress.
    pub fn quietly(&self) -> Self {
        Output {
            quiet: true,
            json: false,
            live: false,
            ..self.clone()
        }
    }

    /// Returns the program with its global options, so that advice can be typed as it stands.
    pub fn program(&self) -> String {
        self.program.clone()
    }

    /// Writes a result.
    ///
    /// # Errors
    /// Where it cannot be written. A reader who has read enough (`| head`) is none.
    pub fn result(&self, text: &str) -> std::io::Result<()> {
        self.more(text).map(|_| ())
    }

    /// Writes a part of a result that goes on. False where the reader has read enough: there is no use in going on.
    ///
    /// # Errors
    /// Where it cannot be written.
    pub fn more(&self, text: &str) -> std::io::Result<bool> {
        match line(&mut std::io::stdout().lock(), text) {
            Err(e) if e.kind() == std::io::ErrorKind::BrokenPipe => Ok(false),
            other => other.map(|()| true),
        }
    }

    /// Writes a note for people. It may hold names from a database or from AWS, and what in them would command the
    /// terminal is shown instead.
    pub fn note(&self, text: &str) {
        self.page(&render::harmless(&self.typed(text)));
    }

    /// Returns a text with its commands as they are to be typed.
    fn typed<'a>(&self, text: &'a str) -> Cow<'a, str> {
        match self.err.invoked {
            Some(invoked) => invoked.typed(text),
            None => Cow::Borrowed(text),
        }
    }

    /// Writes what was rendered for people, colours included.
    pub fn page(&self, text: &str) {
        if !self.quiet && !self.json {
            let _ = line(&mut std::io::stderr().lock(), text);
        }
    }

    /// Tells what the user should know, where nothing else tells it. It is something wrong: those who want to hear of
    /// nothing else do hear it.
    pub fn warn(&self, diagnostic: &Diagnostic) {
        if self.json {
            let mut warning =
                serde_json::json!({"event": "warning", "message": diagnostic.summary});
            for (name, text) in [
                ("detail", Some(&diagnostic.detail).filter(|d| !d.is_empty())),
                ("help", diagnostic.help.as_ref()),
            ] {
                if let Some(text) = text {
                    warning[name] = text.as_str().into();
                }
            }
            if let Some(addr) = &diagnostic.addr {
                warning["address"] = addr.to_string().into();
            }
            let _ = self.result(&warning.to_string());
        } else {
            let found = std::slice::from_ref(diagnostic);
            self.stderr(&render::diagnostics_human(
                found,
                &Default::default(),
                &self.err,
            ));
        }
    }

    /// Opens the channel of a run's events and the view that shows them.
    pub fn view(&self) -> (UnboundedSender<Stamped>, Watching) {
        let (to, from) = unbounded_channel();
        let view: Box<dyn View> = if self.json {
            Box::new(JsonView::new(Box::new(std::io::stdout())))
        } else {
            Box::new(HumanView::new(
                Box::new(std::io::stderr()),
                self.err,
                self.live,
            ))
        };
        let watching = Watching {
            from,
            view,
            quiet: self.quiet && !self.json,
            record: Record::default(),
        };
        (to, watching)
    }

    /// Says why a command failed, and returns the exit code.
    pub fn failure(&self, failure: &Failure) -> u8 {
        match failure {
            Failure::Diagnostics { found, sources } => {
                if self.json {
                    // in one line: among events each is one
                    let all = serde_json::json!({"event": "error", "diagnostics": found});
                    let _ = self.result(&all.to_string());
                } else {
                    self.stderr(&render::diagnostics_human(found, sources, &self.err));
                }
            }
            Failure::Faults(faults) => {
                for (addr, fault) in faults {
                    self.fault(addr.as_ref(), fault);
                }
            }
            Failure::Message { summary, help } => {
                if self.json {
                    let mut error = serde_json::json!({"event": "error", "message": summary});
                    if let Some(help) = help {
                        error["help"] = help.as_str().into();
                    }
                    let _ = self.result(&error.to_string());
                } else {
                    let mut text = format!("error: {summary}");
                    if let Some(help) = help {
                        text.push_str(&format!("\n  help: {help}"));
                    }
                    self.stderr(&render::harmless(&self.typed(&text)));
                }
            }
            Failure::Interrupted => {
                if self.json {
                    let error = serde_json::json!({"event": "error", "message": "interrupted"});
                    let _ = self.result(&error.to_string());
                } else {
                    self.stderr("interrupted");
                }
                return code::INTERRUPTED;
            }
        }
        code::ERROR
    }

    fn fault(&self, addr: Option<&crate::model::Addr>, fault: &Fault) {
        if self.json {
            let event = serde_json::json!({"event": "failed", "address": addr, "fault": fault});
            let _ = self.result(&event.to_string());
        } else {
            self.stderr(&render::fault_human(addr, fault, &self.err));
        }
    }

    fn stderr(&self, text: &str) {
        let _ = line(&mut std::io::stderr().lock(), text);
    }
}

fn line(to: &mut dyn Write, text: &str) -> std::io::Result<()> {
    to.write_all(text.as_bytes())?;
    if !text.ends_with('\n') {
        to.write_all(b"\n")?;
    }
    to.flush()
}

/// Says how the program was begun. There is one for a process, and it lasts as long.
pub fn invoked(global: &Global) -> &'static Invoked {
    let word = |value: &Option<String>| value.as_deref().map(shell_word);
    let (profile, endpoint) = (word(&global.profile), word(&global.endpoint_url));
    let invoked = Invoked::new(&program(global), profile.as_deref(), endpoint.as_deref());
    if let Some(region) = &global.region {
        invoked.in_region(&shell_word(region));
    }
    Box::leak(Box::new(invoked))
}

fn program(global: &Global) -> String {
    let mut text = "cruddur-infra".to_owned();
    if global.sandbox {
        text.push_str(" --sandbox");
    }
    let file = global.file.display().to_string();
    if file != "stack.yaml" {
        text.push_str(&format!(" -f {}", shell_word(&file)));
    }
    for (option, value) in [
        ("--profile", &global.profile),
        ("--region", &global.region),
        ("--endpoint-url", &global.endpoint_url),
    ] {
        if let Some(value) = value {
            text.push_str(&format!(" {option} {}", shell_word(value)));
        }
    }
    text
}

/// Quotes a word for a shell, where it needs that.
pub fn shell_word(word: &str) -> String {
    let plain = |c: char| c.is_ascii_alphanumeric() || "-_./:=@%+,".contains(c);
    match !word.is_empty() && word.chars().all(plain) {
        true => word.to_owned(),
        false => render::quoted(word),
    }
}

fn utf8() -> bool {
    ["LC_ALL", "LC_CTYPE", "LANG"]
        .iter()
        .find_map(|name| std::env::var(name).ok().filter(|v| !v.is_empty()))
        .is_none_or(|v| {
            let v = v.to_ascii_lowercase();
            v.contains("utf-8") || v.contains("utf8")
        })
}

fn width() -> usize {
    std::env::var("COLUMNS")
        .ok()
        .and_then(|c| c.parse().ok())
        .unwrap_or(100)
        .clamp(40, 200)
}

/// The view of a run, fed until the channel closes.
pub struct Watching {
    from: UnboundedReceiver<Stamped>,
    view: Box<dyn View>,
    quiet: bool,
    record: Record,
}

impl Watching {
    /// Shows events until nobody sends any more; returns what the last words need of them. `before_end` is done before the
    /// last is shown: after it nothing more is told.
    pub async fn until_done(mut self, before_end: impl Future<Output = ()>) -> Record {
        let mut last = None;
        while let Some(event) = self.from.recv().await {
            self.record.note(&event);
            match event.event {
                Event::Finished { .. } => last = Some(event),
                _ if !self.quiet => self.view.event(&event),
                _ => {}
            }
        }
        before_end.await;
        if let Some(last) = last.filter(|_| !self.quiet) {
            self.view.event(&last);
        }
        if let Some(why) = self.view.unwritten() {
            let _ = line(
                &mut std::io::stderr().lock(),
                &format!("error: events could not be written: {why}"),
            );
            self.record.unwritten = true;
        }
        self.view.done();
        self.record
    }
}

/// Returns the exit code of a run. What a failed step has changed, or may have changed, is a part that is done: only where
/// nothing was changed at all has the run merely failed.
pub fn exit_code(summary: &RunSummary, record: &Record) -> u8 {
    let changed = |addr: &crate::model::Addr| {
        record
            .fault(addr)
            .is_some_and(|f| f.residue != Residue::Nothing)
    };
    if summary.interrupted {
        code::INTERRUPTED
    } else if summary.complete() {
        match record.unwritten {
            true => code::PARTLY,
            false => code::DONE,
        }
    } else if summary.done.iter().all(|addr| record.forgotten(addr))
        && summary.accepted.is_empty()
        && !summary.failed.iter().any(changed)
    {
        code::ERROR
    } else {
        code::PARTLY
    }
}
