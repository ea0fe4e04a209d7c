//! The rules of the standard, one by one, and against a reader that follows its text to the letter.
#![expect(clippy::unwrap_used, reason = "a test fails by panicking")]

use proptest::prelude::*;

use super::*;

type SeenEvents = Vec<(String, String, String)>;

/// Feeds pieces to a stream; returns its events, the id to continue after and the time to wait, or the limit.
fn read<'a>(
    stream: &mut EventStream,
    pieces: impl IntoIterator<Item = &'a [u8]>,
) -> (SeenEvents, Result<(), TooLarge>) {
    let mut seen = Vec::new();
    for piece in pieces {
        let mut events = stream.push(piece);
        loop {
            match events.next_event() {
                Ok(Some(event)) => seen.push((event.event.to_owned(), event.data.to_owned(), event.id.to_owned())),
                Ok(None) => break,
                Err(error) => return (seen, Err(error)),
            }
        }
    }
    (seen, Ok(()))
}

fn whole(bytes: &[u8]) -> (SeenEvents, String, Option<Duration>) {
    let mut stream = EventStream::new();
    let (seen, end) = read(&mut stream, [bytes]);
    end.unwrap();
    (seen, stream.last_event_id().to_owned(), stream.retry())
}

/// The standard's algorithm in its own words: decode (BOM sniffed off), split into lines, §9.2.6 for each.
fn by_the_letter(bytes: &[u8]) -> (SeenEvents, String, Option<Duration>) {
    let text = String::from_utf8_lossy(bytes);
    let text = text.strip_prefix('\u{feff}').unwrap_or(&text).replace("\r\n", "\n").replace('\r', "\n");
    let mut lines: Vec<&str> = text.split('\n').collect();
    // What no line end follows is an incomplete line.
    lines.pop();
    let (mut seen, mut last_id, mut retry) = (Vec::new(), String::new(), None);
    let (mut data, mut event, mut id) = (String::new(), String::new(), String::new());
    for line in lines {
        if line.is_empty() {
            last_id.clone_from(&id);
            if !data.is_empty() {
                data.truncate(data.len() - 1);
                let kind = if event.is_empty() { "message".to_owned() } else { event.clone() };
                seen.push((kind, data.clone(), last_id.clone()));
            }
            data.clear();
            event.clear();
            continue;
        }
        if line.starts_with(':') {
            continue;
        }
        let (field, value) = line.split_once(':').unwrap_or((line, ""));
        let value = value.strip_prefix(' ').unwrap_or(value);
        match field {
            "event" => event = value.to_owned(),
            "data" => data = data + value + "\n",
            "id" if !value.contains('\0') => id = value.to_owned(),
            "retry" if !value.is_empty() && value.bytes().all(|byte| byte.is_ascii_digit()) => {
                retry = Some(Duration::from_millis(value.parse().unwrap_or(u64::MAX)));
            }
            _ => {}
        }
    }
    (seen, last_id, retry)
}

