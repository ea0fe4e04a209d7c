//! Headers that say something about the body: whether it is true.

use super::super::plan::{BodySpec, HttpStep};
use crate::diagnostic::Diagnostic;
use crate::graph::Build;
use crate::plan::{Name, Text};
use crate::protocols::http::client::body::is_multipart;

impl Build<'_> {
    /// Checks the written headers of a request against what will be sent with them.
    pub(super) fn check_declared(&mut self, step: &HttpStep, headers: &[(&Name, &Text)]) {
        for (name, value) in headers {
            let finding = match &*name.value.to_ascii_lowercase() {
                "content-length" => Some(
                    Diagnostic::warning(
                        name.span,
                        "`Content-Length` is not sent as written here: it is always the length of the body",
                    )
                    .help("remove it"),
                ),
                "transfer-encoding" => transfer_encoding(name, value),
                "content-encoding" => content_encoding(step, name, value),
                "content-type" => content_type(step, name, value),
                _ => None,
            };
            // Headers of outer places are checked with every request.
            if let Some(finding) = finding
                && !self.findings.iter().any(|known| known.span == finding.span && known.message == finding.message)
            {
                self.findings.push(finding);
            }
        }
    }
}

fn is_computed(value: &Text) -> bool {
    value.value.contains("${")
}

fn transfer_encoding(name: &Name, value: &Text) -> Option<Diagnostic> {
    if is_computed(value) || value.value.trim().eq_ignore_ascii_case("chunked") {
        return None;
    }
    Some(
        Diagnostic::warning(
            name.span,
            format!("`Transfer-Encoding: {}` does not apply to the body; only `chunked` does", value.value.trim()),
        )
        .help("write `chunked` or remove it; `compress_body: gzip` compresses a body"),
    )
}

fn content_encoding(step: &HttpStep, name: &Name, value: &Text) -> Option<Diagnostic> {
    let coding = value.value.trim();
    if is_computed(value) || coding.is_empty() || coding.eq_ignore_ascii_case("identity") {
        return None;
    }
    if let Some(own) = &step.compress_body {
        return (!coding.eq_ignore_ascii_case(own.value)).then(|| {
            Diagnostic::error(
                name.span,
                format!("`Content-Encoding` says `{coding}`, but `compress_body` compresses with `{}`", own.value),
            )
            .help("remove the header: it is added automatically")
        });
    }
    let plain = format!("the header says that the body is compressed with `{coding}`, but it is sent uncompressed");
    let help = "write `compress_body: gzip` on the request instead, which adds the header";
    match step.body.as_ref()? {
        BodySpec::Json(_) | BodySpec::Form(_) | BodySpec::Graphql(..) | BodySpec::Multipart(_) => {
            Some(Diagnostic::error(name.span, plain).help(help))
        }
        BodySpec::Text(_) => Some(Diagnostic::warning(name.span, plain).help(help)),
        // A file may be compressed already.
        BodySpec::File(file) => {
            let path = file.folder.join(&*file.path.value);
            let gzip = ["gzip", "x-gzip"].iter().any(|word| coding.eq_ignore_ascii_case(word));
            let begins = std::fs::File::open(path).and_then(|mut file| {
                let mut start = [0; 2];
                std::io::Read::read_exact(&mut file, &mut start).map(|()| start)
            });
            (gzip && begins.is_ok_and(|start| start != [0x1F, 0x8B])).then(|| {
                Diagnostic::warning(
                    name.span,
                    "the header says that the body is compressed with gzip, but the file is not",
                )
                .help(help)
            })
        }
    }
}

fn content_type(step: &HttpStep, name: &Name, value: &Text) -> Option<Diagnostic> {
    let own = step.http.headers.iter().any(|(written, _)| written.span == name.span);
    if !matches!(step.body, Some(BodySpec::Multipart(_))) || is_computed(value) || !own || is_multipart(&value.value) {
        return None;
    }
    Some(
        Diagnostic::error(
            name.span,
            format!("a `multipart` body cannot have the Content-Type `{}`", value.value.trim()),
        )
        .help("remove the header: it is added with the boundary, which servers need to read the body"),
    )
}
