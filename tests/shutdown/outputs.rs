//! What is written, what is kept, and what is said when that is not possible.

use std::io::Read as _;
use std::process::{Command, Stdio};
use std::time::Duration;

use super::ends;
use super::support::{Folder, Reply, Server, against};

const CERTIFICATE: &str = include_str!("../http_sampler/client-v1.pem");
const ONE: &str = "http: { base_url: BASE }\nthread_groups:\n  g: { iterations: 1, steps: [{ get: /a }] }\n";

fn fifo(folder: &Folder, name: &str) -> std::path::PathBuf {
    let pipe = folder.path().join(name);
    assert!(Command::new("mkfifo").arg(&pipe).status().unwrap().success());
    pipe
}

/// 64 chunks of 64 KiB wait for a reader at most, and 64 KiB in the pipe (pipe(7)): rows of 3 kB fill that soon.
#[test]
fn regression_rows_that_nobody_reads_do_not_keep_the_reports_from_being_written() {
    let server = Server::start(|_| Reply::text(200, "ok"));
    let folder = Folder::new();
    let plan = "http: { base_url: BASE }\nthread_groups:\n  g: { users: 4, duration: 8s, graceful_stop: 0s, steps: [{ name: a, get: '/a?x=LONG' }] }\n";
    folder.write("plan.yaml", against(&server, plan).replace("LONG", &"x".repeat(3000)));
    let pipe = fifo(&folder, "rows.pipe");
    let child =
        folder.command(&["run", "plan.yaml", "--quiet", "--csv", "rows.pipe"]).stdout(Stdio::null()).spawn().unwrap();
    // Opened, so that the run begins, and never read.
    let unread = std::fs::File::open(pipe).unwrap();
    assert_eq!(ends(child), 4);
    let junit = folder.junit();
    assert!(junit.contains("the CSV file is not complete and was not kept: nothing more could be written"), "{junit}");
    assert_eq!(folder.results()["verdict"]["exit_code"], 4);
    assert!(folder.read("loadplan-results/report.html").trim_end().ends_with("</html>"));
    drop(unread);
}

/// A limit on the size of files stands in for a full disk (setrlimit(2), EFBIG).
#[test]
fn regression_rows_that_are_not_complete_are_not_kept() {
    let server = Server::start(|_| Reply::text(200, "ok"));
    let folder = Folder::new();
    let plan =
        "http: { base_url: BASE }\nthread_groups:\n  g: { iterations: 1500, steps: [{ name: a, get: '/a?x=LONG' }] }\n";
    folder.write("plan.yaml", against(&server, plan).replace("LONG", &"x".repeat(3000)));
    folder.write("rows.csv", "of an earlier run");
    // 4096 blocks are 2 or 4 MiB, as shells count them; the rows are 4.5 MB.
    let script = "trap '' XFSZ; ulimit -f 4096; exec \"$0\" run plan.yaml --csv rows.csv";
    let mut command = Command::new("sh");
    command.current_dir(folder.path()).args(["-c", script, env!("CARGO_BIN_EXE_loadplan")]);
    let ran = super::support::Ran::from(command.env("CI", "1").output().unwrap()).expect_code(4);
    assert!(ran.stdout.contains("the CSV file is not complete and was not kept"), "{}", ran.stdout);
    assert!(!ran.stdout.contains("rows.csv"), "{}", ran.stdout);
    assert!(!folder.path().join("rows.csv").exists());
    assert_eq!(folder.results()["verdict"]["exit_code"], 4);
}

#[test]
fn regression_a_pipe_with_the_name_of_a_leftover_does_not_stop_the_start() {
    let server = Server::start(|_| Reply::text(200, "ok"));
    let folder = Folder::new();
    folder.write("plan.yaml", against(&server, ONE));
    std::fs::create_dir(folder.path().join("loadplan-results")).unwrap();
    let pipe = fifo(&folder, "loadplan-results/.loadplan-x.tmp");
    assert_eq!(ends(folder.command(&["run", "plan.yaml", "--quiet"]).spawn().unwrap()), 0);
    assert!(pipe.exists());
}

