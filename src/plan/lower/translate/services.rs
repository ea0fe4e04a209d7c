//! Services as a text, or under other names.

use super::{find, is_one_of};
use crate::diagnostic::Diagnostic;
use crate::plan::lower::Lower;
use crate::yaml::{Node, NodeKind};

impl Lower<'_> {
    /// Services as a text or under other names.
    pub(super) fn translate_services(&mut self, node: &mut Node) {
        if let Some(items) = node.items() {
            let names: Vec<&str> = items.iter().filter_map(|item| item.text().map(|text| &**text)).collect();
            if names == ["trading"] || names == ["demo"] {
                let text = "{ api: { demo: trading } }";
                let finding = Diagnostic::error(node.span, "`services` takes a map of names to services, not a list");
                self.replace_value(node, text, finding.help(format!("write `services: {text}`")));
            }
            return;
        }
        let NodeKind::Map(entries) = &mut node.kind else { return };
        for entry in entries {
            let Some(text) = entry.value.text().map(|text| text.trim().to_owned()) else {
                self.translate_service(&mut entry.value);
                continue;
            };
            if text.is_empty() || entry.value.is_null() {
                continue;
            }
            let inside = if text == "trading" {
                "{ demo: trading }".to_owned()
            } else {
                format!("{{ command: {} }}", crate::yaml::quoted(&text))
            };
            let finding = Diagnostic::error(
                entry.value.span,
                format!("the service `{}` takes a map of keys, not text", entry.key),
            );
            self.replace_value(&mut entry.value, &inside, finding.help(format!("write `{}: {inside}`", entry.key)));
        }
    }

    fn translate_service(&mut self, node: &mut Node) {
        if let NodeKind::Map(entries) = &mut node.kind {
            for entry in entries
                .iter_mut()
                .filter(|entry| is_one_of(&entry.key, &["ready", "healthcheck", "health", "wait_for"]))
            {
                let Some(url) = entry.value.text().filter(|text| text.contains("://")).cloned() else { continue };
                let text = format!("{{ url: {} }}", crate::yaml::quoted(&url));
                if &*entry.key == "ready" {
                    let finding = Diagnostic::error(entry.value.span, "`ready` takes a map of keys, not text");
                    self.replace_value(&mut entry.value, &text, finding.help(format!("write `ready: {text}`")));
                }
            }
        }
        let Some(entries) = node.entries() else { return };
        if let Some(at) = find(entries, &["image", "docker", "container", "compose"])
            && !entries.iter().any(|entry| &*entry.key == "command")
        {
            let image = entries[at].value.text().cloned().unwrap_or_else(|| "IMAGE".into());
            let finding =
                Diagnostic::error(entries[at].key_span, format!("service: there is no key `{}`", entries[at].key));
            self.report(finding.help(format!(
                "write the command that starts it, with the port it is to have: `command: docker run --rm -p 8080:80 {image}`"
            )));
            if let Some(key) = crate::plan::keys::SERVICE.key("command") {
                self.stand_in(node, at, key);
            }
        }
        let Some(entries) = node.entries() else { return };
        if let Some(at) = find(entries, &["healthcheck", "health", "wait_for", "health_check"])
            && let Some(url) = entries[at].value.text().filter(|text| text.contains("://")).cloned()
            && !entries.iter().any(|entry| &*entry.key == "ready")
        {
            let text = format!("{{ url: {} }}", crate::yaml::quoted(&url));
            let finding =
                Diagnostic::error(entries[at].key_span, format!("service: there is no key `{}`", entries[at].key));
            let finding = finding.help(format!("write `ready: {text}`"));
            self.replace_entries(node, &[at], &[("ready".into(), text)], finding);
        }
        self.rename_keys(node, &crate::plan::keys::SERVICE);
    }
}
