//! One row per sample in the column order of JMeter's JTL files, streamed while the run goes.
//!
//! `elapsed` is the response time that thresholds judge: in an open model it counts from the
//! scheduled start, and `IdleTime` is the part of it before the request was sent.
//!
//! A label is written as it is, also one that begins with `=`, `+`, `-` or `@`: JMeter's readers put
//! rows together by it. Spreadsheets take such a cell for a formula; `report --csv` is made for them.

use std::fs::File;
use std::io::{self, BufWriter, Write};
use std::sync::mpsc::{Receiver, SyncSender, sync_channel};
use std::sync::{Mutex, PoisonError};
use std::thread::JoinHandle;
use std::time::{Duration, SystemTime};

use super::{clean, inline};
use crate::engine::{Row, RowKind, RowSink, Rows};

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

/// A JTL file under way.
#[derive(Debug)]
pub struct Jtl {
    chunks: Mutex<Option<SyncSender<Vec<u8>>>>,
    writer: Mutex<Option<JoinHandle<io::Result<()>>>>,
}

impl Jtl {
    /// Begins a file with the names of the columns.
    ///
    /// # Errors
    /// When the thread that writes it cannot be started.
    pub fn begin(file: File) -> io::Result<Self> {
        let (sender, receiver) = sync_channel(WAITING);
        let writer = std::thread::Builder::new().name("jtl".into()).spawn(move || write(file, &receiver))?;
        Ok(Self { chunks: Mutex::new(Some(sender)), writer: Mutex::new(Some(writer)) })
    }

    /// Waits until every row is written.
    ///
    /// # Errors
    /// When the disk refused.
    pub fn finish(&self) -> io::Result<()> {
        drop(self.chunks.lock().unwrap_or_else(PoisonError::into_inner).take());
        match self.writer.lock().unwrap_or_else(PoisonError::into_inner).take().map(JoinHandle::join) {
            Some(Ok(written)) => written,
            Some(Err(_)) => Err(io::Error::other("the thread that writes it has failed")),
            None => Ok(()),
        }
    }
}

fn write(file: File, chunks: &Receiver<Vec<u8>>) -> io::Result<()> {
    let mut out = BufWriter::new(file);
    out.write_all((COLUMNS.join(",") + "\n").as_bytes())?;
    for chunk in chunks {
        out.write_all(&chunk)?;
    }
    out.flush()
}

impl Rows for Jtl {
    fn sink(&self, elapsed: Duration) -> Box<dyn RowSink> {
        let now = SystemTime::now().duration_since(SystemTime::UNIX_EPOCH).unwrap_or_default();
        Box::new(Sink {
            chunks: self.chunks.lock().unwrap_or_else(PoisonError::into_inner).clone(),
            origin: now.saturating_sub(elapsed),
            rows: csv::Writer::from_writer(Vec::new()),
            gathered: 0,
        })
    }
}

/// One thread's rows.
struct Sink {
    chunks: Option<SyncSender<Vec<u8>>>,
    /// When load began, since 1970.
    origin: Duration,
    rows: csv::Writer<Vec<u8>>,
    gathered: usize,
}

impl RowSink for Sink {
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
        if let (Ok(chunk), Some(chunks)) = (rows.into_inner(), &self.chunks)
            && !chunk.is_empty()
        {
            // It fails only when the writer has failed, which `finish` tells.
            let _ = chunks.send(chunk);
        }
    }
}
