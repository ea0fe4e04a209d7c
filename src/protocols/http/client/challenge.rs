//! The challenges of a 401 response: `WWW-Authenticate` taken apart (RFC 9110 §11), and of the
//! digest challenges in it the one that is answered (RFC 7616 §3.3, §3.7).

use std::fmt;

use digest_auth::{Algorithm, AlgorithmType, Charset, Qop, WwwAuthenticateHeader};

use crate::failure::{Failure, FailureKind};

/// One challenge: a scheme and its parameters. A `token68` in their place is omitted.
#[derive(Debug, PartialEq, Eq)]
struct Challenge {
    scheme: String,
    parameters: Vec<(String, String)>,
}

/// The digest challenge to answer: the one with the strongest algorithm of those that are
/// understood, the first of equal ones. `None` when the server asks for no digest at all.
///
/// # Errors
/// What is not understood, when that is so with all of them.
pub(super) fn digest<'h>(lines: impl IntoIterator<Item = &'h str>) -> Result<Option<WwwAuthenticateHeader>, Failure> {
    let mut best: Option<WwwAuthenticateHeader> = None;
    let mut trouble = None;
    for challenge in lines.into_iter().flat_map(challenges) {
        if !challenge.scheme.eq_ignore_ascii_case("digest") {
            continue;
        }
        match challenge.understood() {
            Ok(understood) => {
                let stronger = |known: &WwwAuthenticateHeader| strength(&understood) > strength(known);
                if best.as_ref().is_none_or(stronger) {
                    best = Some(understood);
                }
            }
            Err(why) => trouble = trouble.or(Some(why)),
        }
    }
    match (best, trouble) {
        (None, Some(why)) => Err(why),
        (best, _) => Ok(best),
    }
}

/// A challenge that cannot be answered.
pub(super) fn not_understood(why: impl fmt::Display) -> Failure {
    Failure::new(FailureKind::Protocol, format!("the server's digest challenge cannot be used: {why}"))
}

fn strength(challenge: &WwwAuthenticateHeader) -> u8 {
    match challenge.algorithm.algo {
        AlgorithmType::MD5 => 0,
        AlgorithmType::SHA2_256 => 1,
        AlgorithmType::SHA2_512_256 => 2,
    }
}

impl Challenge {
    fn parameter(&self, name: &str) -> Option<&str> {
        self.parameters.iter().find(|(known, _)| known.eq_ignore_ascii_case(name)).map(|(_, value)| value.as_str())
    }

    fn is_true(&self, name: &str) -> bool {
        self.parameter(name).is_some_and(|value| value.eq_ignore_ascii_case("true"))
    }

    /// Parameters that are not known are ignored, and so are words in `qop` (RFC 7616 §3.3).
    fn understood(&self) -> Result<WwwAuthenticateHeader, Failure> {
        let required = |name: &str| {
            let missing = || not_understood(format_args!("`{name}` is missing"));
            self.parameter(name).map(str::to_owned).ok_or_else(missing)
        };
        let algorithm = self.parameter("algorithm").unwrap_or("MD5");
        Ok(WwwAuthenticateHeader {
            algorithm: known_algorithm(algorithm)
                .ok_or_else(|| not_understood(format_args!("the algorithm `{algorithm}` is not supported")))?,
            realm: required("realm")?,
            nonce: required("nonce")?,
            opaque: self.parameter("opaque").map(str::to_owned),
            domain: self.parameter("domain").map(|uris| uris.split_ascii_whitespace().map(str::to_owned).collect()),
            stale: self.is_true("stale"),
            qop: self.qop()?,
            userhash: self.is_true("userhash"),
            charset: match self.parameter("charset") {
                Some(charset) if charset.eq_ignore_ascii_case("utf-8") => Charset::UTF8,
                Some(_) | None => Charset::ASCII,
            },
            nc: 0,
        })
    }

    /// The kinds of protection that are known. None at all is how RFC 2069 wrote it.
    fn qop(&self) -> Result<Option<Vec<Qop>>, Failure> {
        let Some(written) = self.parameter("qop").filter(|written| !written.trim().is_empty()) else { return Ok(None) };
        let known: Vec<Qop> = written
            .split([',', ' ', '\t'])
            .filter_map(|word| match word {
                word if word.eq_ignore_ascii_case("auth") => Some(Qop::AUTH),
                word if word.eq_ignore_ascii_case("auth-int") => Some(Qop::AUTH_INT),
                _ => None,
            })
            .collect();
        if known.is_empty() {
            return Err(not_understood(format_args!("the qop `{written}` is not supported")));
        }
        Ok(Some(known))
    }
}