/// Type, data and id of an event.
type ExpectedEvent = (&'static str, &'static str, &'static str);

/// Streams and their events. §9.2.5 is the grammar, §9.2.6 what it means.
const RULES: &[(&str, &[u8], &[ExpectedEvent])] = &[
    // The four examples of §9.2.6.
    (
        "lines of data are joined with a line feed",
        b"data: YHOO\ndata: +2\ndata: 10\n\n",
        &[("message", "YHOO\n+2\n10", "")],
    ),
    (
        "comments are ignored, an id holds until another, and `id` alone takes it away",
        b": test stream\n\ndata: first event\nid: 1\n\ndata:second event\nid\n\ndata:  third event\n\n",
        &[("message", "first event", "1"), ("message", "second event", ""), ("message", " third event", "")],
    ),
    (
        "data without a value is an empty line; an event that no blank line ends is discarded",
        b"data\n\ndata\ndata\n\ndata:",
        &[("message", "", ""), ("message", "\n", "")],
    ),
    (
        "one space after the colon is left out",
        b"data:test\n\ndata: test\n\n",
        &[("message", "test", ""), ("message", "test", "")],
    ),
    // §9.2.5
    ("one byte order mark is left out", b"\xef\xbb\xbfdata: a\n\n", &[("message", "a", "")]),
    (
        "a second byte order mark begins the name of a field",
        b"\xef\xbb\xbf\xef\xbb\xbfdata: a\ndata: b\n\n",
        &[("message", "b", "")],
    ),
    ("a byte order mark further on is data", b"data: \xef\xbb\xbfa\n\n", &[("message", "\u{feff}a", "")]),
    ("a part of a byte order mark is none", b"\xef\xbbdata: a\ndata: b\n\n", &[("message", "b", "")]),
    ("a part of a byte order mark is a line that is not blank", b"\xef\ndata: b\n\n", &[("message", "b", "")]),
    (
        "lines end with a carriage return",
        b"data: a\rdata: b\r\rdata: c\r\r",
        &[("message", "a\nb", ""), ("message", "c", "")],
    ),
    (
        "lines end with both",
        b"data: a\r\ndata: b\r\n\r\ndata: c\r\n\r\n",
        &[("message", "a\nb", ""), ("message", "c", "")],
    ),
    (
        "a line feed and a carriage return are two line ends",
        b"data: a\n\rdata: b\n\r",
        &[("message", "a", ""), ("message", "b", "")],
    ),
    ("line ends may be mixed", b"data: a\r\ndata: b\rdata: c\n\r\n", &[("message", "a\nb\nc", "")]),
    ("a stream may begin with line ends", b"\r\n\n\rdata: a\n\n", &[("message", "a", "")]),
    // §9.2.6, the fields.
    (
        "the type of an event is its own",
        b"event: add\ndata: 1\n\ndata: 2\n\n",
        &[("add", "1", ""), ("message", "2", "")],
    ),
    ("the last type counts", b"event: add\nevent: remove\ndata: 1\n\n", &[("remove", "1", "")]),
    (
        "an empty type is no type",
        b"event: add\nevent\ndata: 1\n\nevent:\ndata: 2\n\n",
        &[("message", "1", ""), ("message", "2", "")],
    ),
    ("an event without data is none, and its type is forgotten", b"event: add\n\ndata: 1\n\n", &[("message", "1", "")]),
    ("an event without data keeps its id", b"id: 7\n\ndata: 1\n\n", &[("message", "1", "7")]),
    ("an id with NUL is ignored", b"id: 1\nid: 2\x003\ndata: a\n\n", &[("message", "a", "1")]),
    ("data may hold NUL", b"data: \0\n\n", &[("message", "\0", "")]),
    ("an id may hold anything else", b"id: \xc3\xbc: 1 \ndata: a\n\n", &[("message", "a", "ü: 1 ")]),
    (
        "names are compared exactly",
        b"Data: a\ndata : b\n data: c\ndatum: d\ndat: e\ndatas: f\ndata: g\n\n",
        &[("message", "g", "")],
    ),
    ("a line without a colon is a name", b"datadata\ndata\n\n", &[("message", "", "")]),
    ("only the first colon divides", b"data:a:b: c\n\n", &[("message", "a:b: c", "")]),
    ("a line of a space is not blank", b"data: a\n \ndata: b\n\n", &[("message", "a\nb", "")]),
    ("a colon alone is a comment", b":\ndata: a\n:\n\n", &[("message", "a", "")]),
    ("only one space is left out, and no tab", b"data:\ta\ndata:  b\ndata: \n\n", &[("message", "\ta\n b\n", "")]),
    // §9.2.5 decodes as UTF-8; the Encoding standard has one U+FFFD for each ill-formed part.
    (
        "what is not UTF-8 is replaced",
        b"event: \xff\ndata: \xe2\x82\ndata: \xac\xf0\x9f\x98\n\n",
        &[("\u{fffd}", "\u{fffd}\n\u{fffd}\u{fffd}", "")],
    ),
    ("characters of several bytes are kept", "data: 日本 😀\n\n".as_bytes(), &[("message", "日本 😀", "")]),
    ("an event whose last line has no end is discarded", b"data: a\n\ndata: b\n", &[("message", "a", "")]),
];

fn owned(events: &[ExpectedEvent]) -> SeenEvents {
    events.iter().map(|(event, data, id)| ((*event).to_owned(), (*data).to_owned(), (*id).to_owned())).collect()
}

#[test]
fn the_rules_of_the_standard() {
    for (rule, stream, expected) in RULES {
        assert_eq!(whole(stream).0, owned(expected), "{rule}");
        assert_eq!(whole(stream), by_the_letter(stream), "{rule}");
    }
}

#[test]
fn a_stream_may_be_cut_anywhere() {
    let all: Vec<u8> = RULES.iter().flat_map(|(_, stream, _)| [stream, b"\n\n".as_slice()].concat()).collect();
    for stream in RULES.iter().map(|(_, stream, _)| *stream).chain([&*all]) {
        let expected = whole(stream);
        for cut in 0..=stream.len() {
            let (head, tail) = stream.split_at(cut);
            let mut reader = EventStream::new();
            let (seen, _) = read(&mut reader, [head, tail]);
            let told = (seen, reader.last_event_id().to_owned(), reader.retry());
            assert_eq!(told, expected, "{} | {}", head.escape_ascii(), tail.escape_ascii());
        }
        let mut reader = EventStream::new();
        assert_eq!(read(&mut reader, stream.chunks(1)).0, expected.0, "{}", stream.escape_ascii());
    }
}

#[test]
fn an_event_is_told_with_its_last_byte() {
    // §9.2.6 dispatches at the blank line, which has ended with its carriage return.
    let mut stream = EventStream::new();
    let (seen, _) = read(&mut stream, [b"data: a\r\n\r".as_slice()]);
    assert_eq!(seen, owned(&[("message", "a", "")]));
    assert_eq!(read(&mut stream, [b"\ndata: b\r\n\r".as_slice()]).0, owned(&[("message", "b", "")]));
}

#[test]
fn the_id_to_continue_after_is_that_of_the_last_whole_event() {
    // §9.2.6: the last event ID string is set when an event is dispatched, with data or without.
    for (stream, expected) in [
        ("id: 1\ndata: a\n\nid: 2\n", "1"),
        ("id: 1\ndata: a\n\nid: 2\n\n", "2"),
        ("id: 1\ndata: a\n\nid\n\n", ""),
        ("data: a\n\n", ""),
    ] {
        assert_eq!(whole(stream.as_bytes()).1, expected, "{stream:?}");
    }
}

#[test]
fn the_time_to_wait_is_a_number_of_digits() {
    // §9.2.6: only ASCII digits, base ten; anything else is ignored. It holds from its line on.
    for (stream, expected) in [
        ("retry: 1000\n", Some(1000)),
        ("retry:0050\n", Some(50)),
        ("retry: 1000\nretry: 1s\n", Some(1000)),
        ("retry: 1000\nretry\nretry:\nretry: -1\nretry:  2\nretry: 3 \nretry: 4.5\nretry: ٣\n", Some(1000)),
        ("retry: 1000\nretry: 99999999999999999999999\n", Some(u64::MAX)),
        ("retry: 1000", None),
        ("data: a\n\n", None),
    ] {
        assert_eq!(whole(stream.as_bytes()).2, expected.map(Duration::from_millis), "{stream:?}");
    }
}

#[test]
fn an_event_may_have_as_many_bytes_as_the_limit() {
    let error = TooLarge { limit: 10 };
    assert_eq!(error.to_string(), "an event of the stream has more than 10 bytes");
    for (stream, seen, end) in [
        ("data: 0123456789\n\ndata: 0123456789\n\n", 2, Ok(())),
        ("data: 0123456789A\n\n", 0, Err(error)),
        // Ten characters and the line feed between the lines.
        ("data: 01234\ndata: 5678\n\n", 1, Ok(())),
        ("data: 01234\ndata: 56789\n\n", 0, Err(error)),
        ("data: 1\n\ndata\ndata\ndata\ndata\ndata\ndata\ndata\ndata\ndata\ndata\ndata\ndata\n\n", 1, Err(error)),
        ("event: 01234\nid: 56\ndata: 789\n\n", 1, Ok(())),
        ("event: 01234\nid: 56\ndata: 789A\n\n", 0, Err(error)),
        ("event: 01234\nevent: 01234\nevent: 0\n", 0, Err(error)),
        // Nothing of these is kept.
        (": a comment\nunknown: 0123456789\nlonger than ten\nretry: 00000000000001\ndata: 0\n\n", 1, Ok(())),
    ] {
        for size in 1..=stream.len() {
            let mut reader = EventStream::with_limit(10);
            let (told, ended) = read(&mut reader, stream.as_bytes().chunks(size));
            assert_eq!((told.len(), ended), (seen, end), "{stream:?} in pieces of {size}");
            // A stream that has failed does not go on in the middle of an event.
            assert_eq!(read(&mut reader, [b"\n\ndata: a\n\n".as_slice()]).1, end);
        }
    }
}

#[test]
fn what_a_stream_keeps_is_bounded() {
    let mut stream = EventStream::new();
    let large = format!("event: {0}\nid: {0}\ndata: {0}\n\n", "x".repeat(300_000));
    assert_eq!(read(&mut stream, [large.as_bytes()]).0.len(), 1);
    for _ in 0..2 {
        assert_eq!(read(&mut stream, [b"event: a\nid: a\ndata: a\n\n".as_slice()]).0.len(), 1);
    }
    let told = &stream.told;
    for capacity in [stream.data.capacity(), stream.event.capacity(), stream.id.capacity()] {
        assert!(capacity <= KEPT, "{capacity}");
    }
    assert!(told.data.capacity() <= KEPT && told.event.capacity() <= KEPT);
    // Comments without an end take nothing.
    let mut stream = EventStream::with_limit(10);
    for _ in 0..1000 {
        assert!(read(&mut stream, [[b':'; 1000].as_slice()]).1.is_ok());
    }
    assert_eq!((stream.data.capacity(), stream.event.capacity(), stream.id.capacity()), (0, 0, 0));
}

/// Text of pieces that mean something in a stream.
fn streams() -> impl Strategy<Value = Vec<u8>> {
    let piece = prop::sample::select(vec![
        b"data".to_vec(),
        b"event".to_vec(),
        b"id".to_vec(),
        b"retry".to_vec(),
        b"data: a\n".to_vec(),
        b"id: 1\n".to_vec(),
        b":".to_vec(),
        b": ".to_vec(),
        b" ".to_vec(),
        b"\n".to_vec(),
        b"\n\n".to_vec(),
        b"\r".to_vec(),
        b"\r\n".to_vec(),
        b"\0".to_vec(),
        b"17".to_vec(),
        "ü😀".into(),
        b"\xef\xbb\xbf".to_vec(),
        b"\xf0\x9f".to_vec(),
        b"\xff".to_vec(),
    ]);
    prop::collection::vec(piece, 0..40).prop_map(|pieces| pieces.concat())
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(2000))]

    #[test]
    fn every_stream_is_read_as_by_the_letter(
        stream in streams(),
        cuts in prop::collection::vec(any::<prop::sample::Index>(), 0..6),
    ) {
        let mut cuts: Vec<_> = cuts.into_iter().map(|cut| cut.index(stream.len() + 1)).collect();
        cuts.sort_unstable();
        cuts.push(stream.len());
        let pieces = cuts.into_iter().scan(0, |from, to| {
            let piece = &stream[*from..to];
            *from = to;
            Some(piece)
        });
        let mut reader = EventStream::new();
        let (seen, _) = read(&mut reader, pieces);
        prop_assert_eq!((seen, reader.last_event_id().to_owned(), reader.retry()), by_the_letter(&stream));
    }
}
