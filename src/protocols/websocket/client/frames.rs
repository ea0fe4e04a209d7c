//! The rules for a server's frames that the library does not keep (RFC 6455 §5).

/// Follows the frames of a server by their heads alone.
#[derive(Debug)]
pub(super) struct Frames {
    /// The bytes of a head that is not whole yet, and how many they are.
    head: [u8; 10],
    has: usize,
    /// Bytes of the payload that are still to come.
    payload: u64,
    /// Whether a message has begun whose last frame has not come.
    in_message: bool,
    /// Whether messages may be compressed.
    compression: bool,
}

/// What a frame is (RFC 6455 §5.2).
const CONTINUATION: u8 = 0;
const TEXT: u8 = 1;
const BINARY: u8 = 2;
const CLOSE: u8 = 8;
const PONG: u8 = 10;
/// The longest payload of a control frame (RFC 6455 §5.5).
const LONGEST_CONTROL: u64 = 125;

impl Frames {
    /// Nothing has come yet. `compression` tells whether it was agreed.
    pub(super) fn new(compression: bool) -> Self {
        Self { head: [0; 10], has: 0, payload: 0, in_message: false, compression }
    }

    /// Looks at the bytes that came.
    ///
    /// # Errors
    /// How many of them come before the frame that breaks a rule, and the rule.
    pub(super) fn check(&mut self, bytes: &[u8]) -> Result<(), (usize, &'static str)> {
        let mut at = 0;
        while at < bytes.len() {
            let left = bytes.len() - at;
            if self.payload > 0 {
                let taken = usize::try_from(self.payload).map_or(left, |payload| payload.min(left));
                self.payload -= taken as u64;
                at += taken;
                continue;
            }
            let wanted = self.head_length();
            let taken = (wanted - self.has).min(left);
            self.head[self.has..self.has + taken].copy_from_slice(&bytes[at..at + taken]);
            self.has += taken;
            at += taken;
            if self.has < wanted || self.head_length() > wanted {
                continue;
            }
            // Of a head that came in several pieces, the first ones were handed on.
            self.frame().map_err(|rule| (at.saturating_sub(wanted), rule))?;
        }
        Ok(())
    }

    /// How many bytes the head has, as far as that is known.
    fn head_length(&self) -> usize {
        match (self.has, self.head[1] & 0x7f) {
            (0 | 1, _) => 2,
            (_, 126) => 4,
            (_, 127) => 10,
            _ => 2,
        }
    }

    /// A head is whole.
    fn frame(&mut self) -> Result<(), &'static str> {
        let is_last = self.head[0] & 0x80 != 0;
        let is_compressed = self.head[0] & 0x40 != 0;
        let opcode = self.head[0] & 0x0f;
        let length = match self.has {
            2 => u64::from(self.head[1] & 0x7f),
            4 => u64::from(u16::from_be_bytes([self.head[2], self.head[3]])),
            _ => self.head[2..10].iter().fold(0, |length, byte| length << 8 | u64::from(*byte)),
        };
        if self.head[1] & 0x80 != 0 {
            return Err("it masked a frame (RFC 6455 §5.1)");
        }
        if self.head[0] & 0x30 != 0 {
            return Err("a frame has reserved bits set (RFC 6455 §5.2)");
        }
        if is_compressed && !self.compression {
            return Err("a message is compressed, although compression was not negotiated (RFC 6455 §5.2)");
        }
        match opcode {
            CONTINUATION if !self.in_message => return Err("a message continues that has not started (RFC 6455 §5.4)"),
            CONTINUATION if is_compressed => {
                return Err("a continuation frame is marked as compressed (RFC 7692 §6.1)");
            }
            TEXT | BINARY if self.in_message => {
                return Err("a message starts before the previous one has ended (RFC 6455 §5.4)");
            }
            CONTINUATION | TEXT | BINARY => self.in_message = !is_last,
            CLOSE..=PONG if !is_last => return Err("a ping, pong or close frame is fragmented (RFC 6455 §5.5)"),
            CLOSE..=PONG if length > LONGEST_CONTROL => {
                return Err("a ping, pong or close frame has more than 125 bytes (RFC 6455 §5.5)");
            }
            CLOSE..=PONG if is_compressed => {
                return Err("a ping, pong or close frame is marked as compressed (RFC 7692 §6.1)");
            }
            CLOSE..=PONG => {}
            _ => return Err("a frame has an unknown type (RFC 6455 §5.2)"),
        }
        (self.payload, self.has) = (length, 0);
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn check(pieces: &[&[u8]]) -> Result<(), (usize, &'static str)> {
        let mut frames = Frames::new(true);
        pieces.iter().try_for_each(|piece| frames.check(piece))
    }

    #[test]
    fn frames_that_keep_the_rules_pass_however_they_are_cut() {
        // A text in two parts with a ping between them, 126 and 65,536 bytes, and an empty text.
        let mut bytes = vec![0x01, 2, b'a', b'b', 0x89, 1, b'p', 0x80, 1, b'c'];
        bytes.extend([0x82, 126, 0, 126]);
        bytes.extend([0xff; 126]);
        bytes.extend([0xc2, 127, 0, 0, 0, 0, 0, 1, 0, 0]);
        bytes.extend(vec![0xff; 65_536]);
        bytes.extend([0x81, 0]);
        assert_eq!(check(&[&bytes]), Ok(()));
        for size in [1, 2, 3, 7, 128] {
            assert_eq!(check(&bytes.chunks(size).collect::<Vec<_>>()), Ok(()), "pieces of {size}");
        }
    }

    #[test]
    fn frames_that_break_a_rule_are_told_with_their_place() {
        for (bytes, place, words) in [
            (&[0x81, 0x85, 1, 2, 3, 4, 0, 0, 0, 0, 0][..], 0, "masked"),
            (&[0x81, 1, b'x', 0x8a, 126, 0, 126], 3, "125 bytes"),
            (&[0x88, 127, 0, 0, 0, 0, 0, 0, 0, 126], 0, "125 bytes"),
            (&[0xc9, 0], 0, "ping, pong or close frame is marked"),
            (&[0x80, 0], 0, "has not started"),
            (&[0x41, 0, 0xc0, 0], 2, "continuation frame"),
            (&[0x01, 1, b'x', 0x81, 1, b'y'], 3, "previous one has ended"),
            (&[0x09, 0], 0, "is fragmented"),
            (&[0xa1, 0], 0, "reserved bits"),
            (&[0x83, 0], 0, "unknown type"),
            (&[0x8b, 0], 0, "unknown type"),
        ] {
            let (at, rule) = check(&[bytes]).expect_err(words);
            assert!(at == place && rule.contains(words), "{words}: {at} {rule}");
        }
        assert_eq!(check(&[&[0x81], &[0x80]]).expect_err("in pieces").0, 0);
        assert!(Frames::new(false).check(&[0xc1, 0]).expect_err("no compression").1.contains("not negotiated"));
    }
}
