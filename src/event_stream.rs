//! Parses server-sent events as they arrive: the event stream of the WHATWG HTML standard, §9.2.5 and §9.2.6
//! (<https://html.spec.whatwg.org/multipage/server-sent-events.html>).

#[cfg(test)]
mod tests;

use std::time::Duration;

/// The most bytes an event may have unless the caller says otherwise: 1 MiB.
pub const MAX_EVENT: usize = 1024 * 1024;
/// The bytes of memory that a buffer keeps for the next event: thousands of streams may be open at once.
const KEPT: usize = 16 * 1024;
/// How a stream may begin, which is no part of its first line (§9.2.5).
const BYTE_ORDER_MARK: &[u8] = b"\xef\xbb\xbf";
/// The type of an event that names none.
const MESSAGE: &str = "message";

/// An event of the stream. What was not UTF-8 in it is U+FFFD.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Event<'a> {
    /// Its type, `message` unless the stream says another.
    pub event: &'a str,
    /// Its data; several `data` lines are joined with line feeds.
    pub data: &'a str,
    /// The last id the stream has told, with this event or before; empty when it has told none.
    pub id: &'a str,
}

/// An event is larger than the reader takes. Nothing more can be read of this stream.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct TooLarge {
    /// The limit, in bytes.
    pub limit: usize,
}

impl std::fmt::Display for TooLarge {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "an event of the stream has more than {} bytes", self.limit)
    }
}

impl std::error::Error for TooLarge {}

/// A field that means something; others are ignored.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Field {
    Event,
    Data,
    Id,
    Retry,
}

impl Field {
    const ALL: [(&'static [u8], Self); 4] =
        [(b"event", Self::Event), (b"data", Self::Data), (b"id", Self::Id), (b"retry", Self::Retry)];

    fn named(name: &[u8]) -> Option<Self> {
        Self::ALL.iter().find(|(known, _)| *known == name).map(|(_, field)| *field)
    }
}

/// Where in a line the next byte is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum LinePart {
    /// At the beginning of the stream, after this number of bytes of a byte order mark.
    Mark(usize),
    /// In the name of a field. A line that ends before it has begun is blank.
    Name,
    /// After the colon, where one space is omitted.
    Colon(Field),
    Value(Field),
    /// In a comment or a field that is ignored.
    Ignored,
}

/// The value of a `retry` field, which must be a number.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum RetryValue {
    Empty,
    Is(u64),
    Invalid,
}

impl RetryValue {
    fn followed_by(self, byte: u8) -> Self {
        let digit = match byte {
            b'0'..=b'9' => u64::from(byte - b'0'),
            _ => return Self::Invalid,
        };
        match self {
            Self::Empty => Self::Is(digit),
            Self::Is(number) => Self::Is(number.saturating_mul(10).saturating_add(digit)),
            Self::Invalid => Self::Invalid,
        }
    }
}

/// A stream that is being read. Bytes go in with [`push`](Self::push) as they come, cut anywhere. An event that is
/// not complete when the stream ends is not told (§9.2.6).
///
/// Memory is bounded by a small multiple of the limit. Each byte is looked at once. Once buffers have grown to the
/// size of the stream's events, nothing is allocated for an event that is UTF-8.
#[derive(Debug)]
pub struct EventStream {
    limit: usize,
    failed: bool,
    place: LinePart,
    /// The last byte was a carriage return: a line feed now belongs to the same line end.
    after_return: bool,
    /// The beginning of a field's name. No known name is longer.
    name: [u8; 5],
    name_length: usize,
    /// Bytes in the values of the event's fields so far.
    size: usize,
    /// The data buffer without the line feed at its end.
    data: Vec<u8>,
    /// There was a `data` field, so the standard's data buffer is not empty.
    has_data: bool,
    /// The event type buffer.
    event: Vec<u8>,
    /// The value of the last `id` field.
    id: Vec<u8>,
    /// The last event ID buffer.
    last_id: String,
    number: RetryValue,
    retry: Option<Duration>,
    told: LastEvent,
}

