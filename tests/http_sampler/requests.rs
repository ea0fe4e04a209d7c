//! What goes over the wire: heads, redirects, cookies, authentication.

use std::cell::Cell;
use std::sync::Arc;

use http::header::{HeaderName, HeaderValue};
use loadplan::failure::FailureKind;
use loadplan::protocols::http::client::{Auth, HttpUser, KeptFor, RedirectHeaders, Request, Settings};

use crate::support::{answer, failure, fetch, get, http, ok, request, run, transport};

fn with(mut request: Request, headers: &[(&'static str, &'static str)]) -> Request {
    for (name, value) in headers {
        request.extra_headers.push((HeaderName::from_static(name), HeaderValue::from_static(value)));
    }
    request
}

#[test]
fn defaults_are_sent_and_the_plan_wins() {
    run(async {
        let (port, log) = http(|_| answer("200 OK", "", "")).await;
        let url = format!("http://127.0.0.1:{port}/a%2Fb?x=1");
        fetch(get(&url)).await;
        let seen = log.get(0);
        assert_eq!(seen.line, "GET /a%2Fb?x=1 HTTP/1.1");
        assert_eq!(seen.header("host").unwrap(), format!("127.0.0.1:{port}"));
        assert_eq!(seen.header("user-agent").unwrap(), concat!("loadplan/", env!("CARGO_PKG_VERSION")));
        assert_eq!(seen.header("accept").unwrap(), "*/*");
        assert_eq!(seen.header("accept-encoding").unwrap(), "gzip, deflate, br, zstd");
        assert_eq!(seen.header("content-length"), None);

        let mut own = request("POST", &url);
        let mut shared = http::HeaderMap::new();
        shared.insert("host", HeaderValue::from_static("other.test"));
        shared.insert("accept", HeaderValue::from_static("text/html"));
        shared.insert("x-kept", HeaderValue::from_static("1"));
        own.headers = Arc::new(shared.into());
        let own =
            with(own, &[("user-agent", "mine"), ("accept", "a/b"), ("accept", "c/d"), ("accept-encoding", "gzip")]);
        fetch(own).await;
        let head = log.get(1).head.to_ascii_lowercase();
        assert!(head.contains("host: other.test\r\n") && !head.contains("127.0.0.1"), "{head}");
        assert!(head.contains("accept: a/b\r\n") && head.contains("accept: c/d\r\n"), "{head}");
        assert!(!head.contains("text/html") && head.contains("x-kept: 1\r\n"), "{head}");
        assert!(head.contains("user-agent: mine\r\n") && head.contains("accept-encoding: gzip\r\n"), "{head}");
        // Servers that insist on a length get one, though there is no body.
        assert!(head.contains("content-length: 0\r\n"), "{head}");
    });
}

#[test]
fn a_wrong_content_length_is_put_right_and_compression_can_be_off() {
    run(async {
        let (port, log) = http(|seen| answer("200 OK", "", &seen.body)).await;
        let mut post = with(request("PUT", &format!("http://127.0.0.1:{port}/")), &[("content-length", "3")]);
        post.body = "12345".into();
        let settings = Settings { compression: false, ..Settings::default() };
        let exchange = HttpUser::new().send(post, &transport(settings)).await;
        assert_eq!(ok(&exchange).body, "12345");
        assert_eq!(log.get(0).header("content-length"), Some("5"));
        assert_eq!(log.get(0).header("accept-encoding"), None);
    });
}

