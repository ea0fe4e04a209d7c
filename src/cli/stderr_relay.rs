//! Standard error during a run: a thread of its own writes it, so that a pipe nobody reads or a
//! terminal that is paused never holds up the run. What does not fit is dropped and counted.

use std::fmt;
use std::io::{self, Write};
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::mpsc::{SyncSender, sync_channel};
use std::time::{Duration, Instant};

use indicatif::TermLike;

use super::terminal;

/// How many pieces may wait to be written.
const PIECES: usize = 8192;
/// How many bytes may wait.
const BYTES: u64 = 4 << 20;
/// Where the terminal does not say how wide it is, in characters.
const WIDTH: u16 = 80;

/// A place to write to that never waits; clones write to the same.
#[derive(Clone)]
pub(super) struct Relay {
    queue: SyncSender<Vec<u8>>,
    state: Arc<RelayCounts>,
}

#[derive(Default)]
struct RelayCounts {
    /// Bytes that wait.
    waiting: AtomicU64,
    /// Lines that were dropped.
    dropped: AtomicU64,
}

impl Relay {
    /// Writes to `out` from now on.
    pub(super) fn to(mut out: impl Write + Send + 'static) -> Self {
        let (queue, pieces) = sync_channel::<Vec<u8>>(PIECES);
        let state = Arc::<RelayCounts>::default();
        let written = state.clone();
        let relay = move || {
            for piece in pieces {
                // Progress that cannot be shown is no reason to end a run.
                let _ = out.write_all(&piece).and_then(|()| out.flush());
                written.waiting.fetch_sub(piece.len() as u64, Ordering::Relaxed);
            }
        };
        // Without the thread nobody receives: everything is dropped and counted.
        let _ = std::thread::Builder::new().name("stderr".into()).spawn(relay);
        Self { queue, state }
    }

    /// Hands bytes over, or drops them where too many wait.
    fn push(&self, bytes: &[u8]) {
        let size = bytes.len() as u64;
        let fits = self.state.waiting.fetch_add(size, Ordering::Relaxed) + size <= BYTES;
        if !fits || self.queue.try_send(bytes.to_vec()).is_err() {
            self.state.waiting.fetch_sub(size, Ordering::Relaxed);
            let lines = bytes.iter().filter(|byte| **byte == b'\n').count() as u64;
            self.state.dropped.fetch_add(lines.max(1), Ordering::Relaxed);
        }
    }

    /// Waits a moment for what was handed over; tells how many lines were never written.
    pub(super) fn finish(&self) -> u64 {
        let begin = Instant::now();
        while self.state.waiting.load(Ordering::Relaxed) > 0 && begin.elapsed() < terminal::patience() {
            std::thread::sleep(Duration::from_millis(2));
        }
        self.state.dropped.load(Ordering::Relaxed)
    }
}

impl Write for Relay {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        self.push(bytes);
        Ok(bytes.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

impl fmt::Debug for Relay {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Relay")
    }
}

/// The live block is drawn through it too (ECMA-48 §8.3: CUU, CUD, CUF, CUB, EL).
impl TermLike for Relay {
    fn width(&self) -> u16 {
        #[cfg(unix)]
        if let Ok(size) = rustix::termios::tcgetwinsize(io::stderr())
            && size.ws_col > 0
        {
            return size.ws_col;
        }
        WIDTH
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

    fn write_line(&self, line: &str) -> io::Result<()> {
        self.push(format!("{line}\n").as_bytes());
        Ok(())
    }

    fn write_str(&self, text: &str) -> io::Result<()> {
        self.push(text.as_bytes());
        Ok(())
    }

    fn clear_line(&self) -> io::Result<()> {
        self.push(b"\r\x1b[2K");
        Ok(())
    }

    fn flush(&self) -> io::Result<()> {
        Ok(())
    }
}

impl Relay {
    fn go(&self, n: usize, way: char) -> io::Result<()> {
        if n > 0 {
            self.push(format!("\x1b[{n}{way}").as_bytes());
        }
        Ok(())
    }
}
