//! What is found before the first request: every mistake at once, each at its place with its remedy.
#![expect(clippy::unwrap_used, reason = "a test that cannot set itself up has failed")]

mod support;

use support::{Folder, Server};

/// Line, column, message, help and replacement of each finding.
fn findings(folder: &Folder, plan: &str) -> Vec<(u64, u64, String, String, String)> {
    folder.write("plan.yaml", plan);
    let ran = folder.loadplan(&["check", "plan.yaml", "--format", "json"]);
    let list: serde_json::Value = serde_json::from_str(&ran.stdout).unwrap();
    let text = |value: &serde_json::Value| value.as_str().unwrap_or("").to_owned();
    list.as_array()
        .unwrap()
        .iter()
        .map(|one| {
            let (line, column) = (one["line"].as_u64().unwrap(), one["column"].as_u64().unwrap());
            (line, column, text(&one["message"]), text(&one["help"]), text(&one["replacement"]))
        })
        .collect()
}

#[track_caller]
fn expect(plan: &str, expected: &[(u64, u64, &str, &str)]) {
    let folder = Folder::new();
    let found = findings(&folder, plan);
    for (line, column, message, remedy) in expected {
        let hit = found.iter().any(|one| {
            one.0 == *line
                && one.1 == *column
                && one.2.contains(message)
                && (one.3.contains(remedy) || one.4.contains(remedy))
        });
        assert!(hit, "no finding at {line}:{column} with {message:?} and {remedy:?} in\n{found:#?}");
    }
    assert_eq!(found.len(), expected.len(), "{found:#?}");
}

#[test]
fn ten_different_mistakes_are_ten_findings_and_nothing_is_sent() {
    let server = Server::start(|_| support::Reply::text(200, ""));
    let folder = Folder::new();
    let plan = format!(
        "name: Ten mistakes
http:
  base_url: {}
  timout: 10s
thread_groups:
  shoppers:
    threads: 5
    duration: 10
    steps:
      - post: /login
        json: {{ user: ann }}
        extract:
          token: $.token
        asert: {{ status: 200 }}
      - get: /cart/${{tokn}}
        headers: {{ X: Bearer ${{token}} }}
        assert:
          statuss: 200
      - get: /pay
        post: /pay
      - get: /search
        name:first search
      - get: /total
        assert: {{ json: {{ '$.a b': 1 }} }}
        thresholds: [p95 < 100]
",
        server.url()
    );
    let found = findings(&folder, &plan);
    let expected = [
        (4, 3, "no key `timout`", "timeout"),
        (7, 5, "no key `threads`", "JMeter calls this `threads`; here it is `users`"),
        (8, 15, "no unit", "10s"),
        (14, 9, "no key `asert`", "assert"),
        (15, 22, "nothing sets a variable `tokn`", "did you mean `token`?"),
        (16, 23, "needs quotes", "'Bearer ${token}'"),
        (18, 11, "no key `statuss`", "status"),
        (20, 9, "cannot be both `get` and `post`", "two steps"),
        (22, 13, "space is missing after `name:`", ": "),
        (24, 27, "not a JSONPath", "$['a b']"),
        (25, 22, "no unit", "p95 < 100ms"),
    ];
    for (line, column, message, remedy) in expected {
        assert!(
            found.iter().any(|one| (one.0, one.1) == (line, column)
                && one.2.contains(message)
                && format!("{} {} {}", one.2, one.3, one.4).contains(remedy)),
            "{line}:{column} {message} {remedy} is not in\n{found:#?}"
        );
    }
    assert_eq!(found.len(), expected.len(), "{found:#?}");
    folder.loadplan(&["check", "plan.yaml"]).expect_code(2);
    folder.loadplan(&["run", "plan.yaml"]).expect_code(2);
    assert!(server.hits().is_empty());
}

const HEAD: &str = "http: { base_url: 'http://127.0.0.1:9' }
thread_groups:
  g:
    iterations: 1
    steps:
      - post: /login
        extract: { token: $.token }
";

#[test]
fn a_misspelt_variable_is_found_wherever_it_is_used() {
    let plan = format!(
        "{HEAD}      - post: /u/${{tokn}}
        headers: {{ A: 'x ${{tokn}}' }}
        json: {{ a: ['${{tokn}}'] }}
        query: {{ q: '${{tokn}}' }}
        assert: {{ json: {{ $.a: '${{tokn}}' }}, expr: tokn == 1 }}
      - if: tokn == 1
        steps: [ {{ get: '/${{token}}' }} ]
"
    );
    let tokn = |line, column| (line, column, "nothing sets a variable `tokn`", "did you mean `token`?");
    expect(&plan, &[tokn(8, 20), tokn(9, 28), tokn(10, 24), tokn(11, 24), tokn(12, 35), tokn(12, 51), tokn(13, 13)]);
}