/// Names of algorithms are compared without regard to case.
fn known_algorithm(name: &str) -> Option<Algorithm> {
    let lower = name.to_ascii_lowercase();
    let (base, session) = match lower.strip_suffix("-sess") {
        Some(base) => (base, true),
        None => (lower.as_str(), false),
    };
    let algorithm = match base {
        "md5" => AlgorithmType::MD5,
        "sha-256" => AlgorithmType::SHA2_256,
        "sha-512-256" => AlgorithmType::SHA2_512_256,
        _ => return None,
    };
    Some(Algorithm::new(algorithm, session))
}

/// The challenges of one header line: `scheme [ 1*SP ( token68 / #auth-param ) ]`, with commas
/// between parameters and between challenges (RFC 9110 §11.6.1).
fn challenges(line: &str) -> Vec<Challenge> {
    let mut found: Vec<Challenge> = Vec::new();
    let mut rest = line;
    loop {
        rest = rest.trim_start_matches([',', ' ', '\t']);
        if rest.is_empty() {
            return found;
        }
        let (word, after) = token(rest);
        let value = after.trim_start_matches([' ', '\t']).strip_prefix('=');
        match (word, value) {
            // Neither a name nor a scheme: whatever it is, it ends at the next comma.
            ("", _) => rest = skip_item(rest),
            (name, Some(value)) => {
                let (value, behind) = parameter_value(value.trim_start_matches([' ', '\t']));
                if let Some(challenge) = found.last_mut() {
                    challenge.parameters.push((name.to_owned(), value));
                }
                rest = behind;
            }
            (scheme, None) => {
                found.push(Challenge { scheme: scheme.to_owned(), parameters: Vec::new() });
                rest = skip_token68(after);
            }
        }
    }
}

/// The token at the beginning, possibly none, and what follows.
fn token(text: &str) -> (&str, &str) {
    let part = |c: char| c.is_ascii_alphanumeric() || "!#$%&'*+-.^_`|~".contains(c);
    text.split_at(text.find(|c| !part(c)).unwrap_or(text.len()))
}

/// A token or a quoted string without its quotes and escapes, and what follows it.
fn parameter_value(text: &str) -> (String, &str) {
    let Some(quoted) = text.strip_prefix('"') else {
        let end = text.find([',', ' ', '\t']).unwrap_or(text.len());
        let (value, rest) = text.split_at(end);
        return (value.to_owned(), rest);
    };
    let mut value = String::new();
    let mut chars = quoted.chars();
    while let Some(c) = chars.next() {
        match c {
            '"' => break,
            '\\' => value.extend(chars.next()),
            c => value.push(c),
        }
    }
    (value, chars.as_str())
}

/// Leaves out a `token68`, as in `Negotiate YIIB+w==`: what reaches to the next comma and is no
/// parameter.
fn skip_token68(after_scheme: &str) -> &str {
    let text = after_scheme.trim_start_matches([' ', '\t']);
    let end = text.find(|c: char| !(c.is_ascii_alphanumeric() || "-._~+/".contains(c))).unwrap_or(text.len());
    let padding = text[end..].trim_start_matches('=');
    let behind = padding.trim_start_matches([' ', '\t']);
    if end > 0 && (behind.is_empty() || behind.starts_with(',')) { behind } else { text }
}

/// What follows the next comma outside of quotes.
fn skip_item(text: &str) -> &str {
    let (mut quoted, mut escaped) = (false, false);
    for (at, c) in text.char_indices() {
        match c {
            _ if escaped => escaped = false,
            '\\' if quoted => escaped = true,
            '"' => quoted = !quoted,
            ',' if !quoted => return &text[at..],
            _ => {}
        }
    }
    ""
}

#[cfg(test)]
#[expect(clippy::unwrap_used, reason = "a test that cannot go on has failed")]
mod tests {
    use super::*;

    fn nonce(lines: &[&str]) -> String {
        match digest(lines.iter().copied()) {
            Ok(Some(challenge)) => challenge.nonce,
            Ok(None) => "none".to_owned(),
            Err(failure) => {
                let (_, why) = failure.message.split_once("cannot be used: ").unwrap();
                why.to_owned()
            }
        }
    }

