//! The headers of a response, taken apart only when somebody looks at them.

use std::cell::OnceCell;
use std::ops::{Deref, DerefMut};

use http::{HeaderMap, HeaderName, HeaderValue};

/// As many header lines as heads usually have at most: room for them costs nothing.
pub(crate) const USUAL_LINES: usize = 100;
/// The most header lines the head of a response may have.
pub(crate) const MAX_LINES: usize = 1000;

/// The headers of a response. They are kept as they came over the wire and become a map on first
/// use: most responses are judged by status and body alone, and building a map costs more than
/// reading the response.
#[derive(Clone, Default)]
pub struct Headers {
    /// The lines with the empty line after them.
    block: Box<[u8]>,
    map: OnceCell<Box<HeaderMap>>,
}

impl Headers {
    /// Headers as they came: lines, and the empty line after them.
    pub(crate) fn from_block(block: &[u8]) -> Self {
        Self { block: block.into(), map: OnceCell::new() }
    }

    fn parsed(&self) -> HeaderMap {
        let mut usual = [httparse::EMPTY_HEADER; USUAL_LINES];
        let mut many;
        let parsed = match httparse::parse_headers(&self.block, &mut usual) {
            Err(httparse::Error::TooManyHeaders) => {
                many = vec![httparse::EMPTY_HEADER; MAX_LINES];
                httparse::parse_headers(&self.block, &mut many)
            }
            parsed => parsed,
        };
        // Whoever made this has parsed the block before, so there is nothing to report here.
        let Ok(httparse::Status::Complete((_, lines))) = parsed else { return HeaderMap::new() };
        let mut map = HeaderMap::with_capacity(lines.len());
        for line in lines {
            if let (Ok(name), Ok(value)) =
                (HeaderName::from_bytes(line.name.as_bytes()), HeaderValue::from_bytes(line.value))
            {
                map.append(name, value);
            }
        }
        map
    }
}

impl Deref for Headers {
    type Target = HeaderMap;

    fn deref(&self) -> &HeaderMap {
        self.map.get_or_init(|| Box::new(self.parsed()))
    }
}

impl DerefMut for Headers {
    fn deref_mut(&mut self) -> &mut HeaderMap {
        let map = self.map.take().unwrap_or_else(|| Box::new(self.parsed()));
        self.map = OnceCell::from(map);
        match self.map.get_mut() {
            Some(map) => map,
            None => unreachable!("the map was put there just before"),
        }
    }
}

impl From<HeaderMap> for Headers {
    fn from(map: HeaderMap) -> Self {
        Self { block: Box::default(), map: OnceCell::from(Box::new(map)) }
    }
}

impl std::fmt::Debug for Headers {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        (**self).fmt(f)
    }
}

#[cfg(test)]
#[expect(clippy::unwrap_used, reason = "a test that cannot go on has failed")]
mod tests {
    use super::*;

    #[test]
    fn lines_become_a_map_on_first_use() {
        let headers = Headers::from_block(b"Content-Type: text/plain\r\nSet-Cookie: a=1\r\nset-cookie: b=\xfc\r\n\r\n");
        assert_eq!(headers.get("content-type").unwrap(), "text/plain");
        let cookies: Vec<_> = headers.get_all("set-cookie").iter().map(HeaderValue::as_bytes).collect();
        assert_eq!(cookies, [&b"a=1"[..], b"b=\xfc"]);
        assert_eq!(headers.len(), 3);
    }

    #[test]
    fn they_can_be_changed_and_copied() {
        let mut headers = Headers::from_block(b"a: 1\r\n\r\n");
        headers.remove("a");
        headers.append("b", HeaderValue::from_static("2"));
        let copy = headers.clone();
        assert_eq!((copy.get("a"), copy.get("b").unwrap().as_bytes()), (None, &b"2"[..]));
        assert!(Headers::default().is_empty());
    }
}