#[test]
fn variables_are_followed_along_every_path() {
    let plan = "http: { base_url: 'http://127.0.0.1:9' }
thread_groups:
  a:
    iterations: 1
    steps:
      - if: user_number == 1
        steps:
          - set: { some: 1 }
      - if: user_number == 1
        steps: [ { set: { both: 1 } } ]
        else: [ { set: { both: 2 } } ]
      - get: /${some}/${both}
      - get: /${some | default(0)}
      - get: /${late}
      - set: { late: 1 }
      - get: /${other}
      - while: late == 1
        steps: [ { set: { looped: 1 } } ]
      - get: /${looped}
      - repeat: 2
        steps: [ { set: { surely: 1 } } ]
      - get: /${surely}
  b:
    iterations: 1
    steps:
      - set: { other: 1 }
";
    expect(
        plan,
        &[
            (12, 17, "`some` is set only on some of the paths", "default("),
            (14, 17, "`late` is used here before it is set (line 15)", "earlier step"),
            (16, 17, "`other` is set in thread group `b` (line 26)", "variables of their own"),
            (19, 17, "`looped` is set only on some of the paths", "default("),
        ],
    );
}

#[test]
fn built_in_names_are_told_where_they_mean_nothing() {
    let plan = "http: { base_url: 'http://127.0.0.1:9' }
setup: [ { get: '/${user_number}' } ]
thread_groups:
  g:
    iterations: 1
    on_start: [ { get: '/${iteration}' } ]
    steps:
      - get: /${loop.index}/${iteration}/${user_number}
      - repeat: 2
        steps: [ { get: '/${loop.index}' } ]
";
    expect(
        plan,
        &[
            (2, 21, "`user_number` means nothing here", "thread group"),
            (6, 28, "`iteration` means nothing here", "`steps`"),
            (8, 17, "`loop` means nothing here", "`repeat`"),
        ],
    );
}

#[test]
fn every_trap_of_plain_yaml_is_told_with_the_text_to_paste() {
    let plan = "name: Traps
variables:
  a: @home
  b: `tick`
  c: {{host}}
  d: \"\\d+\"
  e: Order: new
  f: Order #5
  g: > 5
  h: \"a\" == b
  i: !important
  j: %x
  k: [${a}, ${b}]
http: { base_url: 'http://127.0.0.1:9' }
thread_groups:
  g:
\titerations: 1
    steps:
      - get:/x
";
    expect(
        plan,
        &[
            (3, 6, "cannot start with `@`", "'@home'"),
            (4, 6, "cannot start with a backtick", "'`tick`'"),
            (5, 6, "another tool's way", "'${host}'"),
            (6, 6, "backslash", "'\\d+'"),
            (7, 6, "starts a new key", "'Order: new'"),
            (8, 6, "starts a comment", "'Order #5'"),
            (9, 6, "several lines", "'> 5'"),
            (10, 6, "goes on after the closing", "'\"a\" == b'"),
            (11, 6, "tag", "'!important'"),
            (12, 6, "cannot start with `%`", "'%x'"),
            (13, 7, "needs quotes", "'${a}'"),
            (13, 13, "needs quotes", "'${b}'"),
            (5, 8, "`host` is not known before the run starts", "comes before in that order"),
            (17, 1, "a tab", "  "),
            (19, 12, "a space is missing after `get:`", ": "),
        ],
    );
}

#[test]
fn duplicate_and_empty_keys_are_found_with_the_first_place() {
    let plan = "http: { base_url: 'http://127.0.0.1:9' }
thread_groups:
  g:
    iterations: 1
    iterations: 2
    think_time:
    steps:
      - get: /
        headers: { Accept: a, accept: b }
";
    expect(
        plan,
        &[
            (5, 5, "`iterations` is written twice", "keep one"),
            (6, 5, "nothing is written after `think_time:`", "remove the line"),
            (9, 31, "the header `accept` is written twice", "keep one"),
        ],
    );
}

#[test]
fn features_of_later_versions_are_refused_not_ignored() {
    let plan = "http: { base_url: 'http://127.0.0.1:9' }
monitors: { local: { host: true } }
thread_groups:
  g:
    iterations: 1
    steps:
      - get: /
      - grpc: shop.Orders/Create
";
    expect(
        plan,
        &[
            (2, 1, "`monitors` is not supported yet", "remove it"),
            (8, 9, "`grpc` are not supported yet", "remove the step"),
        ],
    );
}

