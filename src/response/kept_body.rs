//! The part of a response's body that is kept.
//!
//! Many users may receive large bodies at the same time, and a body that has come waits until the
//! others of its thread are evaluated. Once all users together keep [`MAX_PLAIN`] bytes of large
//! bodies, what more of them comes is packed, block by block, and unpacked when somebody looks into
//! the body. That costs some processor time and changes nothing else.

use std::cell::{OnceCell, RefCell};
use std::fmt;
use std::ops::Deref;
use std::rc::Rc;
use std::sync::atomic::{AtomicUsize, Ordering::Relaxed};

use bytes::Bytes;
use zstd::bulk::{Compressor, Decompressor};

/// How many bytes all users keep of large bodies as they are.
pub(crate) const MAX_PLAIN: usize = 24 * 1024 * 1024;
/// How many bytes are counted or packed at a time. A body with no more is not large.
pub(crate) const BLOCK: usize = 128 * 1024;
/// The fastest level that packs letters and digits too.
const LEVEL: i32 = 1;
/// How many blocks are kept as they are after one that does not get smaller.
const SKIPPED: u32 = 7;

/// How many bytes of large bodies are kept as they are, in blocks.
static PLAIN: AtomicUsize = AtomicUsize::new(0);

thread_local! {
    /// What packs, and what it packs to.
    static PACKER: RefCell<Option<(Compressor<'static>, Vec<u8>)>> = const { RefCell::new(None) };
}

/// Bytes that are counted as long as this lives.
#[derive(Debug, Default)]
struct Counted(usize);

impl Counted {
    /// Counts one more block, if there is room for it.
    fn grow(&mut self) -> bool {
        let room = PLAIN.fetch_add(BLOCK, Relaxed) < MAX_PLAIN;
        if room {
            self.0 += BLOCK;
        } else {
            PLAIN.fetch_sub(BLOCK, Relaxed);
        }
        room
    }
}

impl Drop for Counted {
    fn drop(&mut self) {
        if self.0 > 0 {
            PLAIN.fetch_sub(self.0, Relaxed);
        }
    }
}

/// Bytes as they came, counted if they are many.
#[derive(Debug, Default)]
struct Plain {
    bytes: Vec<u8>,
    counted: Counted,
}

impl AsRef<[u8]> for Plain {
    fn as_ref(&self) -> &[u8] {
        &self.bytes
    }
}

impl Plain {
    /// How much more can be taken; nothing if it would have to be packed.
    fn room(&mut self) -> usize {
        let room = BLOCK + self.counted.0 - self.bytes.len();
        if room > 0 || !self.counted.grow() { room } else { BLOCK }
    }
}

/// The beginning of a body as it comes, and how long it is.
#[derive(Debug)]
pub(crate) struct KeptBody {
    plain: Plain,
    /// What comes after that, once there was no more room.
    packed: Option<Box<Packing>>,
    total: u64,
    max: u64,
}

impl KeptBody {
    /// Keeps nothing beyond `max` bytes.
    pub(crate) fn new(max: u64) -> Self {
        Self { plain: Plain::default(), packed: None, total: 0, max }
    }

    /// Takes the next piece. `announced` is the length of the whole, 0 if it is not known.
    pub(crate) fn take(&mut self, data: &[u8], announced: u64) {
        let room = usize::try_from(self.max.saturating_sub(self.total)).unwrap_or(usize::MAX).min(data.len());
        self.total += data.len() as u64;
        let mut data = &data[..room];
        while !data.is_empty() {
            if let Some(packed) = &mut self.packed {
                return packed.take(data);
            }
            let (now, later) = data.split_at(self.plain.room().min(data.len()));
            if now.is_empty() {
                let mut packed = Box::<Packing>::default();
                if self.plain.counted.0 == 0 {
                    packed.take(&std::mem::take(&mut self.plain.bytes));
                }
                self.packed = Some(packed);
            } else {
                self.extend(now, announced);
            }
            data = later;
        }
    }

    fn extend(&mut self, data: &[u8], announced: u64) {
        let bytes = &mut self.plain.bytes;
        // What a server announces is believed as far as it does no harm, and what is kept never
        // takes more than `max_body`.
        let most = usize::try_from(if announced > 0 { announced.min(self.max) } else { self.max }).unwrap_or(0);
        let needed = bytes.len() + data.len();
        if needed > bytes.capacity() {
            let roomy = match (bytes.is_empty(), announced) {
                (true, 0) => 0,
                (true, _) => most.min(1024 * 1024),
                (false, _) => (bytes.capacity() * 2).min(most),
            };
            bytes.reserve_exact(roomy.max(needed) - bytes.len());
        }
        bytes.extend_from_slice(data);
    }

    /// What was kept, and the length of the whole.
    pub(crate) fn finish(self) -> (Body, u64) {
        let body = match self.packed {
            None if self.plain.counted.0 == 0 => self.plain.bytes.into(),
            None => Bytes::from_owner(self.plain).into(),
            Some(packed) => {
                let packed = Packed { plain: self.plain, blocks: packed.finish() };
                let length = usize::try_from(self.total.min(self.max)).unwrap_or(usize::MAX);
                Body(Held::Packed(Box::new(Unpacked { length, bytes: OnceCell::new(), packed: Rc::new(packed) })))
            }
        };
        (body, self.total)
    }
}

/// Packs what comes.
#[derive(Debug, Default)]
struct Packing {
    blocks: Vec<Block>,
    last: Vec<u8>,
    /// How many blocks are not tried.
    skipped: u32,
}

/// A piece of a body: at most [`BLOCK`] bytes.
#[derive(Debug)]
enum Block {
    Plain(Vec<u8>),
    Packed(Box<[u8]>),
}

impl Packing {
    fn take(&mut self, mut data: &[u8]) {
        while !data.is_empty() {
            let (now, later) = data.split_at((BLOCK - self.last.len()).min(data.len()));
            self.last.extend_from_slice(now);
            data = later;
            if self.last.len() == BLOCK {
                self.pack();
            }
        }
    }

    fn pack(&mut self) {
        if self.skipped > 0 {
            self.skipped -= 1;
        } else if let Some(packed) = packed(&self.last) {
            self.last.clear();
            return self.blocks.push(Block::Packed(packed));
        } else {
            self.skipped = SKIPPED;
        }
        let mut plain = std::mem::take(&mut self.last);
        plain.shrink_to_fit();
        self.blocks.push(Block::Plain(plain));
    }

    fn finish(mut self) -> Vec<Block> {
        if !self.last.is_empty() {
            self.pack();
        }
        self.blocks
    }
}

/// The bytes in less room, if they take at least an eighth less.
fn packed(bytes: &[u8]) -> Option<Box<[u8]>> {
    PACKER.with_borrow_mut(|packer| {
        if packer.is_none() {
            *packer = Some((Compressor::new(LEVEL).ok()?, vec![0; zstd::zstd_safe::compress_bound(BLOCK)]));
        }
        let (packer, room) = packer.as_mut()?;
        let length = packer.compress_to_buffer(bytes, room).ok()?;
        (length < bytes.len() - bytes.len() / 8).then(|| room[..length].into())
    })
}

#[derive(Debug)]
struct Packed {
    plain: Plain,
    blocks: Vec<Block>,
}

impl Packed {
    fn unpacked(&self, length: usize) -> Bytes {
        let mut bytes = Vec::with_capacity(length);
        bytes.extend_from_slice(&self.plain.bytes);
        let mut room = vec![0; BLOCK];
        let mut unpacker = None;
        for block in &self.blocks {
            match block {
                Block::Plain(plain) => bytes.extend_from_slice(plain),
                Block::Packed(packed) => {
                    let unpacker = unpacker.get_or_insert_with(Decompressor::default);
                    // It was packed here, so this is as impossible as a broken memory.
                    let count = unpacker
                        .decompress_to_buffer(packed, &mut room)
                        .unwrap_or_else(|error| panic!("a kept body cannot be unpacked: {error}"));
                    bytes.extend_from_slice(&room[..count]);
                }
            }
        }
        bytes.into()
    }
}

/// The kept part of a body. It reads as bytes, which are unpacked on first use.
#[derive(Clone, Default)]
pub struct Body(Held);

#[derive(Clone)]
enum Held {
    Plain(Bytes),
    Packed(Box<Unpacked>),
    /// Only how many there were.
    Forgotten(usize),
}

impl Default for Held {
    fn default() -> Self {
        Self::Plain(Bytes::new())
    }
}

#[derive(Clone)]
struct Unpacked {
    length: usize,
    bytes: OnceCell<Bytes>,
    packed: Rc<Packed>,
}

static NOTHING: Bytes = Bytes::new();

impl Body {
    /// How many bytes are kept.
    pub fn len(&self) -> usize {
        match &self.0 {
            Held::Plain(bytes) => bytes.len(),
            Held::Packed(packed) => packed.length,
            Held::Forgotten(length) => *length,
        }
    }

    /// Whether nothing is kept.
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }

    /// Releases the unpacked bytes; whether there were any. They are unpacked again when they are asked for.
    pub(crate) fn repack(&mut self) -> bool {
        match &mut self.0 {
            Held::Packed(packed) => packed.bytes.take().is_some(),
            Held::Plain(_) | Held::Forgotten(_) => false,
        }
    }

    /// Releases all bytes; only how many there were stays.
    pub(crate) fn forget(&mut self) {
        self.0 = Held::Forgotten(self.len());
    }
}

