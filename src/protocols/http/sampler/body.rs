//! The body of a request, made from the node's templates.

use bytes::Bytes;
use http::{HeaderName, HeaderValue, header};

use super::super::client::body as encode;
use super::super::compile::MAX_SENT_FILE;
use super::super::node::{Body, FileSource, HttpNode, Part, PartContent};
use super::target::spread;
use crate::failure::StepError;
use crate::files;
use crate::graph::JsonTemplate;
use crate::protocols::sampler::text;
use crate::template::{Scope, Template};

/// Makes the body and adds the headers that say what it is to `extra`.
///
/// # Errors
/// When a value is missing or a file cannot be read.
pub(super) fn make(
    body: &Body,
    http: &HttpNode,
    scope: &mut dyn Scope,
    extra: &mut Vec<(HeaderName, HeaderValue)>,
) -> Result<Bytes, StepError> {
    let written = http.headers.iter().find(|(name, _)| *name == header::CONTENT_TYPE).map(|(_, value)| value);
    let mut content_type = |value: HeaderValue| {
        if written.is_none() {
            extra.push((header::CONTENT_TYPE, value));
        }
    };
    let bytes = match body {
        Body::Json(json) => {
            content_type(HeaderValue::from_static("application/json"));
            json_text(json, scope)?.into()
        }
        Body::Text(template) => text(scope, template)?.into(),
        Body::Form(fields) => {
            content_type(HeaderValue::from_static("application/x-www-form-urlencoded"));
            let mut pairs = Vec::new();
            for (name, tree) in fields {
                let value = tree.value(scope)?;
                spread(name, &value, &mut pairs);
            }
            encode::form(pairs.iter().map(|(name, value)| (&**name, value.as_str())))
        }
        Body::File(file) => file_bytes(file, scope)?,
        Body::Multipart(parts) => {
            let written = written.map(|template| text(scope, template)).transpose()?;
            let (mut multipart, kind) = encode::Multipart::typed(written.as_deref());
            for (name, part) in parts {
                match part {
                    Part::Field(template) => {
                        let value = text(scope, template)?;
                        multipart.field(name, value.as_bytes());
                    }
                    Part::Typed { content, content_type, file_name } => {
                        let content = match content {
                            PartContent::File(file) => file_bytes(file, scope)?,
                            PartContent::Text(template) => text(scope, template)?.into(),
                            PartContent::Json(json) => json_text(json, scope)?.into(),
                        };
                        let mut written = |template: &Option<Template>| {
                            template.as_ref().map(|template| text(scope, template)).transpose()
                        };
                        let (kind, file_name) = (written(content_type)?, written(file_name)?);
                        multipart.part(name, file_name.as_deref(), kind.as_deref(), &content);
                    }
                }
            }
            let kind =
                HeaderValue::try_from(kind).map_err(|_| StepError::new("the Content-Type contains a line break"))?;
            extra.push((header::CONTENT_TYPE, kind));
            multipart.finish()
        }
    };
    let Some(coding) = http.compress_body.filter(|_| !bytes.is_empty()) else { return Ok(bytes) };
    if !http.headers.iter().any(|(name, _)| *name == header::CONTENT_ENCODING) {
        extra.push((header::CONTENT_ENCODING, HeaderValue::from_static(coding.word())));
    }
    coding.encode(&bytes).map_err(|error| StepError::new(format!("the body cannot be compressed: {error}")))
}

fn json_text(json: &JsonTemplate, scope: &mut dyn Scope) -> Result<String, StepError> {
    let mut text = String::new();
    json.render(scope, &mut text)?;
    Ok(text)
}

/// The bytes of a file to send.
///
/// # Errors
/// When it cannot be read.
pub(crate) fn file_bytes(file: &FileSource, scope: &mut dyn Scope) -> Result<Bytes, StepError> {
    match file {
        FileSource::Read(bytes) => Ok(bytes.clone()),
        FileSource::Named(template, folder) => {
            let name = text(scope, template)?;
            files::read(&folder.join(&name), MAX_SENT_FILE)
                .map(Bytes::from)
                .map_err(|cause| StepError::new(format!("a file to send cannot be read: {cause}")))
        }
    }
}