#[test]
fn files_and_columns_are_looked_for_before_the_run() {
    let folder = Folder::new();
    folder.write("data/traders.csv", "username,password\nann,1\n");
    folder.write("ragged.csv", "a,b\n1,2\n1,2,3\n");
    folder.write("body.json", "{}");
    let found = findings(
        &folder,
        "http: { base_url: 'http://127.0.0.1:9' }
data:
  traders: { file: data/trader.csv }
  people: { file: data/traders.csv }
  ragged: { file: ragged.csv }
thread_groups:
  g:
    iterations: 1
    steps:
      - post: /${people.usrname}
        body_file: body.jsn
      - get: /
        http: {}
        tls: { ca_file: ca.pem }
",
    );
    let told: Vec<(u64, u64, &str)> = found.iter().map(|one| (one.0, one.1, one.2.as_str())).collect();
    assert_eq!(
        told,
        [
            (3, 20, "`file`: the file data/trader.csv does not exist"),
            (5, 19, "ragged.csv line 3 has 3 cells, but there are 2 columns"),
            (10, 25, "the data set `people` has no column `usrname`"),
            (11, 20, "`body_file`: the file body.jsn does not exist"),
            (13, 9, "a `get` step: there is no key `http`"),
            (14, 25, "`ca_file`: the file ca.pem does not exist"),
        ]
    );
    assert!(found[0].3.contains("traders.csv") && found[3].3.contains("body.json"), "{found:#?}");
}

#[test]
fn files_that_are_no_plans_are_refused_in_a_sentence() {
    let folder = Folder::new();
    let mut bomb = String::from("x-a: &a [x, x, x, x, x, x, x, x, x]\n");
    for (last, next) in "abcdefgh".chars().zip("bcdefghi".chars()) {
        bomb.push_str(&format!("x-{next}: &{next} [{}]\n", vec![format!("*{last}"); 9].join(", ")));
    }
    for (name, bytes, told) in [
        ("empty.yaml", &b""[..], "the file is empty"),
        ("comment.yaml", b"# nothing\n", "the file is empty"),
        ("latin.yaml", b"name: caf\xe9\n", "not UTF-8: line 1"),
        ("utf16.yaml", b"\xff\xfea\x00", "UTF-16"),
        ("two.yaml", b"name: a\n---\nname: b\n", "second document"),
        ("list.yaml", b"- a\n", "a map of keys"),
        ("bomb.yaml", bomb.as_bytes(), "grows too large"),
        ("self.yaml", b"x-a: &a [*a]\n", "points into itself"),
    ] {
        folder.write(name, bytes);
        let ran = folder.loadplan(&["check", name]).expect_code(2);
        assert!(ran.stdout.contains(told), "{name}: {told} is missing in\n{}", ran.stdout);
    }
    let ran = folder.loadplan(&["check", "missing.yaml"]).expect_code(2);
    assert!(ran.stdout.contains("there is no file missing.yaml"), "{}", ran.stdout);
}

#[test]
fn warnings_leave_the_exit_code_alone() {
    let folder = Folder::new();
    folder.write("plan.yaml", HEAD);
    let ran = folder.loadplan(&["check", "plan.yaml"]).expect_code(0);
    assert!(ran.stdout.contains("`token` is extracted but never used"), "{}", ran.stdout);
    assert!(ran.stdout.contains("no errors, 1 warning"), "{}", ran.stdout);
}

#[test]
fn profiles_are_checked_even_when_they_are_not_in_use() {
    let plan = format!(
        "{HEAD}profiles:
  smoke:
    thread_groups:
      gg: {{ users: 5 }}
  big:
    thread_groups:
      g: {{ steps: [] }}
  odd:
    variabels: {{}}
"
    );
    expect(
        &plan,
        &[
            (7, 20, "`token` is extracted but never used", "remove the extractor"),
            (11, 7, "the plan has no `gg` under `thread_groups`", "did you mean `g`?"),
            (14, 12, "a profile cannot change `steps`", "settings"),
            (16, 5, "no key `variabels`", "variables"),
        ],
    );
}

#[test]
fn overrides_that_cannot_apply_are_errors() {
    let folder = Folder::new();
    folder
        .write("plan.yaml", "thread_groups:\n  g:\n    iterations: 1\n    steps:\n      - get: http://127.0.0.1:9/\n");
    for (args, told) in [
        (vec!["--profile", "smok"], "no profile `smok`"),
        (vec!["--var", "x=1"], "no variable `x`"),
        (vec!["--group", "h"], "no thread group `h`"),
        (vec!["--users", "1,000"], "1000"),
        (vec!["--duration", "10"], "10s"),
        (vec!["--base-url", "http://127.0.0.1:1"], "cannot apply"),
    ] {
        let mut all = vec!["run", "plan.yaml"];
        all.extend(args);
        let ran = folder.loadplan(&all).expect_code(2);
        assert!(ran.stderr.contains(told), "{all:?}: {told} is missing in\n{}", ran.stderr);
    }
}

