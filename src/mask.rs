//! Secrets are replaced by `***` before anything leaves the run: in every spelling a request or
//! an answer may carry them in.

use std::borrow::Cow;
use std::fmt;
use std::sync::Arc;

use aho_corasick::{AhoCorasick, MatchKind};
use base64::Engine as _;
use base64::prelude::{BASE64_STANDARD, BASE64_STANDARD_NO_PAD, BASE64_URL_SAFE_NO_PAD};
use http::{HeaderMap, HeaderName, header};

/// What stands in place of a secret.
pub const MASK: &str = "***";
/// Shorter secrets are left alone: masking every `a` would leave no text to read.
const SHORTEST: usize = 3;

/// Finds secrets in text.
#[derive(Clone, Default)]
pub struct Masker {
    secrets: Arc<[String]>,
    finder: Option<AhoCorasick>,
}

impl Masker {
    /// A masker for these secrets: as they are, URL-encoded, in JSON and in base64, also in the
    /// middle of a longer base64 text.
    pub fn new<S: AsRef<str>>(secrets: impl IntoIterator<Item = S>) -> Self {
        let secrets: Arc<[String]> = secrets.into_iter().map(|secret| secret.as_ref().to_owned()).collect();
        let mut spellings: Vec<String> = Vec::new();
        for secret in secrets.iter() {
            if secret.chars().count() < SHORTEST {
                continue;
            }
            spellings.push(secret.clone());
            spellings
                .push(percent_encoding::utf8_percent_encode(secret, percent_encoding::NON_ALPHANUMERIC).to_string());
            spellings.push(url::form_urlencoded::byte_serialize(secret.as_bytes()).collect());
            spellings.push(crate::samplers::http::as_in_url(secret));
            let json = json_escaped(secret);
            spellings.push(json_escaped(&json));
            spellings.push(json);
            spellings.push(BASE64_STANDARD.encode(secret));
            spellings.push(BASE64_URL_SAFE_NO_PAD.encode(secret));
            spellings.extend(inside_base64(secret.as_bytes()));
        }
        spellings.sort_unstable();
        spellings.dedup();
        spellings.retain(|spelling| spelling.len() >= SHORTEST);
        if spellings.is_empty() {
            return Self::default();
        }
        let finder = AhoCorasick::builder().match_kind(MatchKind::LeftmostLongest).build(&spellings).ok();
        Self { secrets, finder }
    }

    /// A masker that hides further secrets too.
    #[must_use]
    pub fn with<S: AsRef<str>>(&self, more: &[S]) -> Self {
        Self::new(self.secrets.iter().map(String::as_str).chain(more.iter().map(AsRef::as_ref)))
    }

    /// The text with every secret replaced.
    pub fn mask<'t>(&self, text: &'t str) -> Cow<'t, str> {
        match &self.finder {
            Some(finder) if finder.is_match(text) => {
                let mut out = String::with_capacity(text.len());
                finder.replace_all_with(text, &mut out, |_, _, out| {
                    out.push_str(MASK);
                    true
                });
                Cow::Owned(out)
            }
            _ => Cow::Borrowed(text),
        }
    }

    /// Headers as lines of text, with those that carry credentials masked whole.
    pub fn headers(&self, headers: &HeaderMap) -> String {
        let mut out = String::new();
        for (name, value) in headers {
            let value = String::from_utf8_lossy(value.as_bytes());
            out.push_str(name.as_str());
            out.push_str(": ");
            out.push_str(&if is_credential(name) { hidden(name, &value) } else { self.mask(&value).into_owned() });
            out.push('\n');
        }
        out
    }

    /// A URL without its user name and password, and with secrets masked.
    pub fn url(&self, url: &str) -> String {
        self.mask(&without_userinfo(url)).into_owned()
    }
}

impl fmt::Debug for Masker {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Masker")
    }
}

/// User name and password of a URL, as they are written in it.
pub fn userinfo(url: &str) -> Option<&str> {
    let (_, rest) = crate::uri::split(url)?;
    let end = rest.find(['/', '?', '#']).unwrap_or(rest.len());
    Some(&rest[..rest[..end].rfind('@')?])
}