impl Deref for Body {
    type Target = Bytes;

    fn deref(&self) -> &Bytes {
        match &self.0 {
            Held::Plain(bytes) => bytes,
            Held::Packed(held) => held.bytes.get_or_init(|| held.packed.unpacked(held.length)),
            Held::Forgotten(_) => &NOTHING,
        }
    }
}

impl From<Bytes> for Body {
    fn from(bytes: Bytes) -> Self {
        Self(Held::Plain(bytes))
    }
}

impl From<Vec<u8>> for Body {
    fn from(bytes: Vec<u8>) -> Self {
        Bytes::from(bytes).into()
    }
}

impl<T: ?Sized> PartialEq<T> for Body
where
    Bytes: PartialEq<T>,
{
    fn eq(&self, other: &T) -> bool {
        **self == *other
    }
}

impl fmt::Debug for Body {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        (**self).fmt(f)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn packed_of(body: &Body) -> Option<&Packed> {
        match &body.0 {
            Held::Packed(held) => Some(&held.packed),
            Held::Plain(_) | Held::Forgotten(_) => None,
        }
    }

    /// Numbers that follow no pattern.
    fn noise(count: usize) -> Vec<u8> {
        (0..count as u64).map(|at| (at.wrapping_mul(0x9E37_79B9_7F4A_7C15) >> 56) as u8 ^ (at >> 9) as u8).collect()
    }

