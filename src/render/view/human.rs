//! Events for people: one line when something changes, and on a terminal one moving line a running step.

use super::View;
use super::live::Live;
use crate::model::{Action, Addr, Event, Fault, KeptCopy, Power, Stamped};
use crate::render::page::clean;
use crate::render::style::{Style, Tone};
use crate::render::{duration, fault, rough_duration, size, words};
use std::collections::BTreeMap;
use std::io::Write;

/// How often an unchanged status is told again where nothing moves on the screen, in seconds of the step.
const AGAIN: f64 = 30.0;

/// Shows a run to a person.
pub struct HumanView {
    style: Style,
    sink: Sink,
    running: BTreeMap<Addr, Step>,
    steps: usize,
    over: usize,
}

/// Where lines go.
enum Sink {
    Plain(Box<dyn Write + Send>),
    Live(Live),
}

struct Step {
    /// `creating`, `stopping`.
    doing: &'static str,
    /// The last status that was told, and when.
    told: Option<(String, f64)>,
}

impl HumanView {
    /// Makes a view that writes to `out`, usually stderr. `live` says that `out` is a terminal whose lines may be
    /// rewritten.
    pub fn new(out: Box<dyn Write + Send>, style: Style, live: bool) -> Self {
        let sink = if live {
            Sink::Live(Live::new(out, style))
        } else {
            Sink::Plain(out)
        };
        HumanView {
            style,
            sink,
            running: BTreeMap::new(),
            steps: 0,
            over: 0,
        }
    }

    fn line(&mut self, tone: Tone, sign: &str, text: &str) {
        let line = format!(
            "{} {}",
            self.style.paint(tone, sign),
            text.replace('\n', " ")
        );
        match &mut self.sink {
            // a terminal that went away must not stop a half-done run
            Sink::Plain(out) => {
                let _ = writeln!(out, "{line}").and_then(|()| out.flush());
            }
            Sink::Live(live) => live.line(&line),
        }
    }

    /// Ends a step: its moving line goes, and it is counted.
    fn end(&mut self, addr: &Addr) -> String {
        self.running.remove(addr);
        if let Sink::Live(live) = &mut self.sink {
            live.end(addr);
        }
        self.over += 1;
        if self.steps == 0 {
            return String::new();
        }
        format!(" ({} of {})", self.over, self.steps)
    }

    fn started(&mut self, addr: &Addr, action: Action, power: Option<Power>) {
        let doing = words::doing(action, power);
        let step = Step { doing, told: None };
        self.running.insert(addr.clone(), step);
        match &mut self.sink {
            Sink::Live(live) => live.start(addr, doing),
            Sink::Plain(_) => {
                let sign = words::sign(action, &self.style);
                self.line(words::tone(action), sign, &format!("{addr}: {doing}"));
            }
        }
    }

    fn waiting(&mut self, addr: &Addr, status: &str, seconds: f64, limit: f64) {
        let status = clean(status);
        if let Sink::Live(live) = &mut self.sink {
            let doing = self.running.get(addr).map_or("", |s| s.doing);
            live.wait(addr, &phrase(doing, &status), seconds, limit);
        } else if self.news(addr, &status, seconds) {
            let times = format!("{}, up to {}", duration(seconds), rough_duration(limit));
            let dots = self.style.dots();
            self.line(Tone::Wait, dots, &format!("{addr}: {status} ({times})"));
        }
    }

    fn retrying(&mut self, addr: &Addr, fault: &Fault, seconds: f64) {
        let text = format!("{}; trying again", fault::brief(fault));
        if let Sink::Live(live) = &mut self.sink {
            live.retry(addr, &text, seconds);
        } else if self.news(addr, &text, seconds) {
            let took = duration(seconds);
            self.line(Tone::Warning, "!", &format!("{addr}: {text} ({took})"));
        }
    }