/// What was dispatched last.
#[derive(Debug, Default)]
struct LastEvent {
    event: String,
    data: String,
    id: String,
}

/// The events that a piece of the stream completes.
#[derive(Debug)]
pub struct Events<'s, 'b> {
    stream: &'s mut EventStream,
    bytes: &'b [u8],
}

impl Events<'_, '_> {
    /// The next event, `None` when more of the stream is needed. Call it until then: what has not been read of the
    /// piece is lost when this is dropped.
    ///
    /// # Errors
    ///
    /// When the next event is larger than the limit, now and in every later call.
    pub fn next_event(&mut self) -> Result<Option<Event<'_>>, TooLarge> {
        while !self.bytes.is_empty() {
            if self.stream.step(&mut self.bytes)? {
                let LastEvent { event, data, id } = &self.stream.told;
                let event = if event.is_empty() { MESSAGE } else { event };
                return Ok(Some(Event { event, data, id }));
            }
        }
        Ok(None)
    }
}

impl Default for EventStream {
    fn default() -> Self {
        Self::new()
    }
}

impl EventStream {
    /// A stream whose events have at most [`MAX_EVENT`] bytes.
    pub fn new() -> Self {
        Self::with_limit(MAX_EVENT)
    }

    /// A stream with another limit, in bytes, on the values of all fields of an event together. Comments and
    /// unknown fields are not kept and do not count.
    pub fn with_limit(limit: usize) -> Self {
        Self {
            limit,
            failed: false,
            place: LinePart::Mark(0),
            after_return: false,
            name: [0; 5],
            name_length: 0,
            size: 0,
            data: Vec::new(),
            has_data: false,
            event: Vec::new(),
            id: Vec::new(),
            last_id: String::new(),
            number: RetryValue::Empty,
            retry: None,
            told: LastEvent::default(),
        }
    }

    /// Takes the next piece of the stream and gives the events it completes.
    pub fn push<'s, 'b>(&'s mut self, bytes: &'b [u8]) -> Events<'s, 'b> {
        Events { stream: self, bytes }
    }

    /// The id to continue after when the stream is asked for again, for the header `Last-Event-ID` (§9.2.3); empty
    /// when the stream has told none.
    pub fn last_event_id(&self) -> &str {
        &self.told.id
    }

    /// How long to wait before the stream is asked for again, if the stream has said so.
    pub fn retry(&self) -> Option<Duration> {
        self.retry
    }

    /// Reads at least one of the bytes; tells whether it has completed an event.
    fn step(&mut self, bytes: &mut &[u8]) -> Result<bool, TooLarge> {
        if self.failed {
            return Err(TooLarge { limit: self.limit });
        }
        let Some((&byte, rest)) = bytes.split_first() else { return Ok(false) };
        if std::mem::take(&mut self.after_return) && byte == b'\n' {
            *bytes = rest;
            return Ok(false);
        }
        if let LinePart::Mark(length) = self.place {
            if byte == BYTE_ORDER_MARK[length] {
                *bytes = rest;
                let whole = length + 1 == BYTE_ORDER_MARK.len();
                self.place = if whole { LinePart::Name } else { LinePart::Mark(length + 1) };
                return Ok(false);
            }
            // A part of the mark is the beginning of a name that nobody knows.
            self.place = if length == 0 { LinePart::Name } else { LinePart::Ignored };
        }
        if let b'\n' | b'\r' = byte {
            *bytes = rest;
            self.after_return = byte == b'\r';
            return self.end_line();
        }
        match self.place {
            LinePart::Mark(_) | LinePart::Name => {
                *bytes = rest;
                if byte == b':' {
                    let field = Field::named(&self.name[..self.name_length]);
                    self.place = field.map_or(LinePart::Ignored, LinePart::Colon);
                    field.map_or(Ok(()), |field| self.begin_value(field))?;
                } else if let Some(place) = self.name.get_mut(self.name_length) {
                    *place = byte;
                    self.name_length += 1;
                } else {
                    self.place = LinePart::Ignored;
                }
            }
            LinePart::Colon(field) => {
                if byte == b' ' {
                    *bytes = rest;
                }
                self.place = LinePart::Value(field);
            }
            LinePart::Value(field) => {
                let value = until_line_end(bytes);
                self.take_value(field, value)?;
                *bytes = &bytes[value.len()..];
            }
            LinePart::Ignored => *bytes = &bytes[until_line_end(bytes).len()..],
        }
        Ok(false)
    }

