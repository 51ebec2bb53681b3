//! A terminal behind a writer.

use indicatif::TermLike;
use std::fmt;
use std::io::{self, Write};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

/// A terminal that is moved about in by the escape sequences that every terminal knows.
///
/// indicatif fills each row with spaces and trusts the terminal to go on in the next row by itself. Where the terminal
/// has become wider meanwhile, all would run together; so rows are ended here, and the filling is left out.
#[derive(Clone)]
pub(super) struct Screen {
    state: Arc<Mutex<State>>,
    width: u16,
}

struct State {
    out: Box<dyn Write + Send>,
    /// How many columns of the row are taken, spaces that were not written among them.
    column: usize,
    /// Spaces that are written only when something follows in the same row.
    blanks: usize,
}

impl Screen {
    pub(super) fn new(out: Box<dyn Write + Send>, width: u16) -> Self {
        let state = State {
            out,
            column: 0,
            blanks: 0,
        };
        Screen {
            state: Arc::new(Mutex::new(state)),
            width,
        }
    }

    fn state(&self) -> MutexGuard<'_, State> {
        // a panic while writing leaves at worst half a line
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Ends the last row, so that whoever writes next begins a new one.
    pub(super) fn leave(&self) -> io::Result<()> {
        let mut state = self.state();
        if state.column > 0 {
            state.end_row()?;
        }
        state.out.flush()
    }

    fn go(&self, by: usize, letter: char) -> io::Result<()> {
        if by == 0 {
            return Ok(());
        }
        write!(self.state().out, "\u{1b}[{by}{letter}")
    }
}

impl State {
    /// Ends a row and clears what an earlier one left in it.
    fn end_row(&mut self) -> io::Result<()> {
        self.column = 0;
        self.blanks = 0;
        self.out.write_all(b"\x1b[K\r\n")
    }

    fn text(&mut self, text: &str, width: usize) -> io::Result<()> {
        let mut row = String::new();
        let mut escape = false;
        for c in text.chars() {
            if escape || c == '\u{1b}' {
                row.extend(std::iter::repeat_n(' ', std::mem::take(&mut self.blanks)));
                row.push(c);
                // colours only: they end with their letter
                escape = !c.is_ascii_alphabetic();
                continue;
            }
            if self.column == width {
                self.out.write_all(row.as_bytes())?;
                row.clear();
                self.end_row()?;
            }
            self.column += 1;
            if c == ' ' {
                self.blanks += 1;
            } else {
                row.extend(std::iter::repeat_n(' ', std::mem::take(&mut self.blanks)));
                row.push(c);
            }
        }
        self.out.write_all(row.as_bytes())
    }
}

impl fmt::Debug for Screen {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Screen")
            .field("width", &self.width)
            .finish_non_exhaustive()
    }
}

impl TermLike for Screen {
    fn width(&self) -> u16 {
        self.width
    }
    fn move_cursor_up(&self, n: usize) -> io::Result<()> {
        self.go(n, 'A')
    }
    fn move_cursor_down(&self, n: usize) -> io::Result<()> {
        self.go(n, 'B')
    }
    fn move_cursor_right(&self, n: usize) -> io::Result<()> {
        self.go(n, 'C')
    }
    fn move_cursor_left(&self, n: usize) -> io::Result<()> {
        self.go(n, 'D')
    }
    fn write_line(&self, text: &str) -> io::Result<()> {
        let mut state = self.state();
        state.text(text, usize::from(self.width))?;
        state.end_row()
    }
    fn write_str(&self, text: &str) -> io::Result<()> {
        let mut state = self.state();
        match text.strip_prefix('\r') {
            Some(rest) => {
                (state.column, state.blanks) = (0, 0);
                state.out.write_all(b"\r")?;
                state.text(rest, usize::from(self.width))
            }
            None => state.text(text, usize::from(self.width)),
        }
    }
    fn clear_line(&self) -> io::Result<()> {
        let mut state = self.state();
        (state.column, state.blanks) = (0, 0);
        state.out.write_all(b"\r\x1b[2K")
    }
    fn flush(&self) -> io::Result<()> {
        self.state().out.flush()
    }
}