    /// What a body of these bytes is kept as, in pieces of such a size.
    fn kept(bytes: &[u8], piece: usize, max: u64, room: bool) -> Body {
        let mut kept = KeptBody::new(max);
        if !room {
            kept.packed = Some(Box::default());
        }
        bytes.chunks(piece).for_each(|piece| kept.take(piece, 0));
        let (body, total) = kept.finish();
        assert_eq!(total, bytes.len() as u64);
        body
    }

    #[test]
    fn a_body_is_the_same_packed_or_not() {
        let text: Vec<u8> = (0..300_000).flat_map(|number| format!("<a>{number}</a>").into_bytes()).collect();
        let mixed = [&noise(BLOCK + 1), &text[..3 * BLOCK], &noise(BLOCK), &vec![0; 20 * BLOCK][..]].concat();
        for bytes in [&text[..], &mixed, &text[..BLOCK], &text[..BLOCK - 1], &text[..1], b""] {
            for (piece, max) in [(1000, 1 << 30), (BLOCK + 7, 1 << 30), (bytes.len().max(1), 3_000_000)] {
                let expected = &bytes[..bytes.len().min(max)];
                for room in [true, false] {
                    let mut body = kept(bytes, piece, max as u64, room);
                    assert_eq!(body.len(), expected.len());
                    assert!(body == *expected, "{} bytes in pieces of {piece}, room {room}", bytes.len());
                    body.repack();
                    assert!(body == *expected);
                    body.forget();
                    assert_eq!((body.len(), &body[..]), (expected.len(), &b""[..]));
                }
            }
        }
    }

    #[test]
    fn what_can_be_packed_takes_less_room() {
        let text: Vec<u8> = (0..300_000).flat_map(|number| format!("<a>{number}</a>").into_bytes()).collect();
        let body = kept(&text, 10_000, 1 << 30, false);
        let blocks = &packed_of(&body).expect("packed").blocks;
        let room = blocks.iter().map(|block| match block {
            Block::Plain(bytes) => bytes.capacity(),
            Block::Packed(bytes) => bytes.len(),
        });
        let room: usize = room.sum();
        assert!(room < text.len() / 4, "{room} of {}", text.len());
    }

    #[test]
    fn the_room_of_all_bodies_is_limited_and_given_back() {
        let bodies: Vec<Body> = (0..2).map(|_| kept(&vec![b'x'; MAX_PLAIN], 1 << 20, u64::MAX, true)).collect();
        assert!(packed_of(&bodies[1]).is_some() && PLAIN.load(Relaxed) <= MAX_PLAIN + BLOCK);
        assert!(bodies.iter().all(|body| body.len() == MAX_PLAIN && body.iter().all(|byte| *byte == b'x')));
        drop(bodies);
        // Other tests keep little.
        assert!(PLAIN.load(Relaxed) < MAX_PLAIN / 2);
    }
}