#[test]
fn include_cycles_are_told_with_their_path() {
    let folder = Folder::new();
    folder.write("a.yaml", "- include: b.yaml\n");
    folder.write("b.yaml", "- include: a.yaml\n");
    let found = findings(
        &folder,
        "http: { base_url: 'http://127.0.0.1:9' }
fragments:
  one: [ include: two ]
  two: [ include: one ]
thread_groups:
  g:
    iterations: 1
    steps:
      - include: one
      - include: a.yaml
      - include: tow
",
    );
    let messages: Vec<&str> = found.iter().map(|one| one.2.as_str()).collect();
    assert!(messages.iter().any(|one| one.contains("`one` → `two` → `one`")), "{messages:?}");
    assert!(messages.iter().any(|one| one.contains("`a.yaml` includes itself")), "{messages:?}");
    assert!(found.iter().any(|one| one.2.contains("no fragment `tow`") && one.3.contains("two")), "{found:?}");
}

#[test]
fn loads_that_do_not_go_together_are_told_apart() {
    let plan = "http: { base_url: 'http://127.0.0.1:9' }
thread_groups:
  both:
    users: 5
    stages: [ { users: 5, over: 1m } ]
    steps: [ { get: / } ]
  mixed:
    stages:
      - { users: 5, over: 1m }
      - { rate: 5/s, over: 1m }
    steps: [ { get: /a } ]
  no_time:
    stages: [ { users: 5 } ]
    steps: [ { get: /b } ]
  open:
    arrival_rate: 200
    duration: 1m
    users: 5
    pacing: 1s
    steps: [ { get: /c } ]
  endless:
    arrival_rate: 30/min
    steps: [ { get: /d } ]
  closed:
    users: 5
    iterations: 3
    ramp_down: 10s
    throughput: 0/s
    steps: [ { get: /e } ]
";
    expect(
        plan,
        &[
            (4, 5, "`users` does not go together with `stages`", "remove one of the two"),
            (10, 11, "a stage with `rate` among stages with `users`", "make two groups"),
            (13, 15, "this stage takes no time", "add `over: 1m`"),
            (16, 19, "`200` has no unit", "write `arrival_rate: 200/s`"),
            (18, 5, "`users` does not go together with `arrival_rate`", "`max_users` limits them"),
            (21, 3, "thread group `endless`: how long should it run?", "add `duration: 1m`"),
            (22, 19, "`min` is not a unit of a rate", "write `arrival_rate: 30/m`"),
            (27, 5, "`ramp_down` comes after `duration`", "add `duration: 1m`"),
            (28, 17, "`throughput` must be more than 0", "`throughput: 10/s`"),
        ],
    );
}

#[test]
fn a_load_that_could_not_be_read_leads_to_no_further_findings() {
    let plan = "http: { base_url: 'http://127.0.0.1:9' }
thread_groups:
  open:
    arrival_rate: 20
    duration: 10s
    max_users: 5
    warm_up: 1m
    steps: [ { get: /a } ]
    thresholds:
      - dropped == 0
      - { threshold: p95 < 1s, during: stage 1 }
  closed:
    users: 3
    iterations: 1
    max_users: 7
    pacing: 1s
    steps: [ { get: /b } ]
thresholds: [ dropped < 5 ]
";
    expect(
        plan,
        &[
            (4, 19, "`20` has no unit", "write `arrival_rate: 20/s`"),
            (15, 5, "`max_users` does not go together with a number of users", "`arrival_rate`"),
        ],
    );
}

#[test]
fn needs_windows_and_warm_ups_that_cannot_be_are_found() {
    let plan = "http: { base_url: 'http://127.0.0.1:9' }
thread_groups:
  a:
    needs: [b]
    duration: 1m
    warm_up: 2m
    steps: [ { get: / } ]
    thresholds:
      - { threshold: p95 < 1s, during: ramp_up }
      - { threshold: p95 < 1s, during: stedy }
      - { threshold: dropped < 5 }
      - { threshold: iterations > 5, during: steady }
  b:
    needs: [a, c, bb]
    stages: [ { users: 5, over: 1m } ]
    steps:
      - get: /b
        thresholds: [ { threshold: p95 < 1s, during: stage 2 } ]
  c:
    needs: [c]
    iterations: 1
    steps: [ { get: /c } ]
";
    expect(
        plan,
        &[
            (4, 13, "these thread groups wait for each other, so none would start: `a` → `b` → `a`", "remove one"),
            (6, 14, "the warm-up is at least as long as the whole load", "shorten `warm_up`"),
            (9, 40, "thread group `a` never ramps up", "add `ramp_up`"),
            (10, 40, "not `stedy`", "did you mean `steady`?"),
            (11, 22, "only an arrival rate drops iterations", "remove it"),
            (12, 46, "`iterations` counts the whole run, so `during` cannot apply", "remove `during`"),
            (14, 19, "there is no thread group `bb`", "the other thread groups are: a, c"),
            (18, 54, "thread group `b` never reaches that stage", "there is one stage: `stage 1`"),
            (20, 13, "thread group `c` cannot need itself", "remove it"),
        ],
    );
}

