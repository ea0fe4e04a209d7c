//! One row per sample in the column order of JMeter's JTL files, streamed while the run goes.
//!
//! `elapsed` is the response time that thresholds judge: in an open model it counts from the
//! scheduled start, and `IdleTime` is the part of it before the request was sent.
//!
//! A label is written as it is, also one that begins with `=`, `+`, `-` or `@`: JMeter's readers put
//! rows together by it. Spreadsheets take such a cell for a formula; `report --csv` is made for them.

use std::fs::File;
use std::io::{self, BufWriter, Write};
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::mpsc::{Receiver, RecvTimeoutError, SyncSender, TrySendError, channel, sync_channel};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::{Duration, SystemTime};

use crate::engine::{Row, RowKind, RowSink, Rows};
use crate::sanitize::{clean, inline};

/// The columns, as JMeter writes them by default.
const COLUMNS: [&str; 17] = [
    "timeStamp",
    "elapsed",
    "label",
    "responseCode",
    "responseMessage",
    "threadName",
    "dataType",
    "success",
    "failureMessage",
    "bytes",
    "sentBytes",
    "grpThreads",
    "allThreads",
    "URL",
    "Latency",
    "IdleTime",
    "Connect",
];
/// A thread hands its rows over when it has gathered so many bytes.
const CHUNK: usize = 64 * 1024;
/// So many chunks may wait for the disk; then the threads wait too, so that memory stays bounded.
const WAITING: usize = 64;
/// How often the end of a run looks whether rows are still being written.
const LOOK: Duration = Duration::from_millis(20);

/// What the thread that writes is told.
enum Word {
    /// Rows to write.
    Rows(Vec<u8>),
    /// No more rows: threads that were given up keep their end of the queue for ever.
    End,
}

/// A JTL file under way.
#[derive(Debug)]
pub struct Jtl {
    queue: SyncSender<Word>,
    /// What became of it.
    outcome: Mutex<Receiver<io::Result<()>>>,
    /// Chunks that were written.
    written: Arc<AtomicU64>,
}

impl Jtl {
    /// Begins a file with the names of the columns.
    ///
    /// # Errors
    /// When the thread that writes it cannot be started.
    pub fn begin(file: File) -> io::Result<Self> {
        let (queue, words) = sync_channel(WAITING);
        let (done, outcome) = channel();
        let written = Arc::<AtomicU64>::default();
        let count = written.clone();
        std::thread::Builder::new().name("jtl".into()).spawn(move || {
            let _ = done.send(write(file, &words, &count));
        })?;
        Ok(Self { queue, outcome: Mutex::new(outcome), written })
    }

    /// Waits until every row is written, as long as it goes on; when nothing was written for
    /// `patience`, asked anew each time, it is given up: nobody reads the other end of a pipe.
    ///
    /// # Errors
    /// When the disk refused, or it did not go on.
    pub fn finish(&self, patience: impl Fn() -> Duration) -> io::Result<()> {
        let outcome = self.outcome.lock().unwrap_or_else(PoisonError::into_inner);
        let (mut told, mut seen, mut idle) = (false, self.written.load(Ordering::Relaxed), Duration::ZERO);
        loop {
            // A full queue has no room for the last word yet; a writer that has failed needs none.
            told = told || !matches!(self.queue.try_send(Word::End), Err(TrySendError::Full(_)));
            match outcome.recv_timeout(LOOK) {
                Ok(written) => return written,
                Err(RecvTimeoutError::Disconnected) => {
                    return Err(io::Error::other("the thread that writes it has failed"));
                }
                Err(RecvTimeoutError::Timeout) => {}
            }
            let now = self.written.load(Ordering::Relaxed);
            idle = if now == seen { idle + LOOK } else { Duration::ZERO };
            seen = now;
            if idle >= patience() {
                return Err(io::Error::new(
                    io::ErrorKind::TimedOut,
                    "nothing more could be written to it; does anybody read it?",
                ));
            }
        }
    }
}

fn write(file: File, words: &Receiver<Word>, written: &AtomicU64) -> io::Result<()> {
    let mut out = BufWriter::new(file);
    out.write_all((COLUMNS.join(",") + "\n").as_bytes())?;
    while let Ok(Word::Rows(rows)) = words.recv() {
        out.write_all(&rows)?;
        written.fetch_add(1, Ordering::Relaxed);
    }
    out.flush()
}

impl Rows for Jtl {
    fn sink(&self, elapsed: Duration) -> Box<dyn RowSink> {
        let now = SystemTime::now().duration_since(SystemTime::UNIX_EPOCH).unwrap_or_default();
        Box::new(ThreadRows {
            queue: self.queue.clone(),
            origin: now.saturating_sub(elapsed),
            rows: csv::Writer::from_writer(Vec::new()),
            gathered: 0,
        })
    }
}

/// One thread's rows.
struct ThreadRows {
    queue: SyncSender<Word>,
    /// When load began, since 1970.
    origin: Duration,
    rows: csv::Writer<Vec<u8>>,
    gathered: usize,
}

impl RowSink for ThreadRows {
    fn row(&mut self, row: &Row<'_>) {
        let ms = |time: Duration| time.as_millis().to_string();
        let (code, message, url) = match row.kind {
            RowKind::Request { status: Some(status), url } => {
                let words = http::StatusCode::from_u16(status).ok().and_then(|status| status.canonical_reason());
                (status.to_string(), words.unwrap_or_default().to_owned(), url)
            }
            RowKind::Request { status: None, url } => {
                let (kind, cause) =
                    row.failure.as_ref().map_or(("unknown", ""), |(kind, cause)| (*kind, cause.as_str()));
                (
                    format!("Non HTTP response code: {kind}"),
                    format!("Non HTTP response message: {}", inline(cause)),
                    url,
                )
            }
            // JMeter's readers know transactions by this very sentence.
            RowKind::Transaction { samples, failed } => (
                String::new(),
                format!("Number of samples in transaction : {samples}, number of failing samples : {failed}"),
                "null",
            ),
        };
        let failure = row.failure.as_ref().map(|(_, cause)| inline(cause)).unwrap_or_default();
        let data_type = if matches!(row.kind, RowKind::Request { status: Some(_), .. }) { "text" } else { "" };
        let record: [&str; 17] = [
            &ms(self.origin + row.started),
            &ms(row.elapsed),
            &clean(row.label),
            &code,
            &message,
            &format!("{} 1-{}", clean(row.group), row.user),
            data_type,
            if row.failure.is_none() { "true" } else { "false" },
            &failure,
            &row.bytes.0.to_string(),
            &row.bytes.1.to_string(),
            &row.users.0.to_string(),
            &row.users.1.to_string(),
            &clean(url),
            &ms(row.latency),
            &ms(row.behind),
            &ms(row.connect),
        ];
        self.gathered += record.iter().map(|field| field.len() + 1).sum::<usize>();
        // Memory takes every row.
        let _ = self.rows.write_record(record);
        if self.gathered >= CHUNK {
            self.flush();
        }
    }

    fn flush(&mut self) {
        self.gathered = 0;
        let rows = std::mem::replace(&mut self.rows, csv::Writer::from_writer(Vec::new()));
        if let Ok(rows) = rows.into_inner()
            && !rows.is_empty()
        {
            // It fails only when the writer has failed, which `finish` tells, or after the end.
            let _ = self.queue.send(Word::Rows(rows));
        }
    }
}
