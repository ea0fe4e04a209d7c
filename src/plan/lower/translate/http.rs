//! Where requests go: the server, port and protocol of other tools as one `base_url`.

use super::{find, in_words, is_one_of};
use crate::diagnostic::Diagnostic;
use crate::plan::lower::Lower;
use crate::protocols::http::keys::HTTP;
use crate::yaml::{Entry, Node, quoted};

const SERVER: [&str; 11] = [
    "server",
    "server_name",
    "Server Name or IP",
    "host",
    "hostname",
    "domain",
    "ip",
    "server_name_or_ip",
    "address",
    "HTTPSampler.domain",
    "web server",
];
const PORT: [&str; 5] = ["port", "port_number", "server_port", "HTTPSampler.port", "tcp_port"];
const PROTOCOL: [&str; 4] = ["protocol", "scheme", "HTTPSampler.protocol", "schema"];
const PATH: [&str; 5] = ["path", "base_path", "context_path", "path_prefix", "HTTPSampler.path"];

/// The entries of a map that together say where requests go, and the `base_url` they stand for.
pub(super) fn base_url(entries: &[Entry]) -> Option<(Vec<usize>, String)> {
    let server = find(entries, &SERVER)?;
    let (port, protocol, path) = (find(entries, &PORT), find(entries, &PROTOCOL), find(entries, &PATH));
    let text = |at: usize| {
        let text = entries[at].value.text()?.trim();
        (!text.is_empty() && !text.contains(char::is_whitespace)).then(|| text.to_owned())
    };
    let host = text(server)?;
    let (scheme, host) = match host.split_once("://") {
        Some((scheme, host)) => (Some(scheme.to_owned()), host.trim_end_matches('/').to_owned()),
        None => (None, host.trim_end_matches('/').to_owned()),
    };
    let is_port = |text: &String| text.contains("${") || text.parse::<u16>().is_ok();
    let port_text = match port {
        Some(at) => Some(text(at).filter(is_port)?),
        None => None,
    };
    let scheme = match (protocol, scheme) {
        (Some(at), _) => text(at)?.trim_end_matches("://").to_ascii_lowercase(),
        (None, Some(scheme)) => scheme,
        (None, None) if port_text.as_deref() == Some("443") => "https".into(),
        (None, None) => "http".into(),
    };
    let usual = matches!((scheme.as_str(), port_text.as_deref()), ("http", Some("80")) | ("https", Some("443")));
    let port_text = port_text.filter(|_| !usual).map_or_else(String::new, |port| format!(":{port}"));
    let path_text = match path {
        Some(at) => format!("/{}", text(at)?.trim_matches('/')),
        None => String::new(),
    };
    let mut at: Vec<usize> = [Some(server), port, protocol, path].into_iter().flatten().collect();
    at.sort_unstable();
    let url = format!("{scheme}://{host}{port_text}{}", path_text.trim_end_matches('/'));
    // Within braces an expression needs quotes.
    Some((at, if url.contains("${") { quoted(&url) } else { url }))
}

impl Lower<'_> {
    /// Whether certificates are checked, as other tools say it.
    fn certificates(&mut self, node: &mut Node) {
        const CHECKED: [&str; 6] =
            ["verify_ssl", "ssl_verify", "verify", "verify_tls", "validate_certificates", "check_certificates"];
        const UNCHECKED: [&str; 4] = ["insecure", "insecureSkipTLSVerify", "ignore_ssl_errors", "ignore_certificates"];
        let Some(entries) = node.entries() else { return };
        let Some(at) = find(entries, &CHECKED).or_else(|| find(entries, &UNCHECKED)) else { return };
        let is_on = !entries[at].value.text().is_some_and(|text| is_one_of(text, &["false", "no", "off", "0"]));
        let checks = is_on != is_one_of(&entries[at].key, &UNCHECKED);
        if entries.iter().any(|entry| &*entry.key == "tls") {
            return;
        }
        let text = format!("{{ verify: {checks} }}");
        let finding =
            self.no_key(&entries[at], &HTTP).help(format!("whether certificates are checked is `tls: {text}`"));
        self.replace_entries(node, &[at], &[("tls".into(), text)], finding);
    }

    /// A header under a name of its own.
    fn user_agent(&mut self, node: &mut Node) {
        let Some(entries) = node.entries() else { return };
        let Some(at) = find(entries, &["user_agent"]) else { return };
        let known = entries.iter().any(|entry| &*entry.key == "headers");
        let Some(value) = self.in_flow(&entries[at].value).filter(|_| !known) else { return };
        let text = format!("{{ User-Agent: {value} }}");
        let finding = self.no_key(&entries[at], &HTTP).help(format!("it is a header: write `headers: {text}`"));
        self.replace_entries(node, &[at], &[("headers".into(), text)], finding);
    }

    /// Reads the HTTP defaults of the plan or of a thread group as they are meant.
    pub(super) fn translate_http(&mut self, node: &mut Node) {
        if let Some(text) = node.text().filter(|text| text.contains("://") && !text.contains(char::is_whitespace)) {
            let braces = format!("{{ base_url: {text} }}");
            let finding = Diagnostic::error(node.span, "`http` takes a map of keys, not text");
            return self.replace_value(node, &braces, finding.help(format!("write `http: {braces}`")));
        }
        if let Some([only]) = node.items()
            && only.entries().is_some()
        {
            let finding = Diagnostic::error(super::start_of(node.span), "`http` takes a map of keys, not a list");
            let inside = only.clone();
            self.report(finding.help("remove the `-` before its first key"));
            *node = inside;
        }
        let Some(entries) = node.entries() else { return };
        let known = entries.iter().any(|entry| &*entry.key == "base_url");
        if let Some((at, url)) = base_url(entries).filter(|_| !known) {
            let words: Vec<&str> = at.iter().map(|at| &*entries[*at].key).collect();
            let what = format!("http: {} are written as one `base_url`", in_words(&words));
            let what = if let [one] = words.as_slice() { format!("http: there is no key `{one}`") } else { what };
            let finding = Diagnostic::error(entries[at[0]].key_span, what).help(format!("write `base_url: {url}`"));
            self.replace_entries(node, &at, &[("base_url".into(), url)], finding);
        }
        self.certificates(node);
        self.user_agent(node);
        self.rename_keys(node, &HTTP);
    }
}
