//! Lines of bounded length.

use std::io::{self, BufRead, Read};

/// A longer line is no event that any relay would have taken, in bytes.
pub(super) const LINE_BYTES_MAX: usize = 16 * 1024 * 1024;

/// What was read.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum Line {
    /// A line, or what stands after the last line break.
    Whole,
    /// A line of more than [`LINE_BYTES_MAX`] bytes; it is passed over.
    TooLong,
    /// The input is at its end.
    End,
}

/// Reads the next line, with its line break, into `line`.
pub(super) fn read_line(input: &mut impl BufRead, line: &mut Vec<u8>) -> io::Result<Line> {
    line.clear();
    let bytes = input.by_ref().take(LINE_BYTES_MAX as u64).read_until(b'\n', line)?;
    if bytes == 0 {
        return Ok(Line::End);
    }
    if bytes < LINE_BYTES_MAX || line.last() == Some(&b'\n') {
        return Ok(Line::Whole);
    }
    line.clear();
    input.skip_until(b'\n')?;
    Ok(Line::TooLong)
}