#[test]
fn redirects_are_followed_and_the_last_answer_counts() {
    run(async {
        let (port, log) = http(|seen| match seen.path() {
            "/start" => answer("302 Found", "location: /next\r\nset-cookie: a=1\r\n", "moved"),
            "/next" => answer("307 Temporary Redirect", "location: end?x\r\nset-cookie: b=2\r\n", "moved"),
            _ => answer("200 OK", "set-cookie: c=3\r\n", "there"),
        })
        .await;
        let mut post = with(
            request("POST", &format!("http://127.0.0.1:{port}/start")),
            &[("content-type", "text/plain"), ("authorization", "Bearer x")],
        );
        post.body = "body".into();
        let user = HttpUser::new();
        let exchange = user.send(post, &transport(Settings::default())).await;
        let response = ok(&exchange);
        assert_eq!(response.body, "there");
        assert_eq!(*response.url, *format!("http://127.0.0.1:{port}/end?x"));
        let names: Vec<_> = response.cookies.iter().map(|(name, _)| name.as_str()).collect();
        assert_eq!(names, ["c", "b", "a"]);
        let lines: Vec<_> = (0..3).map(|index| log.get(index).line).collect();
        assert_eq!(lines, ["POST /start HTTP/1.1", "GET /next HTTP/1.1", "GET /end?x HTTP/1.1"]);
        let second = log.get(1);
        assert_eq!((second.header("content-type"), second.body.len()), (None, 0));
        assert_eq!(second.header("authorization"), Some("Bearer x"), "the origin is the same");
        assert_eq!(log.get(2).header("cookie"), Some("a=1; b=2"));
        assert_eq!(log.connections(), [0, 0, 0]);
        let sent: usize = (0..3).map(|index| log.get(index).head.len() + log.get(index).body.len()).sum();
        assert_eq!(exchange.sent_bytes, sent as u64);
    });
}

#[test]
fn credentials_stay_at_their_origin() {
    run(async {
        let (other, seen_there) = http(|_| answer("200 OK", "", "")).await;
        let (port, _) =
            http(move |_| answer("308 Permanent Redirect", &format!("location: http://127.0.0.1:{other}/\r\n"), ""))
                .await;
        let mut post = with(
            request("POST", &format!("http://127.0.0.1:{port}/")),
            &[("authorization", "Bearer x"), ("cookie", "own=1"), ("host", "shop.test"), ("x-other", "kept")],
        );
        post.body = "body".into();
        assert_eq!(ok(&fetch(post).await).status, Some(200));
        let mut basic = get(&format!("http://127.0.0.1:{port}/"));
        basic.auth = Some(Auth::Basic { username: "ann".to_owned(), password: "pw".to_owned() });
        fetch(basic).await;
        for index in 0..2 {
            let seen = seen_there.get(index);
            assert_eq!((seen.header("authorization"), seen.header("cookie")), (None, None));
            assert_eq!(seen.header("host").unwrap(), format!("127.0.0.1:{other}"));
        }
        assert_eq!(seen_there.get(0).line, "POST / HTTP/1.1");
        assert_eq!(seen_there.get(0).body, b"body");
        assert_eq!(seen_there.get(0).header("x-other"), Some("kept"));
    });
}

#[test]
fn regression_d23_headers_of_credentials_stay_at_their_origin() {
    run(async {
        let (other, seen_there) = http(|_| answer("200 OK", "", "")).await;
        let (port, seen_here) = http(move |seen| match seen.path() {
            "/away" => answer("302 Found", &format!("location: http://127.0.0.1:{other}/\r\n"), ""),
            "/near" => answer("302 Found", "location: /end\r\n", ""),
            _ => answer("200 OK", "", ""),
        })
        .await;
        let keyed = |path: &str| {
            with(
                get(&format!("http://127.0.0.1:{port}{path}")),
                &[("x-api-key", "k"), ("x-auth-token", "t"), ("accept-language", "de")],
            )
        };
        fetch(keyed("/away")).await;
        fetch(keyed("/near")).await;
        let all = Settings { redirect_headers: RedirectHeaders::All, ..Settings::default() };
        HttpUser::new().send(keyed("/away"), &transport(all)).await;
        let names = |seen: crate::support::Seen| {
            ["x-api-key", "x-auth-token", "accept-language"].map(|name| seen.header(name).is_some())
        };
        assert_eq!(names(seen_there.get(0)), [false, false, true]);
        assert_eq!(names(seen_there.get(1)), [true, true, true]);
        assert_eq!((seen_here.get(2).path().to_owned(), names(seen_here.get(2))), ("/end".to_owned(), [true; 3]));
    });
}

#[test]
fn redirects_have_a_limit_and_can_be_left_alone() {
    run(async {
        let (port, log) = http(|_| answer("302 Found", "location: /again\r\n", "look")).await;
        let url = format!("http://127.0.0.1:{port}/");
        let exchange = fetch(get(&url)).await;
        assert_eq!(failure(&exchange).kind, FailureKind::Protocol);
        assert_eq!(
            failure(&exchange).message,
            format!("more than 20 redirects (max_redirects); the last one, {url}again, leads back to itself")
        );
        assert_eq!(log.len(), 21);

        let settings = Settings { follow_redirects: false, ..Settings::default() };
        let exchange = HttpUser::new().send(get(&url), &transport(settings)).await;
        assert_eq!((ok(&exchange).status, ok(&exchange).body.as_ref()), (Some(302), &b"look"[..]));
    });
}