#[test]
fn the_arithmetic_of_a_load_is_done_before_the_run() {
    let folder = Folder::new();
    let plan = "http: { base_url: 'http://127.0.0.1:9' }
thread_groups:
  storm:
    users: 500
    ramp_up: 1s
    duration: 1m
    think_time: 1s
    on_start: [ { post: /login } ]
    steps: [ { get: / } ]
  open:
    arrival_rate: 200/s
    duration: 1m
    max_users: 50
    think_time: 1s
    steps: [ { get: /a }, { get: /b } ]
";
    folder.write("plan.yaml", plan);
    let ran = folder.loadplan(&["check", "plan.yaml", "--explain"]).expect_code(0);
    for told in [
        "plan.yaml:4:12",
        "500 users in 1s is 500 requests of `on_start` a second",
        "ramp up over 25s: 20 users a second",
        "plan.yaml:13:16",
        "at 200/s and 2s of waiting per iteration you need about 400 users, but `max_users` is 50",
        "500 users start one after another over 1s (500 a second) and run for 1m in total.",
        "An iteration sends 1 request on average and waits 1s: about 29750 requests in total if the target responds at once.",
        "200 iterations start a second for 1m, whether or not earlier ones have ended.",
        "about 24000 requests in total",
        "Load is applied for 1m.",
    ] {
        assert!(ran.stdout.contains(told), "{told} is missing in\n{}", ran.stdout);
    }
}

#[test]
fn findings_look_the_same_in_every_terminal() {
    let folder = Folder::new();
    folder.write(
        "plan.yaml",
        "name: Shop
http: { base_url: 'http://127.0.0.1:9' }
thread_groups:
  shoppers:
    threads: 5
    duration: 10
    steps:
      - get: /a
        get: /b
      - get: /cart/${tokn}
        extract: { token: $.token }
",
    );
    let text = folder.loadplan(&["check", "plan.yaml"]).expect_code(2).stdout;
    insta::assert_snapshot!("text", text);
    let github = folder.loadplan(&["check", "plan.yaml", "--format", "github"]).expect_code(2).stdout;
    insta::assert_snapshot!("github", github);
}

/// What is written, where its value stands, and the text the finding puts in its place.
#[test]
fn regression_suggested_fixes_can_be_pasted() {
    let group = |line: &str| {
        format!(
            "http: {{ base_url: 'http://127.0.0.1:9' }}\nthread_groups:\n  g:\n    iterations: 1\n    {line}\n    steps: [ {{ get: / }} ]\n"
        )
    };
    for (line, fixed) in [
        ("duration: 1,000ms", "1000ms"),
        ("duration: 1,5s", "1.5s"),
        ("think_time: 1..3", "1s..3s"),
        ("think_time: 200..500ms", "200ms..500ms"),
        ("think_time: 1-3s", "1s..3s"),
        ("think_time: 1s to 3s", "1s..3s"),
        ("thresholds: ['rps > 1']", "throughput > 1/s"),
        ("thresholds: ['p(95)<300']", "p95 < 300ms"),
        ("thresholds: ['rate<0.01']", "error_rate < 1%"),
        ("description: 'Ann's users'", "\"Ann's users\""),
        ("description: “quoted”", "'quoted'"),
        ("http: {headers: {A: x[1]}}", "'x[1]'"),
    ] {
        let found = findings(&Folder::new(), &group(line));
        assert_eq!(found.len(), 1, "{line}: {found:#?}");
        assert_eq!(found[0].4, fixed, "{line}: {found:#?}");
    }
    let found = findings(&Folder::new(), &group("http: { tls: { insecure: true } }"));
    assert!(found[0].4.is_empty() && found[0].3.contains("verify: false"), "{found:#?}");
}

#[test]
fn regression_one_mistake_is_one_finding() {
    let folder = Folder::new();
    folder.write("users.csv", "user,pass\nann,1\n");
    let found = findings(
        &folder,
        "http: { base_url: 'http://127.0.0.1:9' }
data:
  gone: { file: gone.csv }
  users: { file: users.csv }
thread_groups:
  g:
    iterations: 1
    steps:
      - post: /${gone.id}
        extract: { token: token }
      - get: /${token}/${user}
",
    );
    let told: Vec<(u64, &str)> = found.iter().map(|one| (one.0, one.4.as_str())).collect();
    assert_eq!(told, [(3, ""), (10, "$.token"), (11, "users.user")], "{found:#?}");
}

