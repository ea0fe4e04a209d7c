//! From nothing to a plan: `new --url`, plans that need not be named, and what `try` shows.
#![expect(clippy::unwrap_used, reason = "a test that cannot set itself up has failed")]

mod support;

use std::io::{BufRead as _, BufReader, Read as _, Write as _};
use std::net::TcpListener;
use std::process::{Child, Stdio};
use std::sync::Arc;
use std::time::Duration;

use support::{Folder, Reply, Server, against};

const PLAN: &str = "http: { base_url: BASE }\nthread_groups:\n  g:\n    iterations: 1\n    steps:\n      - get: /\n";

fn html(status: u16, body: impl Into<String>) -> Reply {
    Reply::Answer(status, vec![("Content-Type".into(), "text/html; charset=utf-8".into())], body.into().into_bytes())
}

/// The sample API, ended with the test.
struct Demo {
    process: Child,
    url: String,
}

impl Demo {
    fn start(folder: &Folder) -> Self {
        let mut command = folder.command(&["demo", "--port", "0", "--query-ms", "0"]);
        let mut process = command.stdout(Stdio::piped()).spawn().unwrap();
        let first = BufReader::new(process.stdout.take().unwrap()).lines().next().unwrap().unwrap();
        Self { process, url: first.split(' ').next_back().unwrap().to_owned() }
    }
}

impl Drop for Demo {
    fn drop(&mut self) {
        let _ = self.process.kill();
        let _ = self.process.wait();
    }
}

#[test]
fn a_plan_that_is_not_named_is_plan_yaml_of_the_folder() {
    let server = Server::start(|_| Reply::text(200, "ok"));
    let folder = Folder::new();
    for command in ["run", "check", "try", "graph"] {
        let ran = folder.loadplan(&[command]).expect_code(2);
        assert!(ran.stderr.contains("no plan given, and there is no plan.yaml in this folder"), "{}", ran.stderr);
        assert!(ran.stderr.contains("`loadplan new`"), "{}", ran.stderr);
    }
    folder.write("docker-compose.yaml", "services: {}\n");
    folder.write("web shop.yaml", against(&server, PLAN));
    for command in ["run", "check", "try", "graph"] {
        let ran = folder.loadplan(&[command]).expect_code(2);
        let told = format!("name the plan: `loadplan {command} \"web shop.yaml\"`\n");
        assert!(ran.stderr.ends_with(&told), "{}", ran.stderr);
    }
    folder.write("shop.yaml", against(&server, PLAN));
    let ran = folder.loadplan(&["check"]).expect_code(2);
    assert!(ran.stderr.contains("plans in this folder: shop.yaml, web shop.yaml\n"), "{}", ran.stderr);
    folder.write("plan.yaml", against(&server, PLAN));
    for command in ["run", "check", "try", "graph"] {
        folder.loadplan(&[command]).expect_code(0);
    }
    assert!(folder.path().join("loadplan-results/junit.xml").exists());
    // A run without a plan must not leave the reports of the run before.
    std::fs::remove_file(folder.path().join("plan.yaml")).unwrap();
    folder.loadplan(&["run"]).expect_code(2);
    assert!(folder.junit().contains("no plan given"), "{}", folder.junit());
}