    /// Ends a line (§9.2.6); tells whether it has completed an event.
    fn end_line(&mut self) -> Result<bool, TooLarge> {
        let field = match std::mem::replace(&mut self.place, LinePart::Name) {
            LinePart::Mark(_) | LinePart::Name if self.name_length == 0 => return Ok(self.dispatch()),
            LinePart::Mark(_) | LinePart::Name => {
                // The whole line is the name, and the value is empty.
                let field = Field::named(&self.name[..self.name_length]);
                field.map_or(Ok(()), |field| self.begin_value(field))?;
                field
            }
            LinePart::Colon(field) | LinePart::Value(field) => Some(field),
            LinePart::Ignored => None,
        };
        self.name_length = 0;
        match field {
            Some(Field::Id) if !self.id.contains(&0) => to_text(&mut self.id, &mut self.last_id),
            Some(Field::Retry) => match self.number {
                RetryValue::Is(milliseconds) => self.retry = Some(Duration::from_millis(milliseconds)),
                RetryValue::Empty | RetryValue::Invalid => {}
            },
            Some(Field::Id | Field::Event | Field::Data) | None => {}
        }
        Ok(false)
    }

    fn begin_value(&mut self, field: Field) -> Result<(), TooLarge> {
        match field {
            Field::Event => self.event.clear(),
            Field::Id => self.id.clear(),
            Field::Retry => self.number = RetryValue::Empty,
            Field::Data => {
                if std::mem::replace(&mut self.has_data, true) {
                    self.take_value(field, b"\n")?;
                }
            }
        }
        Ok(())
    }

    /// Takes a piece of a field's value.
    fn take_value(&mut self, field: Field, piece: &[u8]) -> Result<(), TooLarge> {
        let buffer = match field {
            Field::Event => &mut self.event,
            Field::Data => &mut self.data,
            Field::Id => &mut self.id,
            Field::Retry => {
                self.number = piece.iter().fold(self.number, |number, byte| number.followed_by(*byte));
                return Ok(());
            }
        };
        self.size += piece.len();
        if self.size > self.limit {
            let limit = self.limit;
            let told = std::mem::take(&mut self.told);
            *self = Self { failed: true, retry: self.retry, told, ..Self::with_limit(limit) };
            return Err(TooLarge { limit });
        }
        buffer.extend_from_slice(piece);
        Ok(())
    }

    /// Dispatches the event (§9.2.6); tells whether there is one.
    fn dispatch(&mut self) -> bool {
        if self.told.id != self.last_id {
            self.told.id.clone_from(&self.last_id);
        }
        self.size = 0;
        if !std::mem::take(&mut self.has_data) {
            self.event.clear();
            return false;
        }
        to_text(&mut self.event, &mut self.told.event);
        to_text(&mut self.data, &mut self.told.data);
        true
    }
}

/// What is before the end of the line.
fn until_line_end(bytes: &[u8]) -> &[u8] {
    let end = bytes.iter().position(|byte| matches!(byte, b'\n' | b'\r'));
    end.map_or(bytes, |end| &bytes[..end])
}

/// Makes a text of a buffer, and of the old text an empty buffer, so that their memory is used again. Fields are
/// divided by ASCII, so decoding each by itself gives what decoding the whole stream would.
fn to_text(buffer: &mut Vec<u8>, text: &mut String) {
    let mut next = std::mem::take(text).into_bytes();
    next.clear();
    next.shrink_to(KEPT);
    *text = String::from_utf8(std::mem::replace(buffer, next))
        .unwrap_or_else(|error| String::from_utf8_lossy(error.as_bytes()).into_owned());
}