#[test]
fn cookies_by_scope_and_beside_a_written_one() {
    run(async {
        let (port, log) = http(|_| answer("200 OK", "set-cookie: sid=1; Path=/\r\n", "")).await;
        let url = format!("http://127.0.0.1:{port}/");
        let user = HttpUser::new();
        let by = |cookies| transport(Settings { cookies, ..Settings::default() });
        let (keeping, iteration, off) = (by(KeptFor::User), by(KeptFor::Iteration), by(KeptFor::Off));
        user.send(get(&url), &keeping).await;
        assert_eq!(user.cookie(&url.parse().unwrap(), "sid").as_deref(), Some("1"));
        user.send(with(get(&url), &[("cookie", "own=2")]), &keeping).await;
        user.send(get(&url), &iteration).await;
        user.send(get(&url), &iteration).await;
        user.start_iteration();
        user.send(get(&url), &iteration).await;
        let exchange = user.send(get(&url), &off).await;
        assert_eq!(ok(&exchange).cookie("sid"), Some("1"));
        let sent: Vec<_> = (0..6).map(|index| log.get(index).header("cookie").map(str::to_owned)).collect();
        let some = |text: &str| Some(text.to_owned());
        assert_eq!(sent, [None, some("sid=1; own=2"), None, some("sid=1"), None, None]);
    });
}

#[test]
fn basic_bearer_and_the_user_in_the_url() {
    run(async {
        let (port, log) = http(|_| answer("200 OK", "", "")).await;
        let mut basic = get(&format!("http://127.0.0.1:{port}/"));
        basic.auth = Some(Auth::Basic { username: "Aladdin".to_owned(), password: "open sesame".to_owned() });
        fetch(basic).await;
        let mut bearer = get(&format!("http://127.0.0.1:{port}/"));
        bearer.auth = Some(Auth::Bearer("abc".to_owned()));
        fetch(bearer.clone()).await;
        fetch(get(&format!("http://Aladdin:open%20sesame@127.0.0.1:{port}/"))).await;
        fetch(with(bearer, &[("authorization", "own")])).await;
        let sent: Vec<_> = (0..4).map(|index| log.get(index).header("authorization").unwrap().to_owned()).collect();
        // The example of RFC 7617.
        let rfc = "Basic QWxhZGRpbjpvcGVuIHNlc2FtZQ==";
        assert_eq!(sent, [rfc, "Bearer abc", rfc, "own"]);
    });
}

#[test]
fn digest_answers_the_challenge_and_uses_the_nonce_again() {
    run(async {
        let asked = Cell::new(0);
        let (port, log) = http(move |seen| match seen.header("authorization") {
            Some(value) if value.contains("nonce=\"n1\"") && seen.path() != "/stale" => answer("200 OK", "", "in"),
            Some(value) if value.contains("nonce=\"n2\"") => answer("200 OK", "", "in again"),
            _ => {
                asked.set(asked.get() + 1);
                let challenge = format!(
                    "www-authenticate: Basic realm=\"x\"\r\nwww-authenticate: digest realm=\"r\", qop=\"auth,auth-int\", \
                     algorithm=SHA-256, nonce=\"n{}\"\r\n",
                    asked.get()
                );
                answer("401 Unauthorized", &challenge, "who?")
            }
        })
        .await;
        let user = HttpUser::new();
        let transport = transport(Settings::default());
        let digest = |path: &str| {
            let mut post = request("POST", &format!("http://127.0.0.1:{port}{path}"));
            post.body = "payload".into();
            post.auth = Some(Auth::Digest { username: "ann".to_owned(), password: "pw".to_owned() });
            post
        };
        let exchange = user.send(digest("/a?b"), &transport).await;
        assert_eq!(ok(&exchange).body, "in");
        assert_eq!(ok(&user.send(digest("/c"), &transport).await).body, "in");
        assert_eq!(ok(&user.send(digest("/stale"), &transport).await).body, "in again");
        assert_eq!(log.len(), 5, "one request too many per new nonce, none otherwise");
        assert_eq!(log.get(0).header("authorization"), None);
        let first = log.get(1);
        let header = first.header("authorization").unwrap();
        assert!(header.contains("uri=\"/a?b\"") && header.contains("nc=00000001"), "{header}");
        assert!(log.get(2).header("authorization").unwrap().contains("nc=00000002"));
        assert_eq!(first.body, b"payload");

        // The response is checked by hand: SHA-256 over user, nonce, counter and method.
        let field = |name: &str| {
            let rest = &header[header.find(name).unwrap() + name.len()..];
            rest.trim_start_matches('"').split(['"', ',']).next().unwrap().to_owned()
        };
        let hash = |text: String| {
            use sha2::Digest as _;
            sha2::Sha256::digest(text).iter().map(|byte| format!("{byte:02x}")).collect::<String>()
        };
        let (ha1, ha2) = (hash("ann:r:pw".to_owned()), hash("POST:/a?b".to_owned()));
        let expected = hash(format!("{ha1}:n1:00000001:{}:auth:{ha2}", field("cnonce=")));
        assert_eq!(field("response="), expected);
    });
}