#[test]
fn regression_a_profile_that_says_no_length_is_found_without_running_it() {
    let plan = "http: { base_url: 'http://127.0.0.1:9' }
thread_groups:
  g: { users: 5, duration: 10s, steps: [ { get: / } ] }
profiles:
  smoke:
    thread_groups:
      g: { users: 1 }
";
    expect(plan, &[(7, 12, "`g` does not say how long it runs", "write `duration` or `iterations` here too")]);
}

#[test]
fn regression_wrong_indentation_is_told_without_the_parsers_words() {
    for (line, told) in [
        ("     users: 4", "does not fit the one above it"),
        ("    users = 4", "followed by `=`"),
        ("    steps: [ { get: / }", "above is not closed"),
        ("    description: \"open", "no closing quote"),
    ] {
        let plan = format!("thread_groups:\n  g:\n    iterations: 1\n{line}\n    delay: 1s\n");
        let found = findings(&Folder::new(), &plan);
        assert!(found.iter().any(|one| one.2.contains(told)), "{line}: {found:#?}");
        assert!(!found.iter().any(|one| one.2.contains("while parsing")), "{line}: {found:#?}");
    }
}

/// A plan whose request is `get: /` with these lines below it.
fn with_lines(lines: &str) -> String {
    format!(
        "http: {{ base_url: 'http://127.0.0.1:9' }}\nvariables: {{ token: abc }}\nthread_groups:\n  g:\n    iterations: 1\n    steps:\n      - post: /\n{lines}"
    )
}

#[test]
fn regression_a_threshold_the_wrong_way_round_is_a_warning_with_the_text_turned_around() {
    let folder = Folder::new();
    let thresholds = |text: &str| with_lines("") + &format!("thresholds: [{text}]\n");
    for (text, fixed) in [
        ("error_rate > 1%", "error_rate <= 1%"),
        ("errors >= 5", "errors < 5"),
        ("apdex(500ms) < 0.9", "apdex(500ms) >= 0.9"),
        ("p95 == 500ms", "p95 <= 500ms"),
    ] {
        let found = findings(&folder, &thresholds(text));
        assert_eq!(found.len(), 1, "{text}: {found:#?}");
        assert_eq!((found[0].0, found[0].1, found[0].4.as_str()), (8, 14, fixed), "{found:#?}");
        folder.loadplan(&["check", "plan.yaml"]).expect_code(0);
        assert!(findings(&folder, &thresholds(fixed)).is_empty(), "{fixed}");
    }
}

#[test]
fn regression_thresholds_in_other_forms_are_told_where_they_go() {
    for (lines, message, remedy) in [
        (
            "  - Search: p95 < 300ms\n",
            "does not name its request",
            "`thresholds: [p95 < 300ms]` under the request `Search`",
        ),
        (
            "  - Search p95 < 300\n",
            "does not name its request",
            "`thresholds: [p95 < 300ms]` under the request `Search`",
        ),
        ("  - p95: 500ms\n", "`p95` is a figure", "p95 < 500ms"),
        ("  - p95: < 500\n", "`p95` is a figure", "p95 < 500ms"),
        ("  - throughput: 100/s\n", "`throughput` is a figure", "throughput > 100/s"),
        ("  - errors: 0\n", "`errors` is a figure", "errors == 0"),
    ] {
        expect(&(with_lines("") + "thresholds:\n" + lines), &[(9, 5, message, remedy)]);
    }
    let found = findings(&Folder::new(), &(with_lines("") + "thresholds: [ treshold: p95 < 500ms ]\n"));
    assert_eq!(found[0].4, "threshold", "a slip in a key stays one: {found:#?}");
}

#[test]
fn regression_a_variable_without_braces_is_told_wherever_it_is_sent() {
    for (lines, line, column, fixed) in [
        ("        headers: { Authorization: Bearer $token }\n", 8, 42, "'Bearer ${token}'"),
        ("        body: 'a=$token&b=$$token'\n", 8, 18, "${token}"),
        ("        json: { a: [$token] }\n", 8, 21, "'${token}'"),
        ("        form:\n          a: $token\n", 9, 14, "${token}"),
        ("        query: { a: \"$token\" }\n", 8, 22, "${token}"),
        ("      - get: /$token\n", 8, 15, "${token}"),
    ] {
        let found = findings(&Folder::new(), &with_lines(lines));
        assert_eq!(found.len(), 1, "{lines}: {found:#?}");
        let (message, help) = ("`$token` is sent as it stands", "for the variable write `${token}`");
        assert_eq!(found[0], (line, column, message.into(), help.into(), fixed.into()), "{lines}");
    }
    for lines in [
        "        headers: { Authorization: 'Bearer ${token} and $other' }\n",
        "        body: price is 5$ or $$token or $${token}\n",
        "        graphql: { query: 'query ($token: ID!) { user(id: $token) { name } }', variables: { token: '${token}' } }\n",
        "        assert: { json: { $.token: { matches: '^$token$' } }, body: { matches: 'a$' } }\n",
    ] {
        assert_eq!(findings(&Folder::new(), &with_lines(lines)), [], "{lines}");
    }
}

