//! Questions, on stderr, answered on a terminal.

use super::failure::Failure;
use super::signals::or_stopped;
use crate::render;
use std::io::{IsTerminal, Write};
use tokio_util::sync::CancellationToken;

/// Asks for a text; anything else than `wanted` is a no.
///
/// # Errors
/// Where there is no terminal: then nothing is done without `--yes`. A signal is a no as well.
pub async fn typed(question: &str, wanted: &str, stop: &CancellationToken) -> Result<(), Failure> {
    if !std::io::stdin().is_terminal() {
        return Err(Failure::with_help(
            "this needs your word, and there is no terminal to ask on",
            "give --yes to go on without being asked",
        ));
    }
    let mut stderr = std::io::stderr();
    // a name in it may be one that somebody else gave; the space at its end stays
    let asked = render::harmless(question);
    write!(stderr, "{} ", asked)?;
    stderr.flush()?;
    let read = || {
        let mut line = String::new();
        std::io::stdin().read_line(&mut line).map(|_| line)
    };
    let line = answer(read, stop).await?;
    if line.trim() == wanted {
        Ok(())
    } else {
        Err(Failure::message("not confirmed; nothing was changed"))
    }
}

/// A read cannot be called off: it is left behind, and must not hold up who is told to stop.
async fn answer(
    read: impl FnOnce() -> std::io::Result<String> + Send + 'static,
    stop: &CancellationToken,
) -> Result<String, Failure> {
    let line = tokio::task::spawn_blocking(read);
    let line = async { Ok(line.await.map_err(std::io::Error::other)??) };
    or_stopped(line, stop).await
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn a_signal_ends_the_question_though_nobody_answers() {
        let stop = CancellationToken::new();
        assert_eq!(answer(|| Ok("yes".into()), &stop).await.unwrap(), "yes");
        let (_never, silence) = std::sync::mpsc::channel::<String>();
        let (asked, is_asked) = std::sync::mpsc::channel();
        let told = stop.clone();
        std::thread::spawn(move || {
            is_asked.recv().unwrap();
            told.cancel();
        });
        let ended = answer(
            move || {
                asked.send(()).unwrap();
                silence
                    .recv_timeout(std::time::Duration::from_secs(5))
                    .map_err(std::io::Error::other)
            },
            &stop,
        );
        assert!(matches!(ended.await, Err(Failure::Interrupted)));
    }
}