/// README: the JUnit file is red exactly when the code is not 0.
#[test]
fn regression_a_refused_command_line_leaves_no_green_report() {
    let server = Server::start(|_| Reply::text(200, "ok"));
    let folder = Folder::new();
    folder.write("plan.yaml", against(&server, ONE));
    let plan = folder.read("plan.yaml");
    for (args, told) in [
        (&["--csv", "plan.yaml"][..], "CSV would replace plan.yaml, which this run reads"),
        (&["--json", "same", "--junit", "same"], "results and JUnit would both be written to same"),
        (&["--html", "x", "--csv", "x"], "report and CSV would both be written to x"),
        (&["--csv", "st/results.json"], "results and CSV would both be written to st/results.json"),
        (&["--html", "-"], "`--html -`: only results.json may go to standard output"),
        (&["--markdown", "-"], "`--markdown -`: only results.json may go"),
        (&["--json", "-", "--summary-json"], "--summary-json and --json - would both be written to standard output"),
    ] {
        let green = ["run", "plan.yaml", "--out", "st", "--quiet"];
        folder.loadplan(&green).expect_code(0);
        let ran = folder.loadplan(&[&green, args].concat()).expect_code(2);
        assert!(ran.stderr.contains(told), "{args:?}: {}", ran.stderr);
        if !args.contains(&"--junit") {
            let junit = folder.read("st/junit.xml");
            assert!(junit.contains("nothing was sent") && !junit.contains("errors=\"0\""), "{args:?}: {junit}");
        } else {
            assert!(folder.read("same").contains("nothing was sent"));
        }
        assert!(!folder.path().join("-").exists());
        assert_eq!(folder.read("plan.yaml"), plan);
    }
    // A place that cannot be written to is known when the plan is read: the code is 4, and the report is red.
    folder.loadplan(&["run", "plan.yaml", "--quiet"]).expect_code(0);
    folder.write("file", "");
    folder.loadplan(&["run", "plan.yaml", "--csv", "file/rows.csv"]).expect_code(4);
    assert!(folder.junit().contains("CSV cannot be written to file/rows.csv"), "{}", folder.junit());
    // Of several plans only the one whose reports are meant.
    folder.write("two.yaml", &plan);
    let both = ["run", "plan.yaml", "two.yaml", "--quiet", "--out", "both"];
    folder.loadplan(&both).expect_code(0);
    std::fs::remove_file(folder.path().join("both/two/report.html")).unwrap();
    std::fs::create_dir(folder.path().join("both/two/report.html")).unwrap();
    folder.loadplan(&both).expect_code(4);
    assert!(folder.read("both/two/junit.xml").contains("report cannot be written to both/two/report.html"));
    assert!(!folder.read("both/plan/junit.xml").contains("cannot be written"));
    assert!(!folder.path().join("both/junit.xml").exists());
}

#[test]
fn regression_a_refusal_does_not_replace_the_baseline_it_protects() {
    let server = Server::start(|_| Reply::text(200, "ok"));
    let folder = Folder::new();
    folder.run_plan(&against(&server, ONE), &[]).expect_code(0);
    let results = "loadplan-results/results.json";
    let baseline = folder.read(results);
    for more in [&[][..], &["--no-such-option"]] {
        let ran = folder.loadplan(&[&["run", "plan.yaml", "--baseline", results], more].concat()).expect_code(2);
        assert!(
            !more.is_empty() || ran.stderr.contains("this run would replace it by its own results"),
            "{}",
            ran.stderr
        );
        assert_eq!(folder.read(results), baseline);
        assert!(folder.junit().contains("nothing was sent"));
    }
    let ran = folder.loadplan(&["run", "plan.yaml", "--json", "b.json", "--baseline", "b.json"]).expect_code(2);
    assert!(ran.stderr.contains("b.json does not exist") || ran.stderr.contains("No such file"), "{}", ran.stderr);
    assert!(!folder.path().join("b.json").exists());
}