/// A URL without user name and password.
pub fn without_userinfo(url: &str) -> String {
    let Some((scheme, rest)) = crate::uri::split(url) else { return url.to_owned() };
    let end = rest.find(['/', '?', '#']).unwrap_or(rest.len());
    match rest[..end].rfind('@') {
        Some(at) => format!("{scheme}://{MASK}@{}", &rest[at + 1..]),
        None => url.to_owned(),
    }
}

fn is_credential(name: &HeaderName) -> bool {
    [header::AUTHORIZATION, header::PROXY_AUTHORIZATION, header::COOKIE, header::SET_COOKIE].contains(name)
}

/// A credential keeps what tells kinds apart: the scheme, or the cookie's name.
fn hidden(name: &HeaderName, value: &str) -> String {
    let kept = if *name == header::COOKIE || *name == header::SET_COOKIE {
        value.split_once('=').map(|(name, _)| format!("{name}="))
    } else {
        value.split_once(' ').map(|(scheme, _)| format!("{scheme} "))
    };
    format!("{}{MASK}", kept.unwrap_or_default())
}

/// Text as it stands inside a JSON string.
fn json_escaped(text: &str) -> String {
    let mut json = String::new();
    crate::value::write_json_text(text, &mut json);
    json[1..json.len() - 1].to_owned()
}

/// What a secret looks like inside a longer base64 text, at each of the three alignments, without
/// the characters at its ends that also depend on its neighbours.
fn inside_base64(secret: &[u8]) -> Vec<String> {
    (0..3)
        .filter_map(|lead| {
            let mut padded = vec![0; lead];
            padded.extend_from_slice(secret);
            let encoded = BASE64_STANDARD_NO_PAD.encode(&padded);
            let start = (lead * 8).div_ceil(6);
            let end = padded.len() * 8 / 6;
            let middle = encoded.get(start..end)?;
            (middle.len() >= 4).then(|| middle.to_owned())
        })
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_secret_is_masked_in_every_spelling() {
        let secret = "p@ss word\"1";
        let masker = Masker::new([secret]);
        let basic = BASE64_STANDARD.encode(format!("ann:{secret}"));
        for text in [
            "say p@ss word\"1 loud".to_owned(),
            "?q=p%40ss%20word%221".to_owned(),
            "a=p%40ss+word%221".to_owned(),
            r#"{"password":"p@ss word\"1"}"#.to_owned(),
            r#"{"request":"{\"password\":\"p@ss word\\\"1\"}"}"#.to_owned(),
            "GET http://host/?q=p@ss%20word%221".to_owned(),
            BASE64_STANDARD.encode(secret),
            format!("Basic {basic}"),
        ] {
            let masked = masker.mask(&text);
            assert!(masked.contains(MASK), "{text} became {masked}");
            assert!(!masked.contains("@ss") && !masked.contains("40ss"), "{text} became {masked}");
        }
    }

    #[test]
    fn nothing_is_masked_without_secrets_or_for_a_letter() {
        assert_eq!(Masker::new([""; 1]).mask("plain"), "plain");
        assert_eq!(Masker::new(["a"]).mask("banana"), "banana");
    }

    #[test]
    fn credentials_in_headers_and_urls_are_hidden() {
        let masker = Masker::default();
        let mut headers = HeaderMap::new();
        headers.insert("authorization", "Bearer abc".parse().expect("a header"));
        headers.insert("cookie", "SESSIONID=42".parse().expect("a header"));
        headers.insert("accept", "text/html".parse().expect("a header"));
        assert_eq!(masker.headers(&headers), "authorization: Bearer ***\ncookie: SESSIONID=***\naccept: text/html\n");
        assert_eq!(masker.url("http://ann:secret@host/a@b"), "http://***@host/a@b");
        assert_eq!(masker.url("http://host/a@b"), "http://host/a@b");
    }
}
