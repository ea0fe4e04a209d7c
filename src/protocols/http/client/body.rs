//! Encoding query strings, forms and multipart bodies.

use bytes::Bytes;
use percent_encoding::utf8_percent_encode;

use crate::uri::RESERVED;

/// A query string without the question mark: every name and value percent-encoded, a space as `%20`.
pub fn query<N: AsRef<str>, V: AsRef<str>>(pairs: impl IntoIterator<Item = (N, V)>) -> String {
    let mut out = String::new();
    for (name, value) in pairs {
        if !out.is_empty() {
            out.push('&');
        }
        out.extend(utf8_percent_encode(name.as_ref(), RESERVED));
        out.push('=');
        out.extend(utf8_percent_encode(value.as_ref(), RESERVED));
    }
    out
}

/// The body of a form as browsers send it (`application/x-www-form-urlencoded`), a space as `+`.
pub fn form<N: AsRef<str>, V: AsRef<str>>(pairs: impl IntoIterator<Item = (N, V)>) -> Bytes {
    let mut serializer = url::form_urlencoded::Serializer::new(String::new());
    for (name, value) in pairs {
        serializer.append_pair(name.as_ref(), value.as_ref());
    }
    Bytes::from(serializer.finish())
}

/// Builds a `multipart/form-data` body, byte for byte as browsers do.
#[derive(Clone, Debug)]
pub struct Multipart {
    boundary: String,
    out: Vec<u8>,
}

impl Default for Multipart {
    fn default() -> Self {
        Self::new()
    }
}

impl Multipart {
    /// Starts a body with a random boundary.
    pub fn new() -> Self {
        Self::with_boundary(format!("----loadplan{:032x}", rand::random::<u128>()))
    }

    /// Starts a body for a request whose plan writes this `Content-Type`; returns the one to send. A
    /// boundary that is written there is used; where none is, or one that cannot be (RFC 2046
    /// §5.1.1), a random one is put in (RFC 7578 §4.1). Another type than `multipart/…` gives way.
    pub fn typed(written: Option<&str>) -> (Self, String) {
        let new = Self::new();
        let Some(written) = written.map(str::trim).filter(|text| is_multipart(text)) else {
            let kind = new.content_type();
            return (new, kind);
        };
        let mut params = written.split(';').map(str::trim).filter(|param| !param.is_empty());
        let media = params.next().unwrap_or_default();
        let (own, others): (Vec<&str>, Vec<&str>) = params.partition(|param| boundary_of(param).is_some());
        match own.iter().find_map(|param| boundary_of(param)).filter(|boundary| is_boundary(boundary)) {
            Some(boundary) => (Self::with_boundary(boundary), written.to_owned()),
            None => {
                let kind = others.iter().fold(media.to_owned(), |kind, param| format!("{kind}; {param}"));
                let kind = format!("{kind}; boundary={}", new.boundary);
                (new, kind)
            }
        }
    }

    /// Starts a body with this boundary: up to 70 letters, digits, `-` and `_` that occur in no part.
    pub fn with_boundary(boundary: impl Into<String>) -> Self {
        Self { boundary: boundary.into(), out: Vec::new() }
    }

    /// Adds a text field.
    pub fn field(&mut self, name: &str, value: &[u8]) -> &mut Self {
        self.part(name, None, None, value)
    }

    /// Adds a part: a file has a name, and its type is said unless it is plain text (RFC 7578 §4.4).
    pub fn part(
        &mut self,
        name: &str,
        file_name: Option<&str>,
        content_type: Option<&str>,
        content: &[u8],
    ) -> &mut Self {
        self.open(name);
        if let Some(file_name) = file_name {
            self.out.extend_from_slice(b"\"; filename=\"");
            self.escape(file_name);
        }
        self.out.push(b'"');
        if let Some(content_type) = content_type {
            self.out.extend_from_slice(b"\r\nContent-Type: ");
            self.out.extend(content_type.bytes().filter(|byte| !byte.is_ascii_control()));
        }
        self.out.extend_from_slice(b"\r\n\r\n");
        self.close(content)
    }

    /// The value of the `Content-Type` header.
    pub fn content_type(&self) -> String {
        format!("multipart/form-data; boundary={}", self.boundary)
    }

    /// The whole body.
    pub fn finish(mut self) -> Bytes {
        self.out.extend_from_slice(b"--");
        self.out.extend_from_slice(self.boundary.as_bytes());
        self.out.extend_from_slice(b"--\r\n");
        Bytes::from(self.out)
    }

    fn open(&mut self, name: &str) {
        self.out.extend_from_slice(b"--");
        self.out.extend_from_slice(self.boundary.as_bytes());
        self.out.extend_from_slice(b"\r\nContent-Disposition: form-data; name=\"");
        self.escape(name);
    }

    fn close(&mut self, content: &[u8]) -> &mut Self {
        self.out.extend_from_slice(content);
        self.out.extend_from_slice(b"\r\n");
        self
    }

    /// Names go out as UTF-8; only what would end them is escaped (HTML, "multipart form data").
    fn escape(&mut self, name: &str) {
        for byte in name.bytes() {
            match byte {
                b'"' => self.out.extend_from_slice(b"%22"),
                b'\r' => self.out.extend_from_slice(b"%0D"),
                b'\n' => self.out.extend_from_slice(b"%0A"),
                other => self.out.push(other),
            }
        }
    }
}

/// Whether a `Content-Type` is that of a multipart body.
pub fn is_multipart(content_type: &str) -> bool {
    content_type.trim_start().get(..10).is_some_and(|start| start.eq_ignore_ascii_case("multipart/"))
}

/// The boundary that a parameter of a `Content-Type` names.
fn boundary_of(param: &str) -> Option<&str> {
    let (name, value) = param.split_once('=')?;
    name.trim().eq_ignore_ascii_case("boundary").then(|| value.trim().trim_matches('"'))
}

