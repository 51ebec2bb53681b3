//! One run of a handler: starts the interpreter, listens, and ends it when its time is over.

use super::fit::failed;
use super::logs::Place;
use super::python::Python;
use crate::sandbox::timing::{Moment, Timing};
use crate::sandbox::wire::ApiError;
use serde_json::{Value, json};
use std::path::PathBuf;
use std::process::{ExitStatus, Stdio};
use std::time::{Duration, Instant};
use tokio::io::{AsyncBufReadExt, AsyncReadExt, AsyncWriteExt, BufReader};
use tokio::process::{Child, ChildStderr, Command};
use tokio::task::JoinHandle;

/// How long imports may take; it does not count as run time, as on Lambda.
const INIT: Duration = Duration::from_secs(10);
/// What a response may take, in bytes.
const MOST_RESPONSE: usize = 6 * 1024 * 1024;
/// What one run may log, in bytes; the rest is dropped.
const MOST_LOG: usize = 1024 * 1024;

/// What is to be run.
pub(super) struct Job {
    pub(super) python: Python,
    pub(super) bootstrap: PathBuf,
    /// The function's directory: where it runs.
    pub(super) task: PathBuf,
    /// All variables of the process.
    pub(super) environment: Vec<(String, String)>,
    /// What bootstrap.py reads.
    pub(super) order: Value,
    pub(super) request_id: String,
    /// Where its log goes.
    pub(super) log: Place,
    pub(super) timeout: Duration,
}

/// What came of it.
pub(super) struct Outcome {
    /// The result, or the error document.
    pub(super) result: Result<Value, Value>,
    pub(super) init: Duration,
    pub(super) duration: Duration,
    pub(super) memory_mb: u64,
    pub(super) timed_out: bool,
    /// What the function printed, with the time at which it arrived.
    pub(super) printed: Vec<(Moment, String)>,
}

/// Runs the handler once.
///
/// # Errors
/// `ServiceException` where the interpreter cannot be started; what the function does wrong is an outcome.
pub(super) async fn run(job: &Job, timing: &Timing) -> Result<Outcome, ApiError> {
    let mut command = Command::new(&job.python.path);
    command
        // -S: without the packages of this machine, so that what a layer lacks is missing here as on Lambda
        .args(["-s", "-S", "-u"])
        .arg(&job.bootstrap)
        .current_dir(&job.task)
        .env_clear()
        .envs(job.environment.iter().map(|(k, v)| (k, v)))
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .kill_on_drop(true);
    #[cfg(unix)]
    command.process_group(0);
    let broken = |e: std::io::Error| failed(format!("The sandbox cannot run the function: {e}"));
    let begun = Instant::now();
    let mut child = command.spawn().map_err(broken)?;
    let group = Group(child.id());
    let (Some(stdin), Some(stdout), Some(stderr)) =
        (child.stdin.take(), child.stdout.take(), child.stderr.take())
    else {
        return Err(failed(
            "The sandbox cannot talk to the function.".to_owned(),
        ));
    };
    let order = job.order.to_string();
    // beside the rest: a large event does not fit into the pipe at once
    let feeding = tokio::spawn(async move {
        let mut stdin = stdin;
        // an interpreter that ended at once has nothing to read: its exit says why
        let _ = stdin.write_all(order.as_bytes()).await;
    });
    let log = listen(stderr, timing.clone());
    let mut control = BufReader::new(stdout.take(4 * MOST_RESPONSE as u64));

    let first = next(&mut control, INIT + job.timeout).await;
    let init = begun.elapsed();
    let started = Instant::now();
    let last = match first {
        Said::Message(m) if m.get("started").is_some() => next(&mut control, job.timeout).await,
        other => other,
    };
    let duration = started.elapsed();
    let status = match last {
        Said::Nothing => leave(&mut child).await,
        _ => None,
    };
    group.kill();
    feeding.abort();
    let printed = collect(log).await;
    let mut outcome = Outcome {
        result: Ok(Value::Null),
        init,
        duration,
        memory_mb: 0,
        timed_out: false,
        printed,
    };
    match last {
        Said::Message(mut m) => {
            outcome.memory_mb = m["memory_mb"].as_u64().unwrap_or_default();
            outcome.result = match m.get_mut("error").map(Value::take) {
                Some(error) => Err(error),
                None => limited(m["result"].take(), &job.request_id),
            };
        }
        Said::TooLate => {
            outcome.timed_out = true;
            outcome.duration = job.timeout;
            outcome.result = Err(json!({"errorMessage": timed_out(job, timing)}));
        }
        Said::Nothing => {
            let why = how(status);
            let message = format!("RequestId: {} Error: {why}", job.request_id);
            outcome.printed.push((timing.now(), message.clone()));
            outcome
                .printed
                .push((timing.now(), "Runtime.ExitError".to_owned()));
            outcome.result =
                Err(json!({"errorType": "Runtime.ExitError", "errorMessage": message}));
        }
    }
    Ok(outcome)
}

