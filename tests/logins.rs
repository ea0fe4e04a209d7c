//! What a tester meets who logs in: refused logins, sessions, values that were not extracted, redirects.
#![expect(clippy::unwrap_used, reason = "a test that cannot set itself up has failed")]

mod support;

use support::{Folder, Reply, Server, against};

fn html(status: u16, body: &str) -> Reply {
    Reply::Answer(status, vec![("Content-Type".into(), "text/html; charset=utf-8".into())], body.as_bytes().to_vec())
}

const STEPS: &str = "http: { base_url: BASE }\nthread_groups:\n  g:\n    iterations: 1\n    steps:\n";

/// A plan with these steps.
fn plan(server: &Server, steps: &str) -> String {
    against(server, &format!("{STEPS}{steps}"))
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
fn a_refused_login_fails_what_new_url_suggests() {
    const FORM: &str = "<title>Sign in</title><form method=post action=/log-in?from=shop><input name=user>\
                        <input type=password name=password><button>Sign in</button></form>";
    let server = Server::start(|hit| {
        let password = hit.body.clone();
        let has = |word: &str| password.contains(&format!("password={word}"));
        match (hit.method.as_str(), hit.path.split('?').next().unwrap()) {
            ("GET", "/login") => html(200, FORM),
            ("POST", _) if has("right") => Reply::text(302, "").with("Location", "/home"),
            ("POST", _) if has("again") => html(200, FORM),
            ("POST", _) if has("back") => Reply::text(302, "").with("Location", "/login?error=1"),
            ("POST", _) => html(200, "<title>Sign in</title><p role=alert>Wrong email or password</p>"),
            _ => html(200, "<title>Home</title><a href=/logout>Log out</a>"),
        }
    });
    let folder = Folder::new();
    folder.loadplan(&["new", "--url", &format!("{}/login", server.url())]).expect_code(0);
    let plan = folder.read("plan.yaml");
    assert!(!plan.contains("cookies:") && plan.contains("\n    on_start:"), "{plan}");
    assert!(plan.contains("# Also add a text that only a user who is logged in sees."), "{plan}");
    folder.write("plan.yaml", all_live(&plan));
    folder.loadplan(&["check"]).expect_code(0);
    for (password, told) in [
        ("right", "PASSED: all 3 steps passed\n"),
        ("wrong", "FAIL url does not match /^https?:"),
        ("again", "FAIL url does not match /^https?:"),
        ("back", "FAIL css input[name=\"password\"] does not exist"),
    ] {
        let code = i32::from(password != "right");
        let ran = folder.loadplan(&["try", "--var", &format!("password={password}")]).expect_code(code);
        assert!(ran.stdout.contains(told) && !ran.stderr.contains("placeholder"), "{password}: {}", ran.stdout);
    }
    let ran = folder.loadplan(&["try"]).expect_code(1);
    assert!(ran.stderr.contains("a secret still has the placeholder `your-password` as its value"), "{}", ran.stderr);
}

#[test]
fn try_counts_passed_steps_whose_page_shows_an_error() {
    let server = Server::start(|hit| match hit.path.as_str() {
        "/login" => html(200, "<title>Sign in</title><p class='alert alert-danger'>Wrong email or password</p>"),
        _ => html(200, "<title>Cart</title><p role=alert class='alert alert-success'>It is in your cart</p>"),
    });
    let folder = Folder::new();
    folder.write("plan.yaml", plan(&server, "      - { name: Sign in, post: /login }\n      - get: /cart\n"));
    let end = "\n   passed       Sign in  (plan.yaml:6), but the page says: Wrong email or password\n   \
               passed       GET /cart  (plan.yaml:7)\n\n\
               PASSED: all 2 steps passed, but the page of 1 passed step shows an error message\n";
    for arguments in [&["try"][..], &["try", "-v"]] {
        let ran = folder.loadplan(arguments).expect_code(0);
        assert!(ran.stdout.ends_with(end), "{}", ran.stdout);
        assert!(ran.stdout.contains("   < alert: It is in your cart\n"), "{}", ran.stdout);
    }
}

#[test]
fn cookies_of_an_iteration_and_a_login_in_on_start_do_not_go_together() {
    let folder = Folder::new();
    let plan = |cookies: &str, extract: &str| {
        format!(
            "http: {{ base_url: 'http://127.0.0.1:9', cookies: {cookies} }}\nthread_groups:\n  g:\n    iterations: 1\n    \
             on_start:\n      - get: /login\n        extract: {{ csrf: {{ css: input, attribute: value }} }}\n      \
             - post: /login\n        form: {{ csrf: '${{csrf}}' }}\n{extract}    steps:\n      - get: /\n        headers: {{ X-T: '${{csrf}}' }}\n"
        )
    };
    let token = "        extract: { csrf: { json: $.t } }\n";
    for (cookies, extract, warns) in
        [("iteration", "", true), ("user", "", false), ("off", "", false), ("iteration", token, false)]
    {
        folder.write("plan.yaml", plan(cookies, extract));
        let ran = folder.loadplan(&["check"]).expect_code(0);
        let told = "warning: `cookies: iteration` empties the cookies before each iteration";
        assert_eq!(ran.stdout.contains(told), warns, "{cookies} {extract}: {}", ran.stdout);
        assert_eq!(ran.stdout.contains("plan.yaml:8:"), warns, "{}", ran.stdout);
    }
}

#[test]
fn a_variable_whose_extractor_failed_names_that_step() {
    let server = Server::start(|hit| match hit.path.as_str() {
        "/broken" => Reply::text(500, "no"),
        _ => Reply::json(200, r#"{"items": []}"#),
    });
    let folder = Folder::new();
    let steps = "      - name: Search\n        get: /search\n        extract: { product_id: { json: '$.items[0].id' } }\n      \
                 - { name: Product, get: '/products/${product_id}' }\n      - name: Basket\n        get: /broken\n        \
                 extract: { basket: { json: $.id } }\n      - { name: Pay, get: '/pay/${basket}' }\n      \
                 - { get: / }\n";
    folder.write("plan.yaml", plan(&server, steps));
    let ran = folder.loadplan(&["try"]).expect_code(1);
    for told in [
        "variable `product_id` is not set, because the step `Search`, which extracts it, failed",
        "variable `basket` is not set, because the step `Basket`, which extracts it, failed",
    ] {
        assert!(ran.stdout.contains(told), "{told} is missing in {}", ran.stdout);
    }
}

#[test]
fn a_wrong_status_after_a_redirect_says_where_it_came_from() {
    let server = Server::start(|hit| match hit.path.as_str() {
        "/orders" => Reply::text(302, "").with("Location", "/login?next=/orders"),
        _ => Reply::text(200, "Sign in"),
    });
    let folder = Folder::new();
    folder.write("plan.yaml", plan(&server, "      - get: /orders\n        assert: { status: 201 }\n"));
    let ran = folder.loadplan(&["try"]).expect_code(1);
    assert!(ran.stdout.contains("expected 201, got 200 from /login after a redirect\n"), "{}", ran.stdout);
    let ran = folder.loadplan(&["run"]).expect_code(1);
    assert!(
        ran.stdout.contains("The server responded, but not with the status that the plan expects"),
        "{}",
        ran.stdout
    );
    assert!(!ran.stdout.contains("rejected the request"), "{}", ran.stdout);
}

#[test]
fn try_shows_what_expected_values_stand_for() {
    let server = Server::start(|_| html(200, "<title>Home</title><p class=hello>Hello ann@shop.example</p>"));
    let folder = Folder::new();
    let steps = "      - get: /\n        assert:\n          css:\n            p.hello: 'Hello ${account.email}'\n            \
                 p.bye: 'Bye ${account.email}'\n            p.key: 'Key ${key}'\n";
    let plan = plan(&server, steps);
    folder.write(
        "plan.yaml",
        format!("variables: {{ account: {{ email: ann@shop.example }} }}\nsecrets: {{ key: hush-hush }}\n{plan}"),
    );
    let ran = folder.loadplan(&["try"]).expect_code(1);
    for told in [
        "   ok   css p.hello is \"Hello ann@shop.example\"\n",
        "   FAIL css p.bye is \"Bye ann@shop.example\": expected \"Bye ann@shop.example\", got nothing: no element matches\n",
        "   FAIL css p.key is \"Key ***\": expected \"Key ***\", got nothing: no element matches\n",
    ] {
        assert!(ran.stdout.contains(told), "{told} is missing in {}", ran.stdout);
    }
    assert!(!ran.stdout.contains("hush"), "{}", ran.stdout);
}

#[test]
fn a_try_that_sent_nothing_has_not_passed() {
    let server = Server::start(|_| Reply::text(200, "ok"));
    let folder = Folder::new();
    folder.write("plan.yaml", plan(&server, "      - { if: '1 == 2', get: / }\n"));
    let ran = folder.loadplan(&["try"]).expect_code(3);
    assert!(ran.stdout.ends_with("\nNOT VALID: no step ran, 1 not reached\n"), "{}", ran.stdout);
    assert!(server.hits().is_empty());
    // It has nothing to send by intent.
    folder.write("plan.yaml", plan(&server, "      - log: hello\n"));
    let ran = folder.loadplan(&["try"]).expect_code(0);
    assert!(ran.stdout.ends_with("\nPASSED: the plan has no requests\n"), "{}", ran.stdout);
}

#[test]
fn a_look_tells_what_it_left_out_and_takes_fields_outside_of_their_form() {
    let server = Server::start(|hit| match hit.path.as_str() {
        "/cart" => Reply::text(302, "").with("Location", "/login"),
        _ => html(
            200,
            "<title>Sign in</title><form id=f method=post action=/log-in><input name=user></form>
             <input type=hidden name=token value=t1 form=f><input name=stranger form=other>
             <form method=dialog><button>Close</button></form><form action=mailto:a@b.c><input name=x></form>",
        ),
    });
    let folder = Folder::new();
    let ran = folder.loadplan(&["new", "--url", &format!("{}/cart", server.url())]).expect_code(0);
    for told in [
        "/cart redirects to ",
        "so the page, its forms and its links are those of /login",
        "a form of the page was left out: it only closes a dialog",
        "a form of the page was left out: its action is not an http or https URL",
        "form:  POST /log-in (hidden: token)",
    ] {
        assert!(ran.stdout.contains(told), "{told} is missing in {}", ran.stdout);
    }
    let plan = folder.read("plan.yaml");
    assert!(plan.contains("- name: Sign in\n        get: /cart\n"), "{plan}");
    assert!(plan.contains("#     token: ${token}\n") && !plan.contains("stranger"), "{plan}");
    folder.write("plan.yaml", all_live(&plan));
    folder.loadplan(&["check"]).expect_code(0);
}