#[test]
fn a_misspelt_plan_gets_the_nearest_name_and_nothing_else() {
    let folder = Folder::new();
    for name in ["shop.yaml", "plans/checkout.yaml", "plans/search.yml"] {
        folder.write(name, PLAN.replace("BASE", "http://127.0.0.1:9"));
    }
    for (written, meant) in [
        ("shpo.yaml", Some("shop.yaml")),
        ("shop.yml", Some("shop.yaml")),
        ("Shop", Some("shop.yaml")),
        ("plans/chekout.yaml", Some("plans/checkout.yaml")),
        ("plnas/search.yaml", Some("plans/search.yml")),
        ("checkout.yaml", Some("plans/checkout.yaml")),
        ("portfolio.yaml", None),
    ] {
        let help = match meant {
            Some(meant) => format!("did you mean {meant}?"),
            None => "plans in this folder: shop.yaml".to_owned(),
        };
        let told = format!("error: there is no file {written}\nhelp: {help}\n");
        for command in ["run", "try", "graph"] {
            let ran = folder.loadplan(&[command, written]).expect_code(2);
            assert_eq!((ran.stderr, ran.stdout), (told.clone(), String::new()), "{command}");
        }
        let ran = folder.loadplan(&["check", written]).expect_code(2);
        assert_eq!((ran.stdout, ran.stderr), (told, String::new()));
    }
    let ran = folder.loadplan(&["check", "plans"]).expect_code(2);
    assert!(ran.stdout.contains("name a plan in it: plans/checkout.yaml, plans/search.yml"), "{}", ran.stdout);
    let json = folder.loadplan(&["check", "shpo.yaml", "--format", "json"]).expect_code(2).stdout;
    assert!(json.contains("did you mean shop.yaml?"), "{json}");
}

#[test]
fn commands_that_are_printed_quote_names_with_spaces() {
    let folder = Folder::new();
    let ran = folder.loadplan(&["new", "web shop"]).expect_code(0);
    for command in ["check", "try", "run"] {
        assert!(ran.stdout.contains(&format!("loadplan {command} \"web shop.yaml\"\n")), "{}", ran.stdout);
    }
    let plan = folder.read("web shop.yaml");
    assert!(plan.contains("loadplan run \"web shop.yaml\" --profile smoke"), "{plan}");
    folder.loadplan(&["check", "web shop.yaml"]).expect_code(0);
    folder.loadplan(&["new", "load/"]).expect_code(0);
    folder.loadplan(&["check", "load/plan.yaml"]).expect_code(0);
    let ran = folder.loadplan(&["new", "https://ann:hush@shop.example/a b"]).expect_code(2);
    assert!(ran.stderr.contains("loadplan new --url \"https://***@shop.example/a b\""), "{}", ran.stderr);
    let ran = folder.loadplan(&["web shop.yaml"]).expect_code(2);
    assert!(ran.stderr.contains("loadplan run \"web shop.yaml\""), "{}", ran.stderr);
}

#[test]
fn templates_are_listed_and_each_runs_against_the_demo() {
    let folder = Folder::new();
    let demo = Demo::start(&folder);
    let list = folder.loadplan(&["new", "--list"]).expect_code(0).stdout;
    let names: Vec<&str> =
        list.lines().take_while(|line| !line.is_empty()).filter_map(|line| line.split(' ').next()).collect();
    assert_eq!(names, ["quickstart", "form-login", "login", "data", "checkout", "arrival-rate"]);
    for name in names {
        let file = format!("{name}.yaml");
        folder.loadplan(&["new", name, "--from", name]).expect_code(0);
        let ran = folder.loadplan(&["check", &file]).expect_code(0);
        assert_eq!(ran.stdout, format!("{file}: no mistakes found\n"));
        let ran = folder.loadplan(&["try", &file, "--base-url", &demo.url]).expect_code(0);
        assert!(!ran.stdout.contains("FAIL"), "{name}: {}", ran.stdout);
    }
    let ran = folder.loadplan(&["run", "form-login.yaml", "--duration", "2s", "--quiet"]).expect_code(0);
    assert!(ran.stdout.contains("PASSED"), "{}", ran.stdout);
}

/// The lines from `from` to `to` without the mark of a comment.
fn uncommented(plan: &str, from: &str, to: &str) -> String {
    let mut out = String::new();
    let mut is_on = false;
    for line in plan.lines() {
        is_on |= line.trim_start() == from;
        out.push_str(&if is_on { line.replacen("# ", "", 1) } else { line.to_owned() });
        out.push('\n');
        is_on &= line.trim_start() != to;
    }
    out
}

