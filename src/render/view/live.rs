//! Moving lines at the foot of a terminal: one a running step.

use super::screen::Screen;
use crate::model::Addr;
use crate::render::style::{Style, Tone};
use crate::render::{duration, rough_duration};
use indicatif::{MultiProgress, ProgressBar, ProgressDrawTarget, ProgressState, ProgressStyle};
use std::collections::BTreeMap;
use std::fmt;
use std::io::Write;
use std::time::Duration;

/// The moving lines, and the lines above them.
pub(super) struct Live {
    style: Style,
    screen: Screen,
    all: MultiProgress,
    bars: BTreeMap<Addr, ProgressBar>,
}

/// How often the spinner turns.
const TURN: Duration = Duration::from_millis(120);
/// How often the screen is drawn at most, a second.
const HERTZ: u8 = 15;
/// The width where none is known.
const WIDTH: usize = 80;

impl Live {
    pub(super) fn new(out: Box<dyn Write + Send>, style: Style) -> Self {
        let width = if style.width == 0 { WIDTH } else { style.width };
        let screen = Screen::new(out, u16::try_from(width).unwrap_or(u16::MAX));
        let target = ProgressDrawTarget::term_like_with_hz(Box::new(screen.clone()), HERTZ);
        Live {
            style,
            screen,
            all: MultiProgress::with_draw_target(target),
            bars: BTreeMap::new(),
        }
    }

    /// Writes a line above the moving ones.
    pub(super) fn line(&self, line: &str) {
        let _ = self.all.println(narrow(line));
    }

    pub(super) fn start(&mut self, addr: &Addr, doing: &'static str) {
        let bar = self.all.add(ProgressBar::new_spinner());
        bar.set_style(self.look(0.0));
        bar.set_prefix(self.style.paint(Tone::Strong, &addr.to_string()));
        bar.set_message(doing);
        bar.enable_steady_tick(TURN);
        self.bars.insert(addr.clone(), bar);
    }

    pub(super) fn wait(&self, addr: &Addr, status: &str, seconds: f64, limit: f64) {
        let limit = rough_duration(limit);
        self.tell(addr, format!("{status}, up to {limit}"), seconds);
    }

    pub(super) fn retry(&self, addr: &Addr, text: &str, seconds: f64) {
        self.tell(addr, self.style.paint(Tone::Warning, text), seconds);
    }

    fn tell(&self, addr: &Addr, message: String, seconds: f64) {
        if let Some(bar) = self.bars.get(addr) {
            bar.set_style(self.look(seconds));
            bar.reset_elapsed();
            bar.set_message(narrow(&message));
        }
    }

    pub(super) fn end(&mut self, addr: &Addr) {
        if let Some(bar) = self.bars.remove(addr) {
            bar.finish_and_clear();
            self.all.remove(&bar);
        }
    }

    pub(super) fn clear(&mut self) {
        for (_, bar) in std::mem::take(&mut self.bars) {
            bar.finish_and_clear();
        }
        let _ = self.all.clear();
        let _ = self.screen.leave();
    }

    /// How a moving line looks. The time goes on from what the last event told until the next one comes.
    fn look(&self, seconds: f64) -> ProgressStyle {
        let ticks = self.style.either("⠋⠙⠹⠸⠼⠴⠦⠧⠇⠏ ", "|/-\\ ");
        let took = move |state: &ProgressState, out: &mut dyn fmt::Write| {
            // a write into a line of text cannot fail
            let _ = out.write_str(&duration(seconds + state.elapsed().as_secs_f64()));
        };
        // the time stands before what may be cut off at the edge
        ProgressStyle::with_template("{spinner} {prefix} {took} {wide_msg}")
            .unwrap_or_else(|_| ProgressStyle::default_spinner())
            .tick_chars(ticks)
            .with_key("took", took)
    }
}

/// Replaces characters that may take no column or two: rows are counted by characters. The summary at the end has the
/// text as it is.
fn narrow(text: &str) -> String {
    let known = |c: char| c < '\u{300}' || "–—‘’“”…→✓✗".contains(c);
    text.chars()
        .map(|c| if known(c) { c } else { '?' })
        .collect()
}