    /// RFC 9110 §11.6.1: the list of challenges, its example among them.
    #[test]
    fn challenges_are_told_apart_by_the_grammar() {
        let told = |line: &str| {
            let told = challenges(line).into_iter().map(|one| {
                let parameters: Vec<_> = one.parameters.iter().map(|(name, value)| format!("{name}={value}")).collect();
                format!("{}({})", one.scheme, parameters.join(";"))
            });
            told.collect::<Vec<_>>().join(" ")
        };
        for (line, expected) in [
            (
                "Basic realm=\"simple\", Newauth realm=\"apps\", type=1, title=\"Login to \\\"apps\\\"\"",
                "Basic(realm=simple) Newauth(realm=apps;type=1;title=Login to \"apps\")",
            ),
            ("Negotiate, NTLM , Digest realm=a", "Negotiate() NTLM() Digest(realm=a)"),
            ("Negotiate YIIB+w==, Digest  realm = \"a\" ,,nonce=n", "Negotiate() Digest(realm=a;nonce=n)"),
            ("Bearer abc.def-_~+/=", "Bearer()"),
            ("Basic realm=\"Digest login, Digest nonce=1\"", "Basic(realm=Digest login, Digest nonce=1)"),
            ("Digest realm=\"a\\\\\", nonce=\"n\"", "Digest(realm=a\\;nonce=n)"),
            ("Digest realm=\"a\" nonce=n", "Digest(realm=a;nonce=n)"),
            ("Digest realm=\"never closed", "Digest(realm=never closed)"),
            ("(odd), Digest nonce=1", "Digest(nonce=1)"),
            ("", ""),
            (",,", ""),
        ] {
            assert_eq!(told(line), expected, "{line}");
        }
    }

    /// RFC 7616 §3.3 and §3.7.
    #[test]
    fn the_strongest_challenge_that_is_understood_is_answered() {
        for (lines, expected) in [
            (
                &[
                    "Digest realm=r, nonce=n0, qop=\"auth\", algorithm=SHA-512",
                    "Digest realm=r, nonce=n1, algorithm=MD5",
                ][..],
                "n1",
            ),
            (&["Digest realm=r, nonce=n0, algorithm=MD5, Digest realm=r, nonce=n1, algorithm=SHA-256"], "n1"),
            (
                &[
                    "Digest realm=r, nonce=n0, algorithm=sha-512-256-SESS",
                    "Digest realm=r, nonce=n1, algorithm=SHA-256",
                ],
                "n0",
            ),
            (&["Digest realm=r, nonce=n0", "Digest realm=r, nonce=n1"], "n0"),
            (&["dIGEST REALM=\"r\",NONCE=\"n0\",QOP=\"AUTH,token\",future=\"x\""], "n0"),
            (&["Basic realm=\"Digest login\", Digest realm=r, nonce=n1"], "n1"),
            (&["Basic realm=\"Digest login\""], "none"),
            (&["Digest realm=r, nonce=n0, qop=\"token\"", "Digest realm=r, nonce=n1, qop=\"auth-int\""], "n1"),
            (&["Digest realm=r, nonce=n0, qop=\"\""], "n0"),
            (&["Digest realm=r, nonce=n0, algorithm=SHA-512"], "the algorithm `SHA-512` is not supported"),
            (&["Digest realm=r, nonce=n0, qop=token"], "the qop `token` is not supported"),
            (&["Digest realm=r"], "`nonce` is missing"),
            (&[], "none"),
        ] {
            assert_eq!(nonce(lines), expected, "{lines:?}");
        }
        let all =
            digest(["Digest realm=r, nonce=n, qop=\"auth-int, x, auth\", stale=TRUE, charset=utf-8, opaque=\"o\""]);
        let all = all.unwrap().unwrap();
        assert_eq!(all.qop, Some(vec![Qop::AUTH_INT, Qop::AUTH]));
        assert!(all.stale && all.charset == Charset::UTF8 && all.opaque.as_deref() == Some("o"));
    }

    proptest::proptest! {
        #[test]
        fn any_header_can_be_read(line in "[ -~\t]{0,60}") {
            let _ = digest([line.as_str(), &format!("Digest {line}")]);
        }
    }
}