/// A plan of `new --url` with the comments taken off all of its suggestions.
fn all_live(plan: &str) -> String {
    let (head, rest) = plan.split_once("\nname: ").unwrap();
    let live = rest.lines().map(|line| match line.trim_start().strip_prefix("# ") {
        // Remarks begin with a word, suggestions with a dash or as their value.
        Some(yaml) if yaml.starts_with("- ") || yaml.starts_with("  ") || yaml == "secrets:" => {
            line.replacen("# ", "", 1)
        }
        Some(_) | None => line.to_owned(),
    });
    format!("{head}\nname: {}\n", live.collect::<Vec<_>>().join("\n"))
}

#[test]
fn a_page_becomes_a_plan_whose_suggestions_work() {
    let folder = Folder::new();
    let demo = Demo::start(&folder);
    let ran = folder.loadplan(&["new", "shop", "--url", &demo.url]).expect_code(0);
    for told in ["title: Sample trading API", "form:  POST /form-login (hidden: csrf)", "links: /account"] {
        assert!(ran.stdout.contains(told), "{told} is missing in {}", ran.stdout);
    }
    let plan = folder.read("shop.yaml");
    let ran = folder.loadplan(&["check", "shop.yaml"]).expect_code(0);
    assert_eq!(ran.stdout, "shop.yaml: no mistakes found\n");
    let ran = folder.loadplan(&["try", "shop.yaml"]).expect_code(0);
    assert!(ran.stdout.contains("ok   css title is \"Sample trading API\""), "{}", ran.stdout);
    assert!(ran.stdout.contains("PASSED: all 2 steps passed"), "{}", ran.stdout);

    // With the comments taken off it logs in, and stays logged in.
    let live = uncommented(&plan, "# secrets:", "#   password: ${env.SITE_PASSWORD | default('your-password')}");
    let live = uncommented(&live, "#   extract:", "#       attribute: value");
    let live = uncommented(
        &live,
        "# - name: Log in",
        "#       input[name=\"password\"]: { exists: false }   # the form is not shown again",
    );
    let live = uncommented(&live, "# - get: /account   # My account", "# - get: /account   # My account");
    assert!(live.contains("\n          csrf: ${csrf}\n          username: trader1\n"), "{live}");
    folder.write("live.yaml", &live);
    let ran = folder.loadplan(&["check", "live.yaml"]).expect_code(0);
    assert_eq!(ran.stdout, "live.yaml: no mistakes found\n", "{live}");
    let ran = folder.loadplan(&["try", "live.yaml", "--var", "password=test123"]).expect_code(0);
    for told in ["heading: Welcome, trader1", "heading: My account", "PASSED: all 4 steps passed"] {
        assert!(ran.stdout.contains(told), "{told} is missing in {}", ran.stdout);
    }
    // Each user logs in once and stays logged in, so its later iterations are sent past the form.
    let args = ["run", "live.yaml", "--var", "password=test123", "--iterations", "3", "--users", "1", "--quiet"];
    folder.loadplan(&args).expect_code(0);
    let ran = folder.loadplan(&["try", "live.yaml", "--var", "password=wrong-one"]).expect_code(1);
    assert!(ran.stdout.contains("– the page says: Unknown user or wrong password\n"), "{}", ran.stdout);
}

