//! What a credential is in a header. Whatever hides, keeps back or looks for credentials asks here.

use http::header::{AUTHORIZATION, COOKIE, HeaderName, PROXY_AUTHORIZATION, SET_COOKIE};

use super::MASK;

/// How a header holds its credential.
enum Holds {
    /// Behind a scheme: `Bearer TOKEN`.
    AfterScheme,
    /// As the values of cookies.
    Cookies,
    /// As a whole.
    Whole,
}

fn holds(name: &HeaderName) -> Option<Holds> {
    match *name {
        AUTHORIZATION | PROXY_AUTHORIZATION => Some(Holds::AfterScheme),
        COOKIE | SET_COOKIE => Some(Holds::Cookies),
        _ if is_credential(name.as_str()) => Some(Holds::Whole),
        _ => None,
    }
}

/// Whether a header of this name, in lower case, holds a credential: `authorization` and `cookie` do, and
/// so do those that are called like one, as `x-api-key` and `x-auth-token` are.
pub fn is_credential(name: &str) -> bool {
    const PARTS: [&str; 16] = [
        "apikey",
        "auth",
        "authentication",
        "authorization",
        "bearer",
        "cookie",
        "credential",
        "credentials",
        "jwt",
        "key",
        "passwd",
        "password",
        "secret",
        "session",
        "signature",
        "token",
    ];
    // They hold no credential, or one that is of no use elsewhere.
    const HARMLESS: [&str; 2] = ["idempotency-key", "sec-websocket-key"];
    !HARMLESS.contains(&name)
        && name
            .split(['-', '_', '.'])
            .any(|part| PARTS.contains(&part) || part.ends_with("token") || part.ends_with("apikey"))
}

/// Adds every credential that a header holds.
pub(crate) fn credentials_in(name: &HeaderName, value: &str, values: &mut Vec<String>) {
    match holds(name) {
        Some(Holds::AfterScheme) => {
            values.extend(value.split_once(' ').map(|(_, token)| token.to_owned()));
            values.push(value.to_owned());
        }
        Some(Holds::Cookies) => cookie_values(value, values),
        Some(Holds::Whole) => values.push(value.to_owned()),
        None => {}
    }
}

/// Adds the values in a `Cookie` or `Set-Cookie` header.
pub(crate) fn cookie_values(header: &str, values: &mut Vec<String>) {
    let pairs = header.split(';').filter_map(|pair| pair.split_once('='));
    values.extend(pairs.map(|(_, value)| value.trim().to_owned()));
}

/// A header's value with its credential hidden; `None` if it holds none. What tells kinds apart is
/// kept: the scheme, or the cookies' names.
pub(super) fn hidden(name: &HeaderName, value: &str) -> Option<String> {
    let kept = match holds(name)? {
        Holds::AfterScheme => value.split_once(' ').map(|(scheme, _)| format!("{scheme} ")),
        // Of several cookies (RFC 6265 §4.2.1) each has its name.
        Holds::Cookies if *name == COOKIE => {
            let pairs = value.split(';').filter_map(|pair| pair.split_once('='));
            let names: Vec<String> = pairs.map(|(name, _)| format!("{}=", name.trim())).collect();
            (!names.is_empty()).then(|| names.join(&format!("{MASK}; ")))
        }
        Holds::Cookies => value.split_once('=').map(|(name, _)| format!("{name}=")),
        Holds::Whole => None,
    };
    Some(format!("{}{MASK}", kept.unwrap_or_default()))
}
