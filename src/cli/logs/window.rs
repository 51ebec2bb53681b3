//! Which part of a log is to be read next, and what of it was seen already.

use crate::model::LogEvent;
use std::collections::BTreeSet;

/// So late may an event be listed after others that happened later, in milliseconds. Functions write in batches, and
/// streams are not taken in at the same pace; a minute is far more than is usual.
const LATE: i64 = 60_000;

/// A part of a log that moves on with what was read, and leaves room for what comes late.
#[derive(Debug)]
pub struct Window {
    start: i64,
    newest: Option<i64>,
    /// What was seen, by moment and id, as far back as may be read again.
    seen: BTreeSet<(i64, String)>,
}

impl Window {
    /// Makes a window from a moment on (milliseconds since 1970).
    pub fn new(start: i64) -> Self {
        Window {
            start,
            newest: None,
            seen: BTreeSet::new(),
        }
    }

    /// Returns from where to read now, and forgets what can no longer come again. An event from the future does not
    /// move the window past the present.
    pub fn from(&mut self, now: i64) -> i64 {
        if let Some(newest) = self.newest {
            self.start = self.start.max(newest.min(now) - LATE);
            self.seen = self.seen.split_off(&(self.start, String::new()));
        }
        self.start
    }

    /// Returns what was not seen before, in the same order, and remembers it.
    pub fn unseen(&mut self, events: Vec<LogEvent>) -> Vec<LogEvent> {
        let newest = events.iter().map(|e| e.at).max();
        self.newest = self.newest.max(newest);
        let new = |e: &LogEvent| self.seen.insert((e.at, e.id.clone()));
        events.into_iter().filter(new).collect()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const NOW: i64 = 1_795_392_000_000;

    fn event(id: &str, at: i64) -> LogEvent {
        LogEvent {
            id: id.to_owned(),
            at,
            stream: "s".to_owned(),
            message: "m".to_owned(),
        }
    }

    /// Reads a log as it stands, and returns the ids of what is new.
    fn read(window: &mut Window, log: &[LogEvent], now: i64) -> Vec<String> {
        let from = window.from(now);
        let page = log.iter().filter(|e| e.at >= from).cloned().collect();
        let new = window.unseen(page);
        new.into_iter().map(|e| e.id).collect()
    }

    #[test]
    fn late_events_are_shown_and_none_twice() {
        let mut window = Window::new(NOW - 600_000);
        let mut log = vec![
            event("old", NOW - 700_000),
            event("a", NOW),
            event("b", NOW),
        ];
        assert_eq!(read(&mut window, &log, NOW + 1000), ["a", "b"]);
        assert_eq!(read(&mut window, &log, NOW + 2000), [""; 0]);
        // written before the others, listed after them
        log.push(event("late", NOW - 50_000));
        log.push(event("c", NOW + 2500));
        assert_eq!(read(&mut window, &log, NOW + 3000), ["late", "c"]);
        // the window moved on with what was read: this is later than any event is listed
        log.push(event("too late", NOW - 100_000));
        log.push(event("d", NOW + 300_000));
        assert_eq!(read(&mut window, &log, NOW + 300_000), ["d"]);
        assert_eq!(read(&mut window, &log, NOW + 301_000), [""; 0]);
        // no more is remembered than can come again
        assert_eq!(window.seen.len(), 1);
    }

    #[test]
    fn nothing_is_skipped_while_nothing_comes() {
        let mut window = Window::new(NOW);
        assert_eq!(read(&mut window, &[], NOW + 3_600_000), [""; 0]);
        let log = [event("a", NOW + 1)];
        assert_eq!(read(&mut window, &log, NOW + 7_200_000), ["a"]);
    }

    #[test]
    fn an_event_from_the_future_does_not_hide_the_present() {
        let mut window = Window::new(NOW);
        let mut log = vec![event("future", NOW + 7_000_000)];
        assert_eq!(read(&mut window, &log, NOW + 1), ["future"]);
        log.push(event("now", NOW + 2000));
        assert_eq!(read(&mut window, &log, NOW + 3000), ["now"]);
    }
}