    /// Tells whether a status is worth a line: it is another one, or the last line is long ago.
    fn news(&mut self, addr: &Addr, status: &str, seconds: f64) -> bool {
        let Some(step) = self.running.get_mut(addr) else {
            return true;
        };
        let news = match &step.told {
            // a step that waits a second time counts from the beginning again
            Some((last, at)) => last != status || (seconds - at).abs() >= AGAIN,
            None => true,
        };
        if news {
            step.told = Some((status.to_owned(), seconds));
        }
        news
    }
}

/// `creating` and `backing-up` are both told; the same word is not told twice.
fn phrase(doing: &str, status: &str) -> String {
    match doing {
        "" | "waiting" => status.to_owned(),
        doing if doing == status => status.to_owned(),
        doing => format!("{doing}: {status}"),
    }
}

fn copied(copy: &KeptCopy) -> String {
    let lost: Vec<String> = copy
        .tables
        .iter()
        .filter(|table| table.rows > 0)
        .map(|table| format!("{} of {}", counted(table.rows), clean(&table.table)))
        .collect();
    let remarks: Vec<String> = copy
        .remarks
        .iter()
        .map(|remark| format!(". {}", clean(remark)))
        .collect();
    format!(
        "{}: {} were lost, and a copy ({}) is kept in {}; `{}` takes it back{}",
        clean(&copy.what),
        lost.join(", "),
        size(copy.bytes),
        copy.path,
        copy.undo,
        remarks.concat()
    )
}

fn counted(rows: u64) -> String {
    match rows {
        1 => "1 row".to_owned(),
        n => format!("{n} rows"),
    }
}

impl View for HumanView {
    fn event(&mut self, stamped: &Stamped) {
        let style = self.style;
        match &stamped.event {
            Event::Planned { steps } => self.steps = *steps,
            Event::Started {
                addr,
                action,
                power,
            } => self.started(addr, *action, *power),
            Event::Waiting {
                addr,
                status,
                seconds,
                limit,
            } => self.waiting(addr, status, *seconds, *limit),
            Event::Retrying {
                addr,
                fault,
                seconds,
            } => self.retrying(addr, fault, *seconds),
            Event::Done {
                addr,
                action,
                seconds,
                power,
            } => {
                let count = self.end(addr);
                let (done, took) = (words::done(*action, *power), duration(*seconds));
                let text = format!("{addr}: {done} after {took}{count}");
                self.line(Tone::Add, style.tick(), &text);
            }
            Event::Accepted { addr, status } => {
                let count = self.end(addr);
                let text = format!("{addr}: accepted, {}{count}", clean(status));
                self.line(Tone::Wait, style.dots(), &text);
            }
            Event::Failed { addr, fault } => {
                let count = self.end(addr);
                let text = format!("{addr}: {}{count}", fault::brief(fault));
                self.line(Tone::Error, style.cross(), &text);
            }
            Event::Skipped { addr, because } => {
                let count = self.end(addr);
                let text = format!("{addr}: not begun, because {}{count}", clean(because));
                self.line(Tone::Warning, "!", &text);
            }
            Event::Copied { copy } => {
                let dots = style.dots();
                self.line(Tone::Wait, dots, &copied(copy));
            }
            Event::Cancelling { in_flight } => {
                let list: Vec<String> = in_flight.iter().map(ToString::to_string).collect();
                let text = if list.is_empty() {
                    "stopping: nothing is in flight".to_owned()
                } else {
                    let list = list.join(", ");
                    format!(
                        "stopping: nothing new begins; in flight: {list}. Ctrl-C again leaves at once"
                    )
                };
                self.line(Tone::Warning, "!", &text);
            }
            // summary and receipt are written by whoever knows what was typed
            Event::Receipt { .. } | Event::Finished { .. } => {}
        }
    }

    fn done(&mut self) {
        match &mut self.sink {
            Sink::Plain(out) => {
                let _ = out.flush();
            }
            Sink::Live(live) => live.clear(),
        }
    }
}

impl Drop for HumanView {
    /// A view that is left early, by a panic or a second Ctrl-C, leaves no moving lines behind.
    fn drop(&mut self) {
        self.done();
    }
}