/// RFC 7616 §3.3 and §3.7: what is not understood does not stop what is.
#[test]
fn digest_answers_the_challenge_that_is_understood_among_others() {
    run(async {
        for challenges in [
            "www-authenticate: Digest realm=\"r\", nonce=\"n0\", qop=\"auth\", algorithm=SHA-512\r\n\
             www-authenticate: Digest realm=\"r\", nonce=\"n1\", qop=\"auth,token\", algorithm=MD5\r\n",
            "www-authenticate: Basic realm=\"Digest login\", digest realm=\"r\", nonce=\"n0\", \
             DIGEST realm=\"r\", algorithm=sha-256, nonce=\"n1\", hint=\"a, b\"\r\n",
        ] {
            let (port, log) = http(move |seen| match seen.header("authorization") {
                Some(value) if value.contains("nonce=\"n1\"") => answer("200 OK", "", "in"),
                _ => answer("401 Unauthorized", challenges, ""),
            })
            .await;
            let mut digest = get(&format!("http://127.0.0.1:{port}/"));
            digest.auth = Some(Auth::Digest { username: "ann".to_owned(), password: "pw".to_owned() });
            assert_eq!(ok(&fetch(digest).await).body, "in", "{challenges}");
            assert_eq!(log.len(), 2);
        }
    });
}

#[test]
fn a_wrong_password_is_an_answer_not_a_loop() {
    run(async {
        let (port, log) = http(|_| {
            answer("401 Unauthorized", "www-authenticate: Digest realm=\"r\", nonce=\"n\", qop=\"auth\"\r\n", "")
        })
        .await;
        let mut digest = get(&format!("http://127.0.0.1:{port}/"));
        digest.auth = Some(Auth::Digest { username: "ann".to_owned(), password: "no".to_owned() });
        assert_eq!(ok(&fetch(digest.clone()).await).status, Some(401));
        assert_eq!(log.len(), 2);

        let (port, _) = http(|_| answer("401 Unauthorized", "www-authenticate: Digest nonce=\"n\"\r\n", "")).await;
        digest.target = get(&format!("http://127.0.0.1:{port}/")).target;
        let exchange = fetch(digest).await;
        assert_eq!(failure(&exchange).kind, FailureKind::Protocol);
        assert!(failure(&exchange).message.contains("`realm` is missing"), "{:?}", failure(&exchange));
    });
}

#[test]
fn what_went_over_the_wire_can_be_captured() {
    run(async {
        let (port, _) = http(|seen| match seen.path() {
            "/" => answer("302 Found", "location: /next\r\n", ""),
            _ => answer("200 OK", "x-a: b\r\n", "ok"),
        })
        .await;
        let mut request = get(&format!("http://127.0.0.1:{port}/"));
        assert!(fetch(request.clone()).await.transcript.is_empty());
        request.capture = true;
        let exchange = fetch(request).await;
        let hops: Vec<_> = exchange.http_entries().collect();
        let seen: Vec<_> = hops.iter().map(|hop| (hop.status, hop.url.rsplit('/').next().unwrap())).collect();
        assert_eq!(seen, [(Some(302), ""), (Some(200), "next")]);
        assert_eq!(hops[1].response_headers["x-a"], "b");
        assert_eq!(hops[1].request_headers["host"].to_str().unwrap(), format!("127.0.0.1:{port}"));
        assert_eq!(hops[1].remote.unwrap().port(), port);
    });
}
