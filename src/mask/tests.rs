use base64::Engine as _;
use base64::prelude::{BASE64_STANDARD, BASE64_URL_SAFE_NO_PAD};
use http::HeaderMap;

use super::*;
use crate::protocols::http::client::body;

#[track_caller]
fn hides(secret: &str, text: &str, expected: &str) {
    assert_eq!(Masker::new([secret]).mask(text), expected, "{secret:?} in {text:?}");
}

#[test]
fn a_secret_is_masked_in_every_spelling_of_ours() {
    let secret = "S3~cr et&w-o_r.d\"/1";
    let query = body::query([("p", secret)]);
    assert_eq!(query, "p=S3~cr%20et%26w-o_r.d%22%2F1");
    hides(secret, &query, "p=***");
    let form = String::from_utf8(body::form([("p", secret)]).to_vec()).expect("a form is text");
    assert_eq!(form, "p=S3%7Ecr+et%26w-o_r.d%22%2F1");
    hides(secret, &form, "p=***");
    hides(secret, "http://host/S3~cr%20et&w-o_r.d%22/1/x", "http://host/***/x");
    hides(secret, r#"{"p":"S3~cr et&w-o_r.d\"/1"}"#, r#"{"p":"***"}"#);
    hides(secret, r#"{"q":"{\"p\":\"S3~cr et&w-o_r.d\\\"/1\"}"}"#, r#"{"q":"{\"p\":\"***\"}"}"#);
    hides(secret, &BASE64_STANDARD.encode(secret), "***==");
    for user in ["a", "an", "ann"] {
        let basic = BASE64_STANDARD.encode(format!("{user}:{secret}"));
        let masked = Masker::new([secret]).mask(&basic).into_owned();
        assert!(masked.len() < 14 && masked.contains(MASK), "{basic} became {masked}");
    }
}

#[test]
fn a_secret_is_masked_in_the_spellings_of_servers() {
    let secret = "a/b<c>\u{e4}\u{1f600}&'d";
    for spelled in [
        r"a\/b\u003cc\u003e\u00e4\ud83d\ude00\u0026'd",
        r"a/b\u003Cc\u003E\u00E4\uD83D\uDE00&\'d",
        r"a/b\x3cc\x3eä\u{1f600}&'d",
        r"a/b<c>ä\U0001f600&'d",
        "a/b&lt;c&gt;&auml;&#128512;&amp;&#39;d",
        "a&sol;b&#60;c&#x3E;&#xe4;&#x1F600;&amp;&apos;d",
        "a%2fb%3cc%3e%c3%a4%f0%9f%98%80%26%27d",
        "a%2Fb%3Cc>%C3%A4😀&%27d",
        "a%2Fb%3Cc%3E%E4%F0%9F%98%80%26'd",
        "a%252Fb%253Cc%253E%25C3%25A4%25F0%259F%2598%2580%2526'd",
        r#"a/b\\u003cc\\u003e\\u00e4\\ud83d\\ude00&'d"#,
        "a/b&amp;lt;c&amp;gt;&amp;auml;&amp;#128512;&amp;amp;'d",
        r"a\/b&lt;c&gt;ä😀&amp;'d",
        "612f623c633ec3a4f09f988026",
    ] {
        let masked = Masker::new([secret]).mask(spelled).into_owned();
        let rest = if spelled.starts_with("612f") { spelled } else { MASK };
        assert_eq!(masked, rest, "{spelled}");
    }
    hides(secret, "612F623C633EC3A4F09F9880262764", MASK);
    let token = BASE64_URL_SAFE_NO_PAD.encode(format!("{{\"sub\":\"{secret}\"}}"));
    let masked = Masker::new([secret]).mask(&token).into_owned();
    assert!(masked.starts_with("eyJzdWIiOi") && masked.contains(MASK) && masked.len() < 24, "{token}: {masked}");
    hides("Hunter22", "HUNTER22 hunter22", "*** ***");
}

#[test]
fn what_a_charset_makes_of_a_secret_is_masked() {
    let secret = "pässwört€日1";
    let utf16: Vec<u8> = secret.encode_utf16().flat_map(u16::to_le_bytes).collect();
    for bytes in [utf16, encoding_rs::WINDOWS_1252.encode("pässwört€").0.into_owned()] {
        let text = String::from_utf8_lossy(&bytes).into_owned();
        let masker = Masker::new([secret, "pässwört€"]);
        assert_eq!(masker.mask(&text).trim_end_matches('\0'), MASK, "{text:?}");
    }
    hides(secret, "pÃ¤sswÃ¶rtâ‚¬æ—¥1", MASK);
}

#[test]
fn nothing_unseen_keeps_a_secret_from_being_found() {
    for text in [
        "s\0e\0c\0r\0e\0t\0",
        "sec\u{1b}[0mret",
        "sec\u{1b}]0;title\u{7}ret",
        "se\u{200b}cr\u{202e}et",
        "sec\u{fffe}ret\u{7}",
        r"sec\u001b[0mret",
        r"sec\u200bret",
        "sec%1B%5B0mret",
        "sec\r\nret",
    ] {
        let masked = Masker::new(["secret"]).mask(text).into_owned();
        let seen: String = masked.chars().filter(|c| !crate::sanitize::is_unseen(*c)).collect();
        assert_eq!(seen, MASK, "{text:?} became {masked:?}");
    }
    hides("se\tc  r\r\net", "1 sec  ret 2", "1 *** 2");
    hides("se\tc  r\r\net", "1 se c r et 2", "1 *** 2");
    hides("se\tc  r\r\net", "1 se%09c++r%0D%0Aet 2", "1 *** 2");
    hides("C++", "in C++", "in ***");
    hides("sec\u{1b}[1mret", "sec\u{1b}[1mret", MASK);
    // A command that hides it hides it for one reader only.
    hides("secret", "\u{1b}]0;secret\u{7}", "\u{1b}]0;***\u{7}");
}

fn base64(bytes: impl AsRef<[u8]>) -> String {
    BASE64_STANDARD.encode(bytes)
}

fn hex(bytes: impl AsRef<[u8]>) -> String {
    bytes.as_ref().iter().map(|byte| format!("{byte:02x}")).collect()
}

fn apart(bytes: &str, before: &str, between: &str) -> String {
    bytes.bytes().map(|byte| format!("{before}{byte:02x}")).collect::<Vec<_>>().join(between)
}

/// Whether nothing is left of a spelling between the brackets but a few characters at its ends, which
/// also belong to what is next to the secret.
#[track_caller]
fn hides_all(secret: &str, spelled: &str, left: usize) {
    for around in [("START[", "]END"), ("/plain/", "/x"), ("{\"p\":\"", "\"}")] {
        let text = format!("{}{spelled}{}", around.0, around.1);
        let masked = Masker::new([secret]).mask(&text).into_owned();
        let rest = masked.strip_prefix(around.0).and_then(|rest| rest.strip_suffix(around.1)).unwrap_or(&masked);
        let rest = rest.replace(MASK, "");
        assert!(masked.contains(MASK) && rest.len() <= left, "{text} became {masked}");
    }
}

#[test]
fn regression_a_secret_is_hidden_under_three_encodings() {
    let secret = "hunter2secret";
    let utf16: Vec<u8> = secret.encode_utf16().flat_map(u16::to_le_bytes).collect();
    let big: Vec<u8> = secret.encode_utf16().flat_map(u16::to_be_bytes).collect();
    let user = format!("user:{secret}");
    let percent: String = secret.bytes().map(|byte| format!("%{byte:02X}")).collect();
    for (spelled, left) in [
        (base64(base64(secret)), 4),
        // The padding of the inner ones is left.
        (base64(base64(base64(secret))), 8),
        // `user:` and the padding are left.
        (base64(base64(&user)), 16),
        (base64(hex(secret)), 4),
        (hex(base64(secret)), 6),
        (hex(hex(secret)), 0),
        (hex(hex(hex(secret))), 0),
        (base64(&percent), 4),
        (percent.replace('%', "%25"), 0),
        (base64(&utf16), 6),
        (base64(&big), 6),
        (hex(&utf16), 2),
        (apart(secret, "", ":"), 0),
        (apart(secret, "", " "), 0),
        (apart(secret, "0x", ", "), 2),
        (apart(secret, "", "-").to_uppercase(), 0),
        (base64(apart(secret, "", ":")), 4),
        (BASE64_URL_SAFE_NO_PAD.encode(base64(secret)), 4),
    ] {
        hides_all(secret, &spelled, left);
    }
    let payload = BASE64_URL_SAFE_NO_PAD.encode(format!("{{\"iss\":\"me\",\"k\":\"{}\"}}", base64(secret)));
    let token = format!("{}.{payload}.c2lnbmF0dXJl", BASE64_URL_SAFE_NO_PAD.encode("{\"alg\":\"none\"}"));
    let masked = Masker::new([secret]).mask(&token).into_owned();
    assert!(masked.starts_with("eyJhbGciOiJub25lIn0.eyJpc3MiOiJtZSIsImsiOi"), "{masked}");
    assert!(masked.contains(MASK) && masked.ends_with(".c2lnbmF0dXJl"), "{masked}");
    assert!(masked.len() < token.len() - 15, "{token} became {masked}");
    // Where a text was cut, the beginning goes too.
    let cut = format!("x {}", &base64(base64(secret))[..16]);
    assert_eq!(Masker::new([secret]).mask_cut(&cut), "x ***");
    // A secret that is base64 itself hides no word.
    assert_eq!(Masker::new([base64("password")]).mask("password"), "password");
}

/// Simple case folding and canonical equivalence (Unicode §3.13, §3.11).
#[test]
fn regression_case_and_composition_of_any_letter_make_no_difference() {
    for spelled in ["P@SS WÖRD", "p@ss wo\u{308}rd", "P@SS WO\u{308}RD", "P@SS%20W%C3%96RD", "P@ss W&Ouml;rd"] {
        hides("P@ss wörd", spelled, MASK);
    }
    hides("P@ss wo\u{308}rd", "P@ss wörd", MASK);
    hides("Straße 1", "STRASSE 1", MASK);
    hides("пароль", "ПАРОЛЬ", MASK);
    hides("P@ss wörd", &base64("x P@SS WÖRD y"), "eC***IHk=");
}

#[test]
fn regression_views_of_views_cost_a_bounded_time() {
    let masker = Masker::new(["hunter2secret"]);
    let mut nested = "hunter2 is not all of it ".repeat(1000);
    for _ in 0..5 {
        nested = base64(&nested);
        let begin = std::time::Instant::now();
        assert!(!masker.mask(&nested).contains(MASK));
        assert!(begin.elapsed() < std::time::Duration::from_secs(20), "{:?}", begin.elapsed());
        nested.truncate(60_000);
    }
}

#[test]
fn overlapping_secrets_all_go() {
    let masker = Masker::new(["abcd", "cdefgh", "ef"]);
    assert_eq!(masker.mask("x abcdefgh y"), "x *** y");
    assert_eq!(masker.with(&[Secret::new("h y zz")]).mask("x abcdefgh y zz"), "x ***");
}

#[test]
fn a_secret_is_masked_without_its_outer_spaces_and_line_by_line() {
    hides(" secret \n", "p=secret", "p=***");
    hides("-----BEGIN KEY-----\nMIIEow\n-----END KEY-----\n", "MIIEow", "***");
    hides("-----BEGIN KEY-----\nMIIEow\n", r"-----BEGIN KEY-----\r\nMIIEow\r\n", r"***\n");
}

#[test]
fn the_beginning_of_a_secret_is_masked_where_a_text_was_cut() {
    let masker = Masker::new(["0123456789abcdef"]);
    assert_eq!(masker.mask("text 0123456789"), "text 0123456789");
    assert_eq!(masker.mask_cut("text 0123456789"), "text ***");
    assert_eq!(masker.mask_cut("text %30123456789%6"), "text ***");
    assert_eq!(masker.mask_cut("text 01"), "text 01");
    let long = format!("{} 0123456789abcdef {}", "x".repeat(90), "y".repeat(100_000));
    let beginning = masker.beginning(&long, 100);
    assert!(beginning.starts_with(&format!("{} *** y", "x".repeat(90))) && beginning.len() < 1000);
    let masks = "0123456789abcdef".repeat(1000);
    assert!(!masker.beginning(&masks, 100).contains("0123"));
}

#[test]
fn values_are_taken_apart_into_what_has_to_be_hidden() {
    let json = serde_json::json!({"db": {"user": "ann", "port": 5432, "on": true}, "keys": ["k1", null, 1.5]});
    let mut texts = Vec::new();
    texts_of(&Value::from(&json), &mut texts);
    assert_eq!(texts, ["ann", "5432", "k1", "1.5"]);
}

#[test]
fn nothing_is_masked_without_secrets_or_for_a_letter() {
    assert_eq!(Masker::new([""; 1]).mask("plain"), "plain");
    assert_eq!(Masker::new(["a", "ab", " a ", "+ +"]).mask("banana ab a b  "), "banana ab a b  ");
    assert_eq!(
        Masker::new(["abc"]).mask("%, \\, &, %4, &#, &#x, &foo;, \\u12, \\u{, %u00, \\"),
        "%, \\, &, %4, &#, &#x, &foo;, \\u12, \\u{, %u00, \\"
    );
}

#[test]
fn credentials_in_headers_and_urls_are_hidden() {
    let masker = Masker::default();
    let mut headers = HeaderMap::new();
    headers.insert("authorization", "Bearer abc".parse().expect("a header"));
    headers.insert("cookie", "SESSIONID=42; a=b=c; lone".parse().expect("a header"));
    headers.insert("accept", "text/html".parse().expect("a header"));
    assert_eq!(
        masker.headers(&headers),
        "authorization: Bearer ***\ncookie: SESSIONID=***; a=***\naccept: text/html\n"
    );
    assert_eq!(masker.url("http://ann:secret@host/a@b"), "http://***@host/a@b");
    assert_eq!(masker.url("http://host/a@b"), "http://host/a@b");
}

#[test]
fn names_of_credentials_are_known() {
    for name in [
        "x-api-key",
        "apikey",
        "x-apikey",
        "api_key",
        "ocp-apim-subscription-key",
        "x-auth-token",
        "x-csrftoken",
        "authentication",
        "x-amz-security-token",
        "x-hub-signature",
        "x-client-secret",
        "x-session",
        "x-user-password",
        "authorization",
        "proxy-authorization",
        "set-cookie",
    ] {
        assert!(is_credential(name), "{name}");
    }
    for name in ["accept", "x-request-id", "user-agent", "idempotency-key", "x-author", "keep-alive", "x-keyboard"] {
        assert!(!is_credential(name), "{name}");
    }
}