#[test]
fn a_look_at_a_page_follows_redirects_and_keeps_to_the_site() {
    let other = Server::start(|_| html(200, "<title>Elsewhere</title>"));
    let elsewhere = other.url();
    let server = Server::start(move |hit| match hit.path.as_str() {
        "/" => Reply::text(302, "").with("Location", "/shop/start?session=1"),
        "/away" => Reply::text(302, "").with("Location", &elsewhere),
        "/loop" => Reply::text(302, "").with("Location", "/loop"),
        "/api" => Reply::json(200, r#"{"prices": []}"#),
        "/missing" => html(404, "<title>Not here</title><h1>No such page</h1>"),
        "/app" => html(200, "<title>App</title><div id=root></div><script src=/app.js></script>"),
        _ => html(
            200,
            "<head><title>A\n shop: \"50%\" ${off} # now </title></head><body><svg><title>logo</title></svg>
             <a href='cart'>Cart</a> <a href='/shop/cart#top'>again</a> <a href='?page=2&amp;q=a%20b'>Next</a>
             <a href='/logout'>Bye</a> <a href='/x' onclick>Sign out</a> <a href='mailto:a@b.c'>Mail</a>
             <a href='javascript:void(0)'>JS</a> <a href='//127.0.0.1:9/foreign'>Foreign</a> <a href='/a.pdf'>PDF</a>
             <form action='/search'><input name=q><input type=hidden name='token' value='t1'></form>
             <form action='/join' method=post enctype=multipart/form-data><input type=hidden name=token value=t2>
             <input name='e-mail' type=email><input type=file name=photo></form>",
        ),
    });
    let folder = Folder::new();
    let new = |name: &str, path: &str, code: i32| {
        folder.loadplan(&["new", name, "--url", &format!("{}{path}", server.url())]).expect_code(code)
    };
    let ran = new("start", "/", 0);
    assert!(ran.stdout.contains("redirects to"), "{}", ran.stdout);
    let plan = folder.read("start.yaml");
    for line in [
        "        get: /\n",
        "            head > title: { contains: \"shop: \\\"50%\\\" $${off} # now\" }\n",
        "      # - get: /shop/cart   # Cart\n",
        "      # - get: /shop/start?page=2&q=a%20b   # Next\n",
        "      #       css: input[name=\"token\"]\n",
        "      #       css: form[action=\"/join\"] input[name=\"token\"]\n",
        "      #   get: /search\n      #   query:\n",
        "      #   multipart:\n      #     token: ${token_2}\n      #     e-mail: user@example.com\n",
    ] {
        assert!(plan.contains(line), "{line} is missing in\n{plan}");
    }
    for left_out in ["ogout", "/x", "mailto", "javascript", "oreign", "pdf", "session=1", "#top"] {
        assert!(!plan.contains(left_out), "{left_out} is in\n{plan}");
    }
    for name in ["start", "away", "api", "app"] {
        if name != "start" {
            new(name, &format!("/{name}"), 0);
        }
        let ran = folder.loadplan(&["check", &format!("{name}.yaml")]).expect_code(0);
        assert!(ran.stdout.contains("no mistakes found"), "{}{}", ran.stdout, folder.read(&format!("{name}.yaml")));
        folder.loadplan(&["try", &format!("{name}.yaml")]).expect_code(0);
    }
    let away = folder.read("away.yaml");
    assert!(away.contains("redirects to another site") && away.contains("title: Elsewhere"), "{away}");
    assert!(folder.read("api.yaml").contains("$: { type: object }"), "{}", folder.read("api.yaml"));
    assert!(folder.read("app.yaml").contains("built by scripts"), "{}", folder.read("app.yaml"));

    let ran = new("missing", "/missing", 3);
    assert!(ran.stderr.contains("so nothing was written: 404: Not here – No such page"), "{}", ran.stderr);
    let ran = new("loop", "/loop", 3);
    assert!(ran.stderr.contains("could not be loaded, so nothing was written"), "{}", ran.stderr);
    assert!(!folder.path().join("missing.yaml").exists() && !folder.path().join("loop.yaml").exists());
}

#[test]
fn a_page_that_cannot_be_loaded_is_told_and_nothing_is_written() {
    let plain = Server::start(|_| Reply::Close);
    let folder = Folder::new();
    let tls = plain.url().replace("http:", "https:");
    for (url, code, told) in [
        ("http://127.0.0.1:1/".to_owned(), 3, "connection refused"),
        (plain.url(), 3, "could not be loaded, so nothing was written"),
        (tls, 3, "TLS"),
        ("http://no-such-host.invalid/".to_owned(), 3, "no-such-host.invalid"),
        ("shop.example".to_owned(), 2, "--url https://shop.example"),
        ("ftp://shop.example".to_owned(), 2, "only http and https"),
        ("http://ann:hush@127.0.0.1:1/".to_owned(), 2, "user name or password"),
        ("https://".to_owned(), 2, "names no host"),
    ] {
        let ran = folder.loadplan(&["new", "--url", &url]).expect_code(code);
        assert!(ran.stderr.contains(told) && !ran.stderr.contains("hush"), "{url}: {}", ran.stderr);
        assert_eq!(std::fs::read_dir(folder.path()).unwrap().count(), 0, "{url}");
    }
    // Nobody is asked for a page that has no place to go.
    folder.write("plan.yaml", "mine");
    let hits = plain.hits().len();
    let ran = folder.loadplan(&["new", "--url", &plain.url()]).expect_code(2);
    assert!(ran.stderr.contains("plan.yaml already exists"), "{}", ran.stderr);
    assert_eq!((plain.hits().len(), folder.read("plan.yaml")), (hits, "mine".to_owned()));
}

#[test]
fn a_hostile_page_gives_a_plan_without_mistakes_and_commands_nobody() {
    let evil = "x\u{1b}[2J\u{202e}\r\n##vso[x]::error::y ${env.HOME} %PATH% #{a} $(id) \"'\\`: - | & * ! { } [ ] > 5";
    let escaped = evil.replace('&', "&amp;").replace('"', "&quot;").replace('>', "&gt;").replace('\'', "&#39;");
    let pages = [
        format!(
            "<title>{escaped}</title><form action=\"{escaped}\" method=post id=\"{escaped}\"><input type=hidden \
             name=\"{escaped}\" value=\"{escaped}\"><input name='${{env.HOME}}' value='${{env.HOME}}'>\
             <input type=hidden name=env value=1><input type=hidden name=password value=2><input type=hidden name=loop>\
             <input type=password name='a: b'><input name='- x' value='# y'><button>{escaped}</button></form>\
             <a href=\"/{escaped}\">{escaped}</a><a href='/%25PATH%25?a=${{b}}'>${{c}} ##vso[x]</a><a href='/a: b #c'>: x</a>"
        ),
        "<div>".repeat(2000),
        "<title>".to_owned(),
        format!("<title>{}</title>", "long ".repeat(10_000)),
        "<form method=post><input type=hidden name=a value=1></form>".repeat(3000),
        "<a href=/p>x</a>".repeat(20_000),
        "\0\u{feff}<html\u{0}><title>\u{0}</title>".to_owned(),
        // All of these can be written in a plan, and none of them may leave its place in it.
        "<form action='/x?a: b #c' method=post id='${i}'><input type=hidden name='${env.HOME}' value='${env.HOME}'>\
         <input type=hidden name='a\"]: b #c' value='- x'><input type=hidden name=\"it's\" value='{ &a *b }'>\
         <input type=hidden name='on' value='%PATH%'><input name='- y' value='# z'><input type=password name='\"]'>\
         <button>: # ${c}</button></form>"
            .to_owned(),
        "<title>> 5 ways, < 3 reasons</title>".to_owned(),
        "<title>null</title><base href='http://['><a href=b>c</a>".to_owned(),
    ];
    let count = pages.len();
    let server = Server::start(move |hit| {
        let number: usize = hit.path.trim_start_matches('/').parse().unwrap_or_default();
        html(200, pages[number.min(count - 1)].clone())
    });
    let folder = Folder::new();
    let mut is_hostile = false;
    for number in 0..count {
        let (name, url) = (format!("p{number}.yaml"), format!("{}/{number}", server.url()));
        let ran = folder.loadplan(&["new", &name, "--url", &url]).expect_code(0);
        let plan = folder.read(&name);
        for text in [&ran.stdout, &ran.stderr, &plan] {
            assert!(!text.contains(['\u{1b}', '\u{202e}', '\r', '\0']), "{number}: {text}");
            let commands = text.lines().any(|line| line.starts_with("::") || line.starts_with("##"));
            assert!(!commands, "{number}: {text}");
        }
        assert!(!ran.stdout.contains("##vso[") && !ran.stdout.contains("::error"), "{}", ran.stdout);
        let ran = folder.loadplan(&["check", &name]).expect_code(0);
        assert_eq!(ran.stdout, format!("{name}: no mistakes found\n"), "{plan}");
        folder.loadplan(&["try", &name]).expect_code(0);
        // With the comments taken off too.
        folder.write(&name, all_live(&plan));
        let ran = folder.loadplan(&["check", &name]).expect_code(0);
        assert_eq!(ran.stdout, format!("{name}: no mistakes found\n"), "{}", all_live(&plan));
        is_hostile |= plan.contains("\\\\24 {env.HOME}") && plan.contains("]: b #c");
    }
    assert!(is_hostile, "no plan has taken a hostile hidden field");
}

#[test]
fn a_large_or_slow_page_is_read_in_part_only() {
    let server = Server::start(|_| {
        let mut page = b"<!doctype html><title>Large</title>".to_vec();
        page.resize(8 << 20, b' ');
        html(200, String::from_utf8(page).unwrap())
    });
    let folder = Folder::new();
    let ran = folder.loadplan(&["new", "--url", &server.url()]).expect_code(0);
    assert!(ran.stdout.contains("only the first 2097.2 kB of the page were read"), "{}", ran.stdout);
    assert!(ran.stdout.contains("8388.6 kB") && ran.stdout.contains("title: Large"), "{}", ran.stdout);
}

#[test]
fn try_ends_with_a_list_of_what_passed_failed_and_was_not_reached() {
    let server = Server::start(|hit| match hit.path.as_str() {
        "/login" => html(
            401,
            "<!doctype html><html><head><title>Sign in – Shop</title></head><body><h1>Sign in</h1>
             <div class='alert d-none'>unseen</div><p role=alert>Wrong  password</p>",
        ),
        _ => Reply::text(200, "ok"),
    });
    let folder = Folder::new();
    let plan = "http: { base_url: BASE }\nthread_groups:\n  g:\n    iterations: 1\n    on_error: next_iteration\n    steps:\n      \
                - repeat: 3\n        steps: [ { name: Start, get: / } ]\n      - name: Log in\n        post: /login\n      \
                - name: Account\n        get: /account\n";
    folder.write("plan.yaml", against(&server, plan));
    let ran = folder.loadplan(&["try"]).expect_code(1);
    let list = "\n== steps\n   \
                passed       Start  (plan.yaml:8) (3 times)\n   \
                FAILED       Log in  (plan.yaml:10): the status is 401 – the page says: Wrong password\n   \
                not reached  Account  (plan.yaml:12)\n\n\
                FAILED: 1 step failed, 1 passed, 1 not reached\n";
    assert!(ran.stdout.ends_with(list), "{}", ran.stdout);
    for told in ["   < title: Sign in – Shop\n", "   < heading: Sign in\n", "   < alert: Wrong password\n"] {
        assert!(ran.stdout.contains(told), "{told} is missing in {}", ran.stdout);
    }
    assert!(!ran.stdout.contains("<!doctype") && !ran.stdout.contains("unseen"), "{}", ran.stdout);
    assert!(ran.stdout.contains(&format!("   > (connected to {})\n", server.address)), "{}", ran.stdout);
    let whole = folder.loadplan(&["try", "-v"]).expect_code(1).stdout;
    // A site that refuses something with status 200 is not silent either.
    folder
        .write("plan.yaml", against(&server, &PLAN.replace("get: /", "get: /login\n        assert: { status: 401 }")));
    let ran = folder.loadplan(&["try"]).expect_code(0);
    let told = "   passed       GET /login  (plan.yaml:6), but the page says: Wrong password\n";
    assert!(ran.stdout.contains(told), "{}", ran.stdout);
    assert!(whole.contains("   < | <!doctype html>") && whole.contains("   < alert: Wrong password\n"), "{whole}");
}

#[test]
fn try_takes_every_branch_once_if_it_is_asked_to() {
    let server = Server::start(|_| Reply::json(200, r#"{"n": 1}"#));
    let folder = Folder::new();
    let plan = "http: { base_url: BASE }\nvariables: { n: 1 }\nthread_groups:\n  g:\n    iterations: 1\n    steps:\n      \
                - repeat: 2\n        steps:\n          - choose:\n              - { weight: 3, get: /a }\n              - { get: /b }\n              \
                - { get: /c }\n      - if: n == 2\n        steps: [ { get: /then } ]\n        else: [ { get: /else } ]\n      \
                - { if: n == 3, get: /rare }\n      - { chance: 0%, get: /chance }\n      \
                - round_robin: [ { get: /r1 }, { get: /r2 } ]\n      - if: n == 4\n        steps: [ { stop: iteration } ]\n      \
                - { get: /last }\n";
    folder.write("plan.yaml", against(&server, plan));
    let ran = folder.loadplan(&["try", "--seed", "1"]).expect_code(0);
    assert!(ran.stdout.contains("not reached  GET /then"), "{}", ran.stdout);
    assert!(ran.stdout.contains("(--all-branches takes every branch of `choose` and `if` once)"), "{}", ran.stdout);
    let before = server.hits().len();
    let ran = folder.loadplan(&["try", "--all-branches", "--seed", "1"]).expect_code(0);
    let paths: Vec<String> = server.hits().into_iter().skip(before).map(|hit| hit.path).collect();
    // The second round of the loop chooses as usual.
    assert_eq!(paths[..3].join(" "), "/a /b /c");
    assert_eq!(paths[4..].join(" "), "/then /else /rare /chance /r1 /r2 /last", "{paths:?}");
    assert!(ran.stdout.ends_with("\nPASSED: all 10 steps passed\n"), "{}", ran.stdout);
}

#[test]
fn try_shows_short_bodies_cookies_and_their_attributes() {
    let server = Server::start(|hit| match hit.path.as_str() {
        "/set" => Reply::text(200, (0..100).map(|line| format!("line {line}\n")).collect::<String>())
            .with("Set-Cookie", "SID=s3cret-value; Path=/; HttpOnly; SameSite=Lax")
            .with("Set-Cookie", "old=; Max-Age=0; Path=/")
            .with("Set-Cookie", "safe=s3cret-value; Secure"),
        "/picture" => Reply::Answer(200, vec![], b"\x89PNG\r\n\x1a\n\0\0\0\rIHDR\0\0\0".to_vec()),
        _ => Reply::json(200, "[]"),
    });
    let folder = Folder::new();
    let steps = "- get: /set\n      - get: /next\n      - get: /picture\n";
    folder.write("plan.yaml", against(&server, &PLAN.replace("- get: /\n", steps)));
    let ran = folder.loadplan(&["try"]).expect_code(0);
    for told in [
        "   < cookie set: SID=***; Path=/; HttpOnly; SameSite=Lax\n",
        "   < cookie deleted: old; Max-Age=0; Path=/\n",
        "   < cookie set: safe=***; Secure\n",
        // To this machine it is sent without TLS too, as browsers do.
        "   > cookie: SID=***; safe=***\n",
        "   < | line 15… (790 characters in all; -v shows them)\n",
        "   < (not text)\n",
    ] {
        assert!(ran.stdout.contains(told), "{told} is missing in {}", ran.stdout);
    }
    assert!(!ran.stdout.contains("s3cret") && !ran.stdout.contains("line 16\n"), "{}", ran.stdout);
    let whole = folder.loadplan(&["try", "--verbose"]).expect_code(0).stdout;
    assert!(whole.contains("   < | line 99\n") && !whole.contains("characters in all"), "{whole}");
}

/// A proxy stands between: its address is not the server's.
#[test]
fn try_tells_the_address_of_a_proxy_from_that_of_a_server() {
    let proxy = Server::start(|_| Reply::text(200, "ok").with("Set-Cookie", "safe=s3cret-value; Secure"));
    let folder = Folder::new();
    let plan =
        PLAN.replace("{ base_url: BASE }", &format!("{{ base_url: 'http://shop.test', proxy: '{}' }}", proxy.url()));
    folder.write("plan.yaml", plan);
    let ran = folder.loadplan(&["try"]).expect_code(0);
    let told = format!("   > (through the proxy {0})\n   > (connected to {0}, the proxy)\n", proxy.address);
    assert!(ran.stdout.contains(&told), "{}", ran.stdout);
    // RFC 6265 §4.1.2.5
    let told = "   < cookie set: safe=***; Secure  (Secure: it is not sent over http://)\n";
    assert!(ran.stdout.contains(told), "{}", ran.stdout);
}

/// A page over TLS, with a certificate that nobody has signed but its owner.
#[test]
fn a_certificate_that_is_not_trusted_is_told_and_nothing_is_written() {
    let key = rcgen::KeyPair::generate().unwrap();
    let certificate = rcgen::CertificateParams::new(vec!["127.0.0.1".to_owned()]).unwrap().self_signed(&key).unwrap();
    let config = rustls::ServerConfig::builder_with_provider(Arc::new(rustls::crypto::ring::default_provider()))
        .with_safe_default_protocol_versions()
        .unwrap()
        .with_no_client_auth()
        .with_single_cert(vec![certificate.der().clone()], key.serialize_der().try_into().unwrap())
        .unwrap();
    let (listener, config) = (TcpListener::bind("127.0.0.1:0").unwrap(), Arc::new(config));
    let address = listener.local_addr().unwrap();
    std::thread::spawn(move || {
        for stream in listener.incoming() {
            let connection = rustls::ServerConnection::new(config.clone()).unwrap();
            let mut stream = rustls::StreamOwned::new(connection, stream.unwrap());
            let mut request = [0; 4096];
            if stream.read(&mut request).is_ok() {
                let page = "<title>Signed by myself</title>";
                let _ = write!(
                    stream,
                    "HTTP/1.1 200 OK\r\nContent-Type: text/html\r\nContent-Length: {}\r\n\r\n{page}",
                    page.len()
                );
            }
        }
    });
    let folder = Folder::new();
    let url = format!("https://{address}/");
    let ran = folder.loadplan(&["new", "--url", &url]).expect_code(3);
    for told in ["so nothing was written: the server's certificate is self-signed", "set `tls:` under `http:`"] {
        assert!(ran.stderr.contains(told), "{told} is missing in {}", ran.stderr);
    }
    assert_eq!(std::fs::read_dir(folder.path()).unwrap().count(), 0);
    // Once its owner is trusted, `try` shows the version of TLS.
    folder.write("ca.pem", certificate.pem());
    folder.write(
        "plan.yaml",
        PLAN.replace("{ base_url: BASE }", &format!("{{ base_url: '{url}', tls: {{ ca_file: ca.pem }} }}")),
    );
    let ran = folder.loadplan(&["try"]).expect_code(0);
    assert!(ran.stdout.contains(&format!("   > (connected to {address}, TLS 1.3)\n")), "{}", ran.stdout);
    assert!(ran.stdout.contains("   < title: Signed by myself\n"), "{}", ran.stdout);
}

/// A page that never ends is given up.
#[test]
fn a_page_that_does_not_come_is_given_up() {
    let server = Server::start(|_| Reply::Silence(Duration::from_secs(60)));
    let folder = Folder::new();
    let begin = std::time::Instant::now();
    let ran = folder.loadplan(&["new", "--url", &server.url()]).expect_code(3);
    assert!(begin.elapsed() < Duration::from_secs(50), "{:?}", begin.elapsed());
    assert!(ran.stderr.contains("so nothing was written"), "{}", ran.stderr);
}
