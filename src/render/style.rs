//! How text may look: with colour or without, with more than ASCII or without, and how wide.

use super::invoked::Invoked;
use anstyle::{AnsiColor, Effects};
use std::borrow::Cow;

/// How text may look. The caller resolves it from `--color`, `NO_COLOR` and the terminal.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Style {
    /// ANSI colours may be used.
    pub color: bool,
    /// Characters beyond ASCII may be used.
    pub unicode: bool,
    /// Columns; 0 is as wide as needed.
    pub width: usize,
    /// How the program was begun, for the commands in advice; they stand as they are where that is not known.
    pub invoked: Option<&'static Invoked>,
}

impl Style {
    /// Returns a style without colour and beyond ASCII, for text that goes to a file or a pipe.
    pub const fn plain(width: usize) -> Self {
        Style {
            color: false,
            unicode: true,
            width,
            invoked: None,
        }
    }

    /// Returns a text with its commands as they are to be typed.
    pub(super) fn typed<'a>(&self, text: &'a str) -> Cow<'a, str> {
        match self.invoked {
            Some(invoked) => invoked.typed(text),
            None => Cow::Borrowed(text),
        }
    }

    /// Colours a text.
    pub(super) fn paint(&self, tone: Tone, text: &str) -> String {
        let style = tone.style();
        if !self.color || text.is_empty() || style == anstyle::Style::new() {
            return text.to_owned();
        }
        format!("{style}{text}{style:#}")
    }

    /// Returns the first where more than ASCII may be used, else the second.
    pub(super) fn either(&self, unicode: &'static str, ascii: &'static str) -> &'static str {
        if self.unicode { unicode } else { ascii }
    }

    /// What stands between before and after.
    pub(super) fn arrow(&self) -> &'static str {
        self.either("→", "->")
    }

    /// What stands for something left out, or for something that goes on.
    pub(super) fn dots(&self) -> &'static str {
        self.either("…", "...")
    }

    /// What stands before something done.
    pub(super) fn tick(&self) -> &'static str {
        self.either("✓", "ok")
    }

    /// What stands before something failed.
    pub(super) fn cross(&self) -> &'static str {
        self.either("✗", "!!")
    }
}

/// What a piece of text means; the colours follow from it in one place.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Tone {
    Plain,
    Add,
    Change,
    Remove,
    Wait,
    Error,
    Warning,
    Strong,
    Faint,
}

impl Tone {
    fn style(self) -> anstyle::Style {
        let plain = anstyle::Style::new();
        match self {
            Tone::Plain => plain,
            Tone::Add => AnsiColor::Green.on_default(),
            Tone::Change | Tone::Warning => AnsiColor::Yellow.on_default(),
            Tone::Remove => AnsiColor::Red.on_default(),
            Tone::Wait => AnsiColor::Cyan.on_default(),
            Tone::Error => AnsiColor::Red.on_default() | Effects::BOLD,
            Tone::Strong => plain | Effects::BOLD,
            Tone::Faint => plain | Effects::DIMMED,
        }
    }
}
