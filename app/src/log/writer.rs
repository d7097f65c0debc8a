//! Where a formatted line goes.

use std::cell::RefCell;
use std::io::{self, Write};

use tracing::Metadata;
use tracing_subscriber::fmt::MakeWriter;

use super::{Component, Histories, History};

/// Gives each line to the histories and to standard error.
pub(super) struct Tee {
    histories: Histories,
    /// Whether lines come with colours, which are for the terminal only.
    is_coloured: bool,
}

/// Takes one line, in one piece.
pub(super) struct Line<'a> {
    tee: &'a Tee,
    part: &'a History,
}

impl Tee {
    pub(super) fn new(histories: &Histories, is_coloured: bool) -> Self {
        Self { histories: histories.clone(), is_coloured }
    }

    fn line(&self, component: Component) -> Line<'_> {
        Line { tee: self, part: self.histories.of(component) }
    }
}

impl<'a> MakeWriter<'a> for Tee {
    type Writer = Line<'a>;

    fn make_writer(&'a self) -> Line<'a> {
        self.line(Component::Process)
    }

    fn make_writer_for(&'a self, metadata: &Metadata<'_>) -> Line<'a> {
        self.line(Component::of(metadata.target()))
    }
}

impl Line<'_> {
    fn keep(&self, line: &[u8]) {
        self.tee.histories.whole.write(line);
        self.part.write(line);
    }
}

impl Write for Line<'_> {
    fn write(&mut self, line: &[u8]) -> io::Result<usize> {
        thread_local! {
            static PLAIN: RefCell<Vec<u8>> = const { RefCell::new(Vec::new()) };
        }
        if self.tee.is_coloured {
            // Nothing below logs, so nobody else on this thread has it.
            PLAIN.with_borrow_mut(|plain| {
                plain.clear();
                append_plain(line, plain);
                self.keep(plain);
            });
        } else {
            self.keep(line);
        }
        // Without a standard error the histories still have it.
        let _ = io::stderr().lock().write_all(line);
        Ok(line.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

/// Appends a line without its colours: `ESC [ ... m`. In what is logged itself such characters are escaped already.
fn append_plain(line: &[u8], plain: &mut Vec<u8>) {
    let mut pieces = line.split(|&byte| byte == 0x1b);
    plain.extend_from_slice(pieces.next().unwrap_or_default());
    for piece in pieces {
        let end = piece.iter().position(|&byte| byte == b'm').map_or(0, |end| end + 1);
        plain.extend_from_slice(piece.get(end..).unwrap_or_default());
    }
}

#[cfg(test)]
mod tests;