/// Whether a boundary is one by RFC 2046 §5.1.1.
fn is_boundary(text: &str) -> bool {
    (1..=70).contains(&text.len())
        && !text.ends_with(' ')
        && text.bytes().all(|byte| byte.is_ascii_alphanumeric() || b"'()+_,-./:=? ".contains(&byte))
}

/// How a body can be compressed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Coding {
    /// RFC 1952.
    Gzip,
    /// RFC 1950, which HTTP calls `deflate`.
    Deflate,
    /// RFC 7932.
    Brotli,
    /// RFC 8878.
    Zstd,
}

impl Coding {
    /// All of them.
    pub const ALL: [Self; 4] = [Self::Gzip, Self::Deflate, Self::Brotli, Self::Zstd];

    /// Its name in `Content-Encoding`.
    pub fn word(self) -> &'static str {
        match self {
            Self::Gzip => "gzip",
            Self::Deflate => "deflate",
            Self::Brotli => "br",
            Self::Zstd => "zstd",
        }
    }

    /// Compresses a body.
    ///
    /// # Errors
    /// When the encoder fails, which means that memory has run out.
    pub fn encode(self, body: &[u8]) -> std::io::Result<Bytes> {
        use std::io::Write as _;
        Ok(Bytes::from(match self {
            Self::Gzip => {
                let mut encoder = flate2::write::GzEncoder::new(Vec::new(), flate2::Compression::default());
                encoder.write_all(body)?;
                encoder.finish()?
            }
            Self::Deflate => {
                let mut encoder = flate2::write::ZlibEncoder::new(Vec::new(), flate2::Compression::default());
                encoder.write_all(body)?;
                encoder.finish()?
            }
            Self::Brotli => {
                let mut encoder = brotli::CompressorWriter::new(Vec::new(), 4096, 5, 22);
                encoder.write_all(body)?;
                encoder.into_inner()
            }
            Self::Zstd => zstd::encode_all(body, 3)?,
        }))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn queries_encode_everything_reserved() {
        let pairs = [("q", "a b&c=d"), ("ü", "100%"), ("list", "1"), ("list", "2"), ("empty", ""), ("ok", "-._~")];
        assert_eq!(query(pairs), "q=a%20b%26c%3Dd&%C3%BC=100%25&list=1&list=2&empty=&ok=-._~");
        assert_eq!(query::<&str, &str>([]), "");
    }

    #[test]
    fn forms_are_encoded_as_browsers_do() {
        assert_eq!(
            form([("user", "ann lee"), ("a&b", "1+1=2"), ("ö", "*-._~")]),
            "user=ann+lee&a%26b=1%2B1%3D2&%C3%B6=*-._%7E"
        );
    }

    #[test]
    fn multipart_byte_for_byte() {
        let mut parts = Multipart::with_boundary("B");
        parts.field("title", "Vertrag ü".as_bytes());
        parts.part("do\"c\r\n", Some("über \"x\".pdf"), Some("application/pdf"), b"\x00\xFF--B");
        parts.part("meta", None, Some("application/json"), b"{}");
        assert_eq!(parts.content_type(), "multipart/form-data; boundary=B");
        let mut expected = "--B\r\nContent-Disposition: form-data; name=\"title\"\r\n\r\nVertrag ü\r\n\
             --B\r\nContent-Disposition: form-data; name=\"do%22c%0D%0A\"; filename=\"über %22x%22.pdf\"\r\n\
             Content-Type: application/pdf\r\n\r\n"
            .as_bytes()
            .to_vec();
        expected.extend_from_slice(b"\x00\xFF--B\r\n");
        // RFC 7578 §4.4: a part that is no file may say its type.
        expected.extend_from_slice(b"--B\r\nContent-Disposition: form-data; name=\"meta\"\r\n");
        expected.extend_from_slice(b"Content-Type: application/json\r\n\r\n{}\r\n--B--\r\n");
        assert_eq!(parts.finish(), expected);
    }

    #[test]
    fn regression_x11_a_written_type_and_the_body_have_one_boundary() {
        // RFC 7578 §4.1: the boundary parameter is required, and it is the body's.
        for (written, media, fixed) in [
            (None, "multipart/form-data; boundary=", None),
            (Some("multipart/form-data"), "multipart/form-data; boundary=", None),
            (Some("Multipart/Form-Data; charset=utf-8"), "Multipart/Form-Data; charset=utf-8; boundary=", None),
            (Some("multipart/form-data; boundary=myB"), "multipart/form-data; boundary=", Some("myB")),
            (Some("multipart/related; Boundary=\"my B\"; x=y"), "multipart/related; Boundary=", Some("my B")),
            (Some("multipart/form-data; boundary="), "multipart/form-data; boundary=", None),
            (Some("multipart/form-data; boundary=a;boundary=ü"), "multipart/form-data; boundary=", Some("a")),
            (Some("application/json"), "multipart/form-data; boundary=", None),
        ] {
            let (mut multipart, kind) = Multipart::typed(written);
            assert!(kind.starts_with(media), "{written:?}: {kind}");
            multipart.field("a", b"1");
            let boundary = multipart.boundary.clone();
            assert!(kind.contains(&boundary), "{written:?}: {kind}");
            assert!(multipart.finish().starts_with(format!("--{boundary}\r\n").as_bytes()));
            match fixed {
                Some(fixed) => assert_eq!(boundary, fixed),
                None => assert!(boundary.starts_with("----loadplan"), "{boundary}"),
            }
        }
    }

    #[test]
    fn random_boundaries_differ() {
        assert_ne!(Multipart::new().content_type(), Multipart::new().content_type());
    }
}
