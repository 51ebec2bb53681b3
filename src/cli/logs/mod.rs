//! `logs`: what a function of the stack has logged, and what it logs from now on.

mod window;

use super::args::{Global, LogsArgs};
use super::failure::{Failure, code};
use super::output::Output;
use super::session::{Needs, Session};
use super::signals::{self, or_stopped};
use crate::aws;
use crate::engine::{Clock, RealClock, Stack};
use crate::model::{Addr, Class, Output as Value};
use crate::render::{LogForm, LogView, Mask};
use std::sync::Arc;
use tokio_util::sync::CancellationToken;
use window::Window;

/// The kind whose objects have a log.
const KIND: &str = "lambda_function";

/// Between two looks at the log, in seconds: the quota is a few a second for the whole account.
const EVERY: f64 = 2.0;
/// The same at the least, however fast the sandbox's world runs.
const SOONEST: f64 = 0.2;

/// `logs`. The log may be empty or not there yet; neither is an error.
///
/// # Errors
/// Whatever keeps the log from being read; a function that is not in the file. With `--follow` a signal is none.
pub async fn logs(global: &Global, args: &LogsArgs, output: &Output) -> Result<u8, Failure> {
    let stop = signals::listen();
    let session = match Session::open(global, &Needs::default(), &stop).await {
        Err(Failure::Interrupted) if args.follow => return Ok(code::DONE),
        opened => opened?,
    };
    let result = show(&session, args, output, &stop).await;
    session.close().await;
    match result {
        Err(Failure::Interrupted) if args.follow => Ok(code::DONE),
        other => other.map(|()| code::DONE),
    }
}

async fn show(
    session: &Session,
    args: &LogsArgs,
    output: &Output,
    stop: &CancellationToken,
) -> Result<(), Failure> {
    let addr = function(&session.stack, args.addr.as_ref())?;
    let name = name(&session.stack, &addr)?;
    let form = match output.json {
        true => LogForm::Json,
        false => LogForm::Human,
    };
    let clock = RealClock::new(session.speed);
    let since = i64::try_from(args.since.seconds()).unwrap_or(i64::MAX);
    let start = now(&clock)?.saturating_sub(since.saturating_mul(1000));
    let mut reading = Reading {
        session,
        output,
        group: format!("/aws/lambda/{name}"),
        window: Window::new(start),
        view: LogView::new(
            output.out,
            form,
            args.errors,
            Mask::of(session.stack.facts.env.values()),
        ),
    };
    let mut said = None;
    let mut tell = |what: String| {
        if said.as_ref() != Some(&what) {
            output.note(&what);
            said = Some(what);
        }
    };
    loop {
        match or_stopped(reading.once(now(&clock)?), stop).await {
            Ok(Read::GoOn { any }) if !args.follow => {
                if !any {
                    let what = if args.errors {
                        "failed request"
                    } else {
                        "event"
                    };
                    tell(format!(
                        "no {what} of {addr} in the last {}; --since looks further back",
                        args.since
                    ));
                }
                return Ok(());
            }
            Ok(Read::GoOn { .. }) => {}
            Ok(Read::Enough) => return Ok(()),
            Ok(Read::NoLog) => {
                tell(format!(
                    "{addr} has not run yet, or its role may not write logs: there is no log group {}",
                    reading.group
                ));
                if !args.follow {
                    return Ok(());
                }
            }
            // it passes by itself, and whoever follows wants to see what comes after
            Err(Failure::Faults(faults)) if args.follow && faults.iter().all(passes) => {
                tell(format!(
                    "not read: {}; trying again",
                    Failure::Faults(faults).line()
                ));
            }
            Err(failure) => return Err(failure),
        }
        let pause = (EVERY / clock.speed()).max(SOONEST);
        let pause = async {
            clock.sleep(pause).await;
            Ok(())
        };
        or_stopped(pause, stop).await?;
    }
}

fn passes((_, fault): &(Option<Addr>, crate::model::Fault)) -> bool {
    matches!(
        fault.class,
        Class::Throttled | Class::Transient | Class::Unreachable
    )
}

/// A log that is being read.
struct Reading<'a> {
    session: &'a Session,
    output: &'a Output,
    group: String,
    window: Window,
    view: LogView,
}

/// What came of one look.
enum Read {
    /// The log was read to its end, and something was shown or not.
    GoOn { any: bool },
    /// Nobody reads what is written.
    Enough,
    /// There is no log.
    NoLog,
}

impl Reading<'_> {
    /// Reads from where the window begins to the end, and shows what was not shown before.
    async fn once(&mut self, now: i64) -> Result<Read, Failure> {
        let from = self.window.from(now);
        let (mut next, mut any) = (None, false);
        loop {
            let page = aws::log_events(&self.session.clients, &self.group, from, next).await;
            let named = |fault| {
                let group = self.group.clone();
                self.session.explained(fault, [("log_group", group)])
            };
            let page = page.map_err(named)?;
            let Some(page) = page else {
                return Ok(Read::NoLog);
            };
            let mut text = String::new();
            for event in self.window.unseen(page.events) {
                text.push_str(&self.view.event(&event));
            }
            if !text.is_empty() {
                any = true;
                if !self.output.more(&text)? {
                    return Ok(Read::Enough);
                }
            }
            next = page.next;
            if next.is_none() {
                return Ok(Read::GoOn { any });
            }
        }
    }
}

/// The moment, in milliseconds since 1970.
fn now(clock: &dyn Clock) -> Result<i64, Failure> {
    let stamp = clock.stamp().parse::<jiff::Timestamp>();
    stamp
        .map(jiff::Timestamp::as_millisecond)
        .map_err(|e| Failure::message(format!("the clock cannot be read: {e}")))
}

/// Returns the function that is meant.
fn function(stack: &Stack, given: Option<&Addr>) -> Result<Addr, Failure> {
    let all: Vec<&Addr> = stack
        .nodes
        .iter()
        .filter(|(_, node)| node.kind() == KIND)
        .map(|(addr, _)| addr)
        .collect();
    let names: Vec<String> = all.iter().map(ToString::to_string).collect();
    match (given, all.as_slice()) {
        (_, []) => Err(Failure::with_help(
            "the file has no lambda_functions, so there is no log",
            "--file names another",
        )),
        (Some(addr), _) if all.contains(&addr) => Ok(addr.clone()),
        (Some(addr), _) => Err(Failure::with_help(
            format!("{addr} is no function of the file"),
            format!("functions: {}", names.join(", ")),
        )),
        (None, [one]) => Ok((*one).clone()),
        (None, _) => Err(Failure::with_help(
            "the file has several functions",
            format!("name one: {}", names.join(", ")),
        )),
    }
}

/// Returns its name in AWS, which the file tells without a look.
fn name(stack: &Stack, addr: &Addr) -> Result<String, Failure> {
    let facts = stack.facts(addr, &Arc::default());
    match stack.nodes[addr].foretold(&facts).get("name") {
        Some(Value::Plain(serde_json::Value::String(name))) => Ok(name.clone()),
        _ => Err(Failure::message(format!("{addr} has no name"))),
    }
}