#[test]
fn regression_no_report_replaces_a_body_a_part_a_schema_or_a_certificate() {
    let server = Server::start(|_| Reply::text(200, "{}"));
    let folder = Folder::new();
    let files = [("page.html", "<p>"), ("part.bin", "part"), ("schema.json", "{}"), ("ca.pem", CERTIFICATE)];
    files.iter().for_each(|(name, text)| drop(folder.write(name, text)));
    let plan = "http: { base_url: BASE, tls: { ca_file: ca.pem } }
thread_groups:
  g:
    iterations: 1
    steps:
      - { post: /a, body_file: page.html }
      - post: /b
        multipart: { part: { file: part.bin } }
      - { get: /c, assert: { json_schema: schema.json } }
";
    folder.write("plan.yaml", against(&server, plan));
    for (name, text) in files {
        for option in ["--html", "--csv"] {
            let ran = folder.loadplan(&["run", "plan.yaml", option, name]).expect_code(2);
            assert!(ran.stderr.contains(&format!("would replace {name}, which this run reads")), "{}", ran.stderr);
            assert_eq!(folder.read(name), text);
        }
    }
    assert!(server.hits().is_empty());
}

#[test]
fn regression_lines_of_log_in_setup_are_shown_while_it_goes() {
    let server = Server::start(|_| Reply::text(200, "ok"));
    let folder = Folder::new();
    let setup = format!("setup:\n  - repeat: 5000\n    steps: [{{ log: one of many }}]\n{}", against(&server, ONE));
    let ran = folder.run_plan(&setup, &[]).expect_code(0);
    assert_eq!(ran.stderr.matches("one of many").count(), 5000);
    assert!(!ran.stderr.contains("were left out"), "{}", &ran.stderr[ran.stderr.len() - 300..]);
}

/// A pager reads a page and waits for its user.
#[test]
fn regression_findings_are_told_to_the_end_to_a_reader_that_takes_its_time() {
    let folder = Folder::new();
    let steps = "      - { get: /a, no_such_key_of_any_step: 1 }\n".repeat(600);
    let plan = format!("http: {{ base_url: 'http://127.0.0.1:9' }}\nthread_groups:\n  g:\n    steps:\n{steps}");
    folder.write("plan.yaml", plan);
    let mut child = folder.command(&["run", "plan.yaml"]).stdout(Stdio::null()).stderr(Stdio::piped()).spawn().unwrap();
    let mut stderr = child.stderr.take().unwrap();
    std::thread::sleep(Duration::from_secs(4));
    let mut text = String::new();
    stderr.read_to_string(&mut text).unwrap();
    assert_eq!(ends(child), 2);
    assert!(text.len() > 65536, "it must not fit into a pipe: {}", text.len());
    assert!(text.ends_with(" errors; nothing was sent\n"), "{}", &text[text.len() - 300..]);
}

#[cfg(target_os = "linux")]
#[test]
fn regression_a_summary_that_is_lost_is_told_and_the_code_is_that_of_the_run() {
    let server = Server::start(|_| Reply::text(200, "ok"));
    let folder = Folder::new();
    folder.write("plan.yaml", against(&server, ONE));
    let full = std::fs::File::options().write(true).open("/dev/full").unwrap();
    let output = folder.command(&["run", "plan.yaml"]).stdout(full).stderr(Stdio::piped()).output().unwrap();
    let ran = super::support::Ran::from(output).expect_code(0);
    assert!(ran.stderr.contains("warning: standard output could not be written: No space left"), "{}", ran.stderr);
    assert!(ran.stderr.contains("the exit code is that of the run"), "{}", ran.stderr);
}
