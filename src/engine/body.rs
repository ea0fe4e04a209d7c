//! The body of a request, made from the node's templates.

use bytes::Bytes;
use http::{HeaderName, HeaderValue, header};

use super::files;
use super::target::spread;
use super::user::User;
use crate::graph::{Body, FileSource, HttpNode, JsonTemplate, MAX_SENT_FILE, Part, PartContent};
use crate::samplers::http::body as encode;
use crate::template::Template;

impl User {
    /// Makes the body and adds the headers that say what it is to `extra`.
    ///
    /// # Errors
    /// When a value is missing or a file cannot be read.
    pub(super) fn body(
        &mut self,
        body: &Body,
        http: &HttpNode,
        extra: &mut Vec<(HeaderName, HeaderValue)>,
    ) -> Result<Bytes, String> {
        let written = http.headers.iter().find(|(name, _)| *name == header::CONTENT_TYPE).map(|(_, value)| value);
        let mut content_type = |value: HeaderValue| {
            if written.is_none() {
                extra.push((header::CONTENT_TYPE, value));
            }
        };
        let bytes = match body {
            Body::Json(json) => {
                content_type(HeaderValue::from_static("application/json"));
                self.json_text(json)?.into()
            }
            Body::Text(template) => self.text(template)?.into(),
            Body::Form(fields) => {
                content_type(HeaderValue::from_static("application/x-www-form-urlencoded"));
                let mut pairs = Vec::new();
                for (name, tree) in fields {
                    let value = tree.value(self).map_err(|error| error.message)?;
                    spread(name, &value, &mut pairs);
                }
                encode::form(pairs.iter().map(|(name, value)| (&**name, value.as_str())))
            }
            Body::File(file) => self.file_bytes(file)?,
            Body::Multipart(parts) => {
                let written = written.map(|template| self.text(template)).transpose()?;
                let (mut multipart, kind) = encode::Multipart::typed(written.as_deref());
                for (name, part) in parts {
                    match part {
                        Part::Field(template) => {
                            let value = self.text(template)?;
                            multipart.field(name, value.as_bytes());
                        }
                        Part::Typed { content, content_type, file_name } => {
                            let content = match content {
                                PartContent::File(file) => self.file_bytes(file)?,
                                PartContent::Text(template) => self.text(template)?.into(),
                                PartContent::Json(json) => self.json_text(json)?.into(),
                            };
                            let written = |template: &Option<Template>, user: &mut Self| {
                                template.as_ref().map(|template| user.text(template)).transpose()
                            };
                            let (kind, file_name) = (written(content_type, self)?, written(file_name, self)?);
                            multipart.part(name, file_name.as_deref(), kind.as_deref(), &content);
                        }
                    }
                }
                let kind = HeaderValue::try_from(kind).map_err(|_| "the Content-Type holds a line break".to_owned())?;
                extra.push((header::CONTENT_TYPE, kind));
                multipart.finish()
            }
        };
        let Some(coding) = http.compress_body.filter(|_| !bytes.is_empty()) else { return Ok(bytes) };
        if !http.headers.iter().any(|(name, _)| *name == header::CONTENT_ENCODING) {
            extra.push((header::CONTENT_ENCODING, HeaderValue::from_static(coding.word())));
        }
        coding.encode(&bytes).map_err(|error| format!("the body cannot be compressed: {error}"))
    }

    fn json_text(&mut self, json: &JsonTemplate) -> Result<String, String> {
        let mut text = String::new();
        json.render(self, &mut text).map_err(|error| error.message)?;
        Ok(text)
    }

    fn file_bytes(&mut self, file: &FileSource) -> Result<Bytes, String> {
        match file {
            FileSource::Read(bytes) => Ok(bytes.clone()),
            FileSource::Named(template, folder) => {
                let name = self.text(template)?;
                files::read(&folder.join(&name), MAX_SENT_FILE)
                    .map(Bytes::from)
                    .map_err(|cause| format!("a file to send cannot be read: {cause}"))
            }
        }
    }
}