/// Returns the sentence that Lambda has for a function whose time was over.
fn timed_out(job: &Job, timing: &Timing) -> String {
    let now = jiff::Timestamp::from_millisecond(timing.now()).unwrap_or_default();
    format!(
        "{} {} Task timed out after {:.2} seconds",
        now.strftime("%Y-%m-%dT%H:%M:%S.%3fZ"),
        job.request_id,
        job.timeout.as_secs_f64()
    )
}

fn limited(result: Value, request_id: &str) -> Result<Value, Value> {
    let size = result.to_string().len();
    if size <= MOST_RESPONSE {
        return Ok(result);
    }
    Err(json!({
        "errorMessage": format!("Response payload size ({size} bytes) exceeded maximum allowed payload size \
                                 ({MOST_RESPONSE} bytes)."),
        "errorType": "Function.ResponseSizeTooLarge",
        "requestId": request_id,
    }))
}

fn how(status: Option<ExitStatus>) -> String {
    #[cfg(unix)]
    if let Some(signal) = status.and_then(|s| std::os::unix::process::ExitStatusExt::signal(&s)) {
        let name = match signal {
            6 => "aborted",
            9 => "killed",
            11 => "segmentation fault",
            15 => "terminated",
            _ => return format!("Runtime exited with error: signal: {signal}"),
        };
        return format!("Runtime exited with error: signal: {name}");
    }
    match status.and_then(|s| s.code()) {
        Some(0) | None => "Runtime exited without providing a reason".to_owned(),
        Some(code) => format!("Runtime exited with error: exit status {code}"),
    }
}

enum Said {
    Message(Value),
    /// The interpreter closed the channel.
    Nothing,
    TooLate,
}

async fn next<R: tokio::io::AsyncBufRead + Unpin>(control: &mut R, within: Duration) -> Said {
    let mut line = String::new();
    match tokio::time::timeout(within, control.read_line(&mut line)).await {
        Err(_) => Said::TooLate,
        Ok(_) => match serde_json::from_str(&line) {
            Ok(message) => Said::Message(message),
            Err(_) => Said::Nothing,
        },
    }
}

/// Waits for an interpreter that has closed its channel; one that lives on has closed it on purpose.
async fn leave(child: &mut Child) -> Option<ExitStatus> {
    match tokio::time::timeout(Duration::from_secs(1), child.wait()).await {
        Ok(Ok(status)) => Some(status),
        _ => None,
    }
}

/// The processes of one run. They end with it, however it ends.
struct Group(Option<u32>);

impl Group {
    fn kill(&self) {
        #[cfg(unix)]
        if let Some(pid) = self.0
            && let Some(pid) = i32::try_from(pid)
                .ok()
                .and_then(rustix::process::Pid::from_raw)
        {
            // a group without processes is what we want
            let _ = rustix::process::kill_process_group(pid, rustix::process::Signal::KILL);
        }
    }
}

impl Drop for Group {
    fn drop(&mut self) {
        self.kill();
    }
}

type Printed = std::sync::Arc<std::sync::Mutex<Vec<(Moment, String)>>>;

struct Listening {
    task: JoinHandle<()>,
    printed: Printed,
}

fn listen(stderr: ChildStderr, timing: Timing) -> Listening {
    let printed = Printed::default();
    let into = printed.clone();
    let task = tokio::spawn(async move {
        let mut stderr = stderr;
        let mut buffer = [0u8; 8192];
        let mut rest: Vec<u8> = Vec::new();
        let mut left = MOST_LOG;
        // what comes after the cap is read and dropped, lest the function wait for us
        while let Ok(n) = stderr.read(&mut buffer).await {
            if n == 0 {
                break;
            }
            let kept = n.min(left);
            left -= kept;
            rest.extend_from_slice(&buffer[..kept]);
            while let Some(end) = rest.iter().position(|b| *b == b'\n') {
                let line: Vec<u8> = rest.drain(..=end).collect();
                keep(&into, timing.now(), &line[..end]);
            }
        }
        if !rest.is_empty() {
            keep(&into, timing.now(), &rest);
        }
    });
    Listening { task, printed }
}

fn keep(into: &Printed, now: Moment, line: &[u8]) {
    let line = String::from_utf8_lossy(line)
        .trim_end_matches('\r')
        .to_owned();
    into.lock()
        .unwrap_or_else(std::sync::PoisonError::into_inner)
        .push((now, line));
}

/// Returns what was printed. A process that left the group may hold the pipe for ever; it is not waited for.
async fn collect(mut log: Listening) -> Vec<(Moment, String)> {
    if tokio::time::timeout(Duration::from_secs(1), &mut log.task)
        .await
        .is_err()
    {
        log.task.abort();
    }
    std::mem::take(
        &mut *log
            .printed
            .lock()
            .unwrap_or_else(std::sync::PoisonError::into_inner),
    )
}
