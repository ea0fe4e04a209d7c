//! What is looked for to find a secret: the secret, and what is left of it in encodings that do
//! not work character by character. The others are undone in the text ([`super::view`]).

use base64::Engine as _;
use base64::prelude::{BASE64_STANDARD_NO_PAD, BASE64_URL_SAFE_NO_PAD};
use encoding_rs::WINDOWS_1252;

use super::SHORTEST;
use super::view::View;
use crate::sanitize::is_unseen;

/// Lines and other parts of a secret are hidden on their own only if they are this long.
const SHORTEST_PART: usize = 6;

/// Everything to look for, for one secret; nothing for a secret that is too short.
pub(super) fn spellings(secret: &str) -> Vec<String> {
    if secret.trim().chars().count() < SHORTEST {
        return Vec::new();
    }
    let mut plain = vec![secret.to_owned(), secret.trim().to_owned()];
    // Headers and shells know no line breaks, and of a URL what is behind `#` is never sent.
    let parts = secret.lines().map(str::trim).chain(secret.split('#').next());
    plain.extend(parts.filter(|part| part.chars().count() >= SHORTEST_PART).map(str::to_owned));
    if !secret.is_ascii() {
        plain.extend(misread(secret));
    }
    plain.retain(|text| text.trim().chars().filter(|c| *c != '\u{fffd}' && !is_unseen(*c)).count() >= SHORTEST);
    // An encoder may leave what looks like an escape already: what is undone then is a part of the secret.
    // What a secret in base64 holds is none: it may be a word.
    let views = plain.iter().flat_map(|text| View::unescaped(text));
    let mut found: Vec<String> = views.map(|view| view.text.into_owned()).collect();
    for text in [secret, secret.trim()] {
        found.push(text.bytes().map(|byte| format!("{byte:02x}")).collect());
        let json = json_escaped(text);
        let url = crate::uri::percent_encoded(text);
        let forms = [text.as_bytes(), json.as_bytes(), url.as_bytes()];
        let base64 = forms.into_iter().flat_map(in_base64);
        found.extend(base64.map(|text| View::seen(&text)));
    }
    // A view shows `+` as a space.
    found.retain(|text| text.chars().count() >= SHORTEST && !text.trim().is_empty());
    found.sort_unstable();
    found.dedup();
    found
}

/// How a secret reads when its bytes are taken for those of another charset.
fn misread(secret: &str) -> Vec<String> {
    let (little, big): (Vec<_>, Vec<_>) =
        secret.encode_utf16().map(|unit| (unit.to_le_bytes(), unit.to_be_bytes())).unzip();
    let latin = WINDOWS_1252.encode(secret).0;
    // A charset without a character has `?` for it.
    let doubtful = |c: char| u8::try_from(u32::from(c)).unwrap_or(b'?');
    let latin_or_not: Vec<u8> = secret.chars().map(doubtful).collect();
    let ascii = |c: char| if c.is_ascii() { c } else { '?' };
    [little.concat(), big.concat(), latin.into_owned(), latin_or_not]
        .iter()
        .map(|bytes| String::from_utf8_lossy(bytes).into_owned())
        .chain([WINDOWS_1252.decode_without_bom_handling(secret.as_bytes()).0.into_owned()])
        .chain([secret.chars().map(ascii).collect()])
        .filter(|text| text.chars().filter(|c| !matches!(c, '?' | '\u{fffd}') && !is_unseen(*c)).count() >= SHORTEST)
        .collect()
}

/// Text as it is inside a JSON string.
fn json_escaped(text: &str) -> String {
    let mut json = String::new();
    crate::value::write_json_text(text, &mut json);
    json[1..json.len() - 1].to_owned()
}

/// What bytes look like inside a longer base64 text of either alphabet, at each of the three
/// alignments, without the characters at their ends that also depend on their neighbours.
fn in_base64(bytes: &[u8]) -> Vec<String> {
    let mut found = Vec::new();
    for alphabet in [BASE64_STANDARD_NO_PAD, BASE64_URL_SAFE_NO_PAD] {
        // At the end of a text the last character depends on nothing else.
        found.push(alphabet.encode(bytes));
        for lead in 0..3 {
            let padded = [&[0; 2][..lead], bytes].concat();
            let encoded = alphabet.encode(&padded);
            let middle = encoded.get((lead * 8).div_ceil(6)..padded.len() * 8 / 6);
            found.extend(middle.filter(|middle| middle.len() >= 4).map(str::to_owned));
        }
    }
    found
}
