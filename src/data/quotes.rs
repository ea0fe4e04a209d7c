//! Quotes in CSV that are never closed. The reader of rows takes all that follows one for a single
//! cell, and what is wrong with the row then is not what is wrong with the file.

use std::io::Read;

/// The line, from 1, of the double quote that opens a cell and is never closed; `None` if all are.
///
/// # Errors
/// When the text cannot be read.
pub(super) fn unclosed(mut text: impl Read, delimiter: u8) -> std::io::Result<Option<u64>> {
    let mut line = 1;
    let mut state = CellState::Start;
    let mut block = vec![0; 64 * 1024];
    loop {
        let count = text.read(&mut block)?;
        if count == 0 {
            break;
        }
        for &byte in &block[..count] {
            state = state.after(byte, delimiter, line);
            line += u64::from(byte == b'\n');
        }
    }
    Ok(match state {
        CellState::Quoted(since) => Some(since),
        CellState::Start | CellState::Plain | CellState::Closed(_) => None,
    })
}

#[derive(Clone, Copy)]
enum CellState {
    /// Where a cell begins.
    Start,
    /// In a cell without quotes, or after its quotes.
    Plain,
    /// In a quoted cell, since this line.
    Quoted(u64),
    /// Behind a quote in a quoted cell.
    Closed(u64),
}

impl CellState {
    fn after(self, byte: u8, delimiter: u8, line: u64) -> Self {
        match (self, byte) {
            (Self::Start, b'"') => Self::Quoted(line),
            // Closed, or the first of two, which stand for one.
            (Self::Quoted(since), b'"') => Self::Closed(since),
            (Self::Closed(since), b'"') => Self::Quoted(since),
            (Self::Quoted(since), _) => Self::Quoted(since),
            (Self::Start | Self::Plain | Self::Closed(_), b'\n' | b'\r') => Self::Start,
            (Self::Start | Self::Plain | Self::Closed(_), byte) if byte == delimiter => Self::Start,
            (Self::Start | Self::Plain | Self::Closed(_), _) => Self::Plain,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// RFC 4180 §2, rules 5 to 7.
    #[test]
    fn a_quote_that_is_never_closed_is_found_with_its_line() {
        for (text, line) in [
            ("a,b\n1,\"2,3\n4,5\n", Some(2)),
            ("a,b\n1,\"x \"\"y\n", Some(2)),
            ("\"a,b\n", Some(1)),
            ("a,b\n\"1\n1\",2\n3,\"4", Some(4)),
            ("a,b\n1,\"x \"\"y\"\"\"\n", None),
            ("a,b\n5\" nail,2\n", None),
            ("a,b\n1,\"2\"", None),
            ("", None),
        ] {
            assert_eq!(unclosed(text.as_bytes(), b',').ok(), Some(line), "{text}");
        }
    }
}