#[test]
fn regression_a_body_that_is_no_text_is_told_its_keys() {
    for lines in ["        body: { a: 1 }\n", "        body: [1]\n"] {
        expect(&with_lines(lines), &[(8, 15, "`body` takes text", "for JSON write `json:` instead of `body:`")]);
    }
}

#[test]
fn plans_that_come_with_loadplan_have_no_findings() {
    let root = std::path::Path::new(env!("CARGO_MANIFEST_DIR"));
    let folder = Folder::new();
    // The plans of the benchmarks get their target from who runs them.
    for (name, more) in [("plans", &[][..]), ("bench/plans", &["--base-url", "http://127.0.0.1:9"])] {
        let files = std::fs::read_dir(root.join(name)).unwrap().map(|entry| entry.unwrap().path());
        for plan in files.filter(|path| path.extension().is_some_and(|end| end == "yaml")) {
            let shown = plan.to_str().unwrap();
            let ran = folder.loadplan(&[&["check", shown], more].concat());
            assert!(ran.stdout.contains("no mistakes found"), "{shown}: {}", ran.stdout);
        }
    }
}

#[test]
fn regression_keys_that_do_nothing_or_change_what_runs_are_told() {
    let within = |steps: &str| {
        format!(
            "http: {{ base_url: http://127.0.0.1:9 }}\nthread_groups:\n  g:\n    iterations: 1\n    steps:\n{steps}\n"
        )
    };
    let folder = Folder::new();
    for (steps, told) in [
        (
            "      - choose:\n          - { get: /a, chance: 25% }\n          - { get: /b, chance: 75% }",
            "`chance` on a branch of `choose`",
        ),
        (
            "      - choose:\n          - { get: /a, if: iteration == 1 }\n          - { get: /b }",
            "`if` on a branch of `choose`",
        ),
        (
            "      - round_robin:\n          - { get: /a, chance: 25% }\n          - { get: /b }",
            "`chance` on a branch of `round_robin`",
        ),
        ("      - choose:\n          - { get: /a, weight: 0 }\n          - { get: /b }", "weight 0 is never drawn"),
        ("      - choose:\n          - { get: /a, weight: 3 }", "one branch"),
        ("      - { get: /a, chance: 100% }", "this chance always runs"),
        ("      - { get: /a, chance: 0% }", "this chance never runs"),
        ("      - repeat: 0\n        steps: [{ get: /a }]", "runs nothing"),
        ("      - get: /a\n      - stop: iteration\n      - get: /b", "this step never runs"),
        (
            "      - transaction: T\n        steps: [{ get: /a }, { stop: user }]\n      - get: /b",
            "this step never runs",
        ),
        ("      - { pause: 1s, think_time: 2s }\n      - get: /a", "this step sends none"),
        ("      - parallel: [{ get: /a }, { get: /b }]\n        think_time: 2s", "not waited in `parallel`"),
        ("      - set: { x: 1 }\n      - get: /a", "`x` is set but never used"),
        ("      - { get: /a, if: 1 == 2 }", "always false"),
        ("      - for_each: { x: '[]' }\n        steps: [{ get: '/${x}' }]", "this list is empty"),
        (
            "      - if: iteration == 1\n        chance: 50%\n        steps: [{ get: /a }]\n        else: [{ get: /b }]",
            "`else` runs too",
        ),
        ("      - get: /a\n        extract: {}", "extracts nothing"),
        ("      - get: /a\ndata: { d: { file: d.csv } }", "nothing uses the data set `d`"),
        ("      - get: '/${d.id}'\ndata: { d: { file: d.csv, at_end: stop_user } }", "ends early"),
    ] {
        folder.write("d.csv", "id\n1\n");
        folder.write("plan.yaml", within(steps));
        let ran = folder.loadplan(&["check", "plan.yaml"]);
        let all = ran.stdout + &ran.stderr;
        assert!(all.contains(told), "{steps}\n{all}");
    }
    for fine in [
        "      - choose:\n          - { get: /a, weight: 1 }\n          - { get: /b }",
        "      - shuffle:\n          - { get: /a, chance: 50% }\n          - { get: /b }",
        "      - get: /a\n      - { stop: iteration, if: iteration == 2 }\n      - get: /b",
        "      - { transaction: T, think_time: 1s, steps: [{ get: /a }] }",
    ] {
        folder.write("plan.yaml", within(fine));
        let ran = folder.loadplan(&["check", "plan.yaml"]).expect_code(0);
        assert!(ran.stdout.contains("no mistakes found"), "{fine}\n{}", ran.stdout);
    }
}

