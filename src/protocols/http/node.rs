//! A compiled HTTP request.

use std::sync::Arc;

use ::http::HeaderName;

use super::client::body::Coding;
use super::client::{Auth, Resources};
use crate::graph::{JsonTemplate, TransportId};
use crate::template::{Template, Tree};

/// A compiled HTTP request.
#[derive(Debug)]
pub struct HttpNode {
    /// The method.
    pub method: ::http::Method,
    /// Path or URL as written.
    pub url: Template,
    /// The prefix of a path.
    pub base_url: Option<Template>,
    /// Query parameters.
    pub query: Vec<(Arc<str>, Tree)>,
    /// Whether it opens a WebSocket.
    pub websocket: bool,
    /// Whether URL and query depend on nothing that changes during the run.
    pub fixed_target: bool,
    /// Headers with fixed names, in order of writing.
    pub headers: Vec<(HeaderName, Template)>,
    /// The spelling of their names over HTTP/1, where it is not the usual one.
    pub spelled: Vec<(HeaderName, Box<str>)>,
    /// Headers whose value holds a secret.
    pub secret_headers: Vec<HeaderName>,
    /// How many of the headers, counted from the first, depend on nothing that changes during the run.
    pub fixed_headers: usize,
    /// The body, if there is one. Boxed, as most requests of a large plan have none.
    pub body: Option<Box<Body>>,
    /// How the body is compressed.
    pub compress_body: Option<Coding>,
    /// Connection-level settings.
    pub transport: TransportId,
    /// How to sign in.
    pub auth: Option<Box<Auth<Template>>>,
    /// Whether and how embedded resources are fetched.
    pub resources: Option<Resources>,
}

/// A request's body.
#[derive(Debug)]
pub enum Body {
    /// JSON text.
    Json(JsonTemplate),
    /// Form fields.
    Form(Vec<(Arc<str>, Tree)>),
    /// Text as it is.
    Text(Template),
    /// A file's bytes.
    File(FileSource),
    /// Parts.
    Multipart(Vec<(Arc<str>, Part)>),
}

/// A file to send.
#[derive(Debug)]
pub enum FileSource {
    /// Read before the run.
    Read(bytes::Bytes),
    /// Named for each user; read when the step is reached.
    Named(Template, Arc<std::path::Path>),
}

/// A part of a multipart body.
#[derive(Debug)]
pub enum Part {
    /// A field.
    Field(Template),
    /// A part with a type of its own, or a file.
    Typed {
        /// What is in it.
        content: PartContent,
        /// Its Content-Type.
        content_type: Option<Template>,
        /// The file name that is sent.
        file_name: Option<Template>,
    },
}

/// What a part of a multipart body holds.
#[derive(Debug)]
pub enum PartContent {
    /// A file's bytes.
    File(FileSource),
    /// Text as it is.
    Text(Template),
    /// JSON text.
    Json(JsonTemplate),
}
