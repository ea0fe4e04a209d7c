//! Authentication: what goes into the `Authorization` header.

use std::cell::RefCell;
use std::sync::Arc;

use digest_auth::{AuthContext, HttpMethod, Qop, WwwAuthenticateHeader};
use http::header::WWW_AUTHENTICATE;
use http::{HeaderMap, HeaderValue, Method};

use super::challenge;
use super::target::{Origin, Target, basic_header};
use crate::failure::{Failure, FailureKind};

/// How a request identifies its user. An `Authorization` header written in the plan replaces it.
/// `T` is text with `${…}` in the plan, a compiled template in the graph, and plain text when a
/// request is sent.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Auth<T> {
    /// User name and password, sent with every request.
    Basic {
        /// The user's name.
        username: T,
        /// The password.
        password: T,
    },
    /// A token.
    Bearer(T),
    /// User name and password, proved without sending the password: the server asks first, and
    /// its nonce is used again until it wants another.
    Digest {
        /// The user's name.
        username: T,
        /// The password.
        password: T,
    },
}

/// How many servers' nonces a user remembers.
const MAX_NONCES: usize = 64;

/// The nonces a user was given.
#[derive(Debug, Default)]
pub(super) struct Nonces {
    known: RefCell<Vec<KnownNonce>>,
}

#[derive(Debug)]
struct KnownNonce {
    origin: Arc<Origin>,
    username: String,
    challenge: WwwAuthenticateHeader,
}

impl<T> Auth<T> {
    /// The same with every text replaced. All are, even after one has failed, so that each can
    /// tell its mistake.
    ///
    /// # Errors
    /// The first one of `change`.
    pub fn try_map<U, E>(&self, mut change: impl FnMut(&T) -> Result<U, E>) -> Result<Auth<U>, E> {
        Ok(match self {
            Self::Bearer(token) => Auth::Bearer(change(token)?),
            Self::Basic { username, password } => {
                let (username, password) = (change(username), change(password));
                Auth::Basic { username: username?, password: password? }
            }
            Self::Digest { username, password } => {
                let (username, password) = (change(username), change(password));
                Auth::Digest { username: username?, password: password? }
            }
        })
    }
}

impl Auth<String> {
    /// The `Authorization` header for this request; none for digest before the server has asked.
    pub(super) fn header(
        &self,
        nonces: &Nonces,
        method: &Method,
        target: &Target,
        body: &[u8],
    ) -> Result<Option<HeaderValue>, Failure> {
        match self {
            Self::Basic { username, password } => {
                let mut plain = Vec::with_capacity(username.len() + password.len() + 1);
                plain.extend_from_slice(username.as_bytes());
                plain.push(b':');
                plain.extend_from_slice(password.as_bytes());
                Ok(basic_header(&plain))
            }
            Self::Bearer(token) => {
                // Every request of a user with a token comes by here: one allocation of the right size.
                let mut value = HeaderValue::try_from(["Bearer ", token].concat()).map_err(|_| {
                    Failure::new(
                        FailureKind::Step,
                        "the bearer token contains a character that is not allowed in a header",
                    )
                })?;
                value.set_sensitive(true);
                Ok(Some(value))
            }
            Self::Digest { username, password } => nonces.respond(username, password, method, target, body),
        }
    }

    /// Takes the challenge of a 401 response; whether it is worth asking again.
    pub(super) fn challenged(&self, nonces: &Nonces, target: &Target, headers: &HeaderMap) -> Result<bool, Failure> {
        match self {
            Self::Digest { username, .. } => nonces.learn(username, target, headers),
            Self::Basic { .. } | Self::Bearer(_) => Ok(false),
        }
    }
}

impl Nonces {
    fn respond(
        &self,
        username: &str,
        password: &str,
        method: &Method,
        target: &Target,
        body: &[u8],
    ) -> Result<Option<HeaderValue>, Failure> {
        let mut known = self.known.borrow_mut();
        let Some(known) = known.iter_mut().find(|known| known.is_for(target, username)) else { return Ok(None) };
        // `auth` is what servers implement; the body is only hashed for one that wants nothing else.
        let wants_body = known.challenge.qop.as_ref().is_some_and(|qop| !qop.contains(&Qop::AUTH));
        let body = wants_body.then_some(body);
        let context =
            AuthContext::new_with_method(username, password, target.path(), body, HttpMethod::from(method.as_str()));
        let answer = known.challenge.respond(&context).map_err(|_| challenge::not_understood("it cannot be used"))?;
        let mut value = HeaderValue::try_from(answer.to_header_string()).map_err(|_| {
            Failure::new(
                FailureKind::Step,
                "username, password or realm contain a character that is not allowed in a header",
            )
        })?;
        value.set_sensitive(true);
        Ok(Some(value))
    }

    fn learn(&self, username: &str, target: &Target, headers: &HeaderMap) -> Result<bool, Failure> {
        // Only visible ASCII: whatever else a header holds is no challenge.
        let lines = headers.get_all(WWW_AUTHENTICATE).iter().filter_map(|value| value.to_str().ok());
        let Some(challenge) = challenge::digest(lines)? else { return Ok(false) };
        let mut known = self.known.borrow_mut();
        known.retain(|known| !known.is_for(target, username));
        if known.len() >= MAX_NONCES {
            known.remove(0);
        }
        known.push(KnownNonce { origin: Arc::clone(target.origin()), username: username.to_owned(), challenge });
        Ok(true)
    }
}

impl KnownNonce {
    fn is_for(&self, target: &Target, username: &str) -> bool {
        self.origin == *target.origin() && self.username == username
    }
}