#[test]
fn regression_chances_of_branches_become_weights_that_the_next_check_takes() {
    let plan = "http: { base_url: http://127.0.0.1:9 }
thread_groups:
  g:
    iterations: 1
    steps:
      - choose:
          - { get: /a, chance: 12.5% }
          - { get: /b, chance: 87.5% }
";
    let folder = Folder::new();
    folder.write("plan.yaml", plan);
    let ran = folder.loadplan(&["check", "plan.yaml"]);
    let told = ran.stdout + &ran.stderr;
    // 12.5 % to 87.5 % are 125 to 875 in whole numbers.
    assert!(told.contains("weight: 125") && told.contains("weight: 875"), "{told}");
    folder.write("plan.yaml", plan.replace("chance: 12.5%", "weight: 125").replace("chance: 87.5%", "weight: 875"));
    let ran = folder.loadplan(&["check", "plan.yaml"]).expect_code(0);
    assert!(ran.stdout.contains("no mistakes found"), "{}", ran.stdout);
}

#[test]
fn regression_a_proxys_password_is_not_shown_with_the_line_it_stands_in() {
    let folder = Folder::new();
    folder.write(
        "plan.yaml",
        "http: { proxy: 'http://user:p@ss#1@127.0.0.1:9' }\nthread_groups: { g: { iterations: 1, steps: [{ get: 'http://shop.test/' }] } }\n",
    );
    let ran = folder.loadplan(&["check", "plan.yaml"]).expect_code(2);
    assert!(ran.stdout.contains("http://user:******@127.0.0.1:9"), "{}", ran.stdout);
    assert!(!ran.stdout.contains("ss#1"), "{}", ran.stdout);
}

#[test]
fn regression_d11_a_pipe_as_data_is_refused_before_it_is_opened() {
    let folder = Folder::new();
    let pipe = folder.path().join("pipe");
    assert!(std::process::Command::new("mkfifo").arg(&pipe).status().unwrap().success());
    folder.write(
        "plan.yaml",
        "http: { base_url: http://127.0.0.1:9 }\ndata: { d: { file: pipe } }\nthread_groups: { g: { iterations: 1, steps: [{ get: '/${d.a}' }] } }\n",
    );
    // Opening it would wait for a writer for ever.
    folder.loadplan(&["check", "plan.yaml"]).expect_code(2);
}

#[test]
fn regression_d11_a_row_without_an_end_is_told() {
    let folder = Folder::new();
    folder.write("rows.csv", "a,b\n1,\"".to_owned() + &"x".repeat(3 << 20));
    folder.write(
        "plan.yaml",
        "http: { base_url: http://127.0.0.1:9 }\ndata: { d: { file: rows.csv } }\nthread_groups: { g: { iterations: 1, steps: [{ get: '/${d.a}' }] } }\n",
    );
    let ran = folder.loadplan(&["check", "plan.yaml"]).expect_code(2);
    assert!(ran.stdout.contains("rows.csv has a row of more than 1 MiB"), "{}", ran.stdout);
}

#[test]
fn regression_d13_includes_inside_one_another_are_bounded() {
    let folder = Folder::new();
    let fragments: String = (0..4000).map(|at| format!("  f{at}: [ {{ include: f{} }} ]\n", at + 1)).collect();
    folder.write(
        "plan.yaml",
        format!(
            "http: {{ base_url: http://127.0.0.1:9 }}\nfragments:\n{fragments}  f4000: [ {{ get: /x }} ]\nthread_groups: {{ g: {{ iterations: 1, steps: [ {{ include: f0 }} ] }} }}\n"
        ),
    );
    let ran = folder.loadplan(&["check", "plan.yaml"]).expect_code(2);
    assert!(ran.stdout.contains("more than 50 deep"), "{}", &ran.stdout[..ran.stdout.len().min(2000)]);
}

#[test]
fn regression_d14_thousands_of_mistakes_are_counted_and_the_first_are_shown() {
    let folder = Folder::new();
    let steps: String = (0..3000).map(|at| format!("      - {{ get: /a, asert{at}: 1 }}\n")).collect();
    folder.write(
        "plan.yaml",
        format!(
            "http: {{ base_url: http://127.0.0.1:9 }}\nthread_groups:\n  g:\n    iterations: 1\n    steps:\n{steps}"
        ),
    );
    let ran = folder.loadplan(&["check", "plan.yaml"]).expect_code(2);
    assert_eq!(ran.stdout.matches("there is no key `asert").count(), 200);
    assert!(ran.stdout.contains("These are the first 200 of 3000 findings."), "{}", ran.stdout.len());
    assert!(ran.stdout.contains("plan.yaml: 3000 errors"), "{}", ran.stdout.len());
}
