//! What the tests of the binary share: a folder for each test, the binary, and a server whose
//! every byte a test decides.
#![expect(clippy::unwrap_used, reason = "a test that cannot set itself up has failed")]
#![allow(dead_code, reason = "each test file uses a part of this")]
#![allow(unreachable_pub, missing_docs, reason = "shared by test files only")]

pub mod patches;

use std::collections::HashMap;
use std::io::{BufRead, BufReader, Read, Write};
use std::net::{SocketAddr, TcpListener, TcpStream};
use std::path::{Path, PathBuf};
use std::process::{Command, Output, Stdio};
use std::sync::{Arc, Mutex};
use std::time::{Duration, Instant};

/// A folder of its own for a test, with the plan in it.
pub struct Folder {
    dir: tempfile::TempDir,
}

impl Folder {
    pub fn new() -> Self {
        Self { dir: tempfile::tempdir().unwrap() }
    }

    pub fn path(&self) -> &Path {
        self.dir.path()
    }

    pub fn write(&self, name: &str, text: impl AsRef<[u8]>) -> PathBuf {
        let path = self.dir.path().join(name);
        std::fs::create_dir_all(path.parent().unwrap()).unwrap();
        std::fs::write(&path, text).unwrap();
        path
    }

    pub fn read(&self, name: &str) -> String {
        std::fs::read_to_string(self.dir.path().join(name)).unwrap_or_else(|error| panic!("{name}: {error}"))
    }

    /// The binary in this folder, without colours and without the caller's proxies.
    pub fn command(&self, args: &[&str]) -> Command {
        let mut command = binary();
        command.current_dir(self.dir.path()).args(args).stdin(Stdio::null());
        for name in [
            "HTTP_PROXY",
            "http_proxy",
            "HTTPS_PROXY",
            "https_proxy",
            "ALL_PROXY",
            "all_proxy",
            "FORCE_COLOR",
            "CLICOLOR_FORCE",
            "GITHUB_ACTIONS",
            "TF_BUILD",
        ] {
            command.env_remove(name);
        }
        for (name, _) in std::env::vars_os() {
            if name.to_string_lossy().starts_with("LOADPLAN_") {
                command.env_remove(name);
            }
        }
        command.env("NO_COLOR", "1").env("CI", "1");
        command
    }

    pub fn loadplan(&self, args: &[&str]) -> Ran {
        // Whatever a test checks, the patches that are offered must hold.
        if let ["check", plan, ..] = args
            && plan.ends_with(".yaml")
        {
            patches::expect_patches_to_hold(&self.dir.path().join(plan));
        }
        Ran::from(self.command(args).output().unwrap())
    }

    /// Writes `plan.yaml` and runs it.
    pub fn run_plan(&self, plan: &str, more: &[&str]) -> Ran {
        self.write("plan.yaml", plan);
        let mut args = vec!["run", "plan.yaml"];
        args.extend(more);
        self.loadplan(&args)
    }

    /// `results.json` of the default output folder.
    pub fn results(&self) -> serde_json::Value {
        serde_json::from_str(&self.read("loadplan-results/results.json")).unwrap()
    }

    /// `junit.xml` of the default output folder.
    pub fn junit(&self) -> String {
        self.read("loadplan-results/junit.xml")
    }
}

/// The binary, with the signals heard that whoever runs the tests may ignore: a shell that is no terminal
/// does so for what it starts in the background.
pub fn binary() -> Command {
    let status = std::fs::read_to_string("/proc/self/status").unwrap_or_default();
    let ignored = status.lines().find_map(|line| line.strip_prefix("SigIgn:"));
    let ignored = ignored.and_then(|mask| u64::from_str_radix(mask.trim(), 16).ok()).unwrap_or(0);
    // SIGHUP, SIGINT and SIGQUIT: 1, 2 and 3.
    if ignored & 0b111 == 0 {
        return Command::new(env!("CARGO_BIN_EXE_loadplan"));
    }
    let mut command = Command::new("env");
    command.args(["--default-signal=HUP,INT,QUIT", env!("CARGO_BIN_EXE_loadplan")]);
    command
}

/// What the binary did.
#[derive(Debug)]
pub struct Ran {
    pub code: i32,
    pub stdout: String,
    pub stderr: String,
}

impl From<Output> for Ran {
    fn from(output: Output) -> Self {
        Self {
            code: output.status.code().unwrap_or(-1),
            stdout: String::from_utf8_lossy(&output.stdout).into_owned(),
            stderr: String::from_utf8_lossy(&output.stderr).into_owned(),
        }
    }
}

impl Ran {
    #[track_caller]
    pub fn expect_code(self, code: i32) -> Self {
        assert_eq!(self.code, code, "exit code\n--- stdout\n{}\n--- stderr\n{}", self.stdout, self.stderr);
        self
    }
}

/// A request as the server saw it.
#[derive(Clone, Debug)]
pub struct Hit {
    pub at: Duration,
    pub method: String,
    pub path: String,
    pub headers: HashMap<String, String>,
    pub body: String,
    /// The body as it came.
    pub bytes: Vec<u8>,
    pub connection: usize,
}

/// What the server answers.
pub enum Reply {
    /// A whole answer with a length.
    Answer(u16, Vec<(String, String)>, Vec<u8>),
    /// These bytes, each after its pause; then the connection is closed.
    Raw(Vec<(Duration, Vec<u8>)>),
    /// The connection is closed without a word.
    Close,
    /// Nothing for this long; then the connection is closed.
    Silence(Duration),
}

impl Reply {
    pub fn json(status: u16, body: impl Into<String>) -> Self {
        Self::Answer(status, vec![("Content-Type".into(), "application/json".into())], body.into().into_bytes())
    }

    pub fn text(status: u16, body: impl Into<String>) -> Self {
        Self::Answer(status, vec![("Content-Type".into(), "text/plain".into())], body.into().into_bytes())
    }

    pub fn with(mut self, name: &str, value: &str) -> Self {
        if let Self::Answer(_, headers, _) = &mut self {
            headers.push((name.into(), value.into()));
        }
        self
    }
}

/// A server on a free port of this machine.
pub struct Server {
    pub address: SocketAddr,
    hits: Arc<Mutex<Vec<Hit>>>,
}

impl Server {
    pub fn start(handler: impl Fn(&Hit) -> Reply + Send + Sync + 'static) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let address = listener.local_addr().unwrap();
        let hits: Arc<Mutex<Vec<Hit>>> = Arc::default();
        let (seen, handler) = (hits.clone(), Arc::new(handler));
        let begin = Instant::now();
        std::thread::spawn(move || {
            for (connection, stream) in listener.incoming().enumerate() {
                let Ok(stream) = stream else { return };
                let (seen, handler) = (seen.clone(), handler.clone());
                std::thread::spawn(move || serve(stream, connection, begin, &seen, &*handler));
            }
        });
        Self { address, hits }
    }

    pub fn url(&self) -> String {
        format!("http://{}", self.address)
    }

    pub fn hits(&self) -> Vec<Hit> {
        self.hits.lock().unwrap().clone()
    }
}

fn serve(
    stream: TcpStream,
    connection: usize,
    begin: Instant,
    seen: &Mutex<Vec<Hit>>,
    handler: &(dyn Fn(&Hit) -> Reply + Send + Sync),
) {
    stream.set_nodelay(true).unwrap();
    let mut reader = BufReader::new(stream.try_clone().unwrap());
    let mut stream = stream;
    loop {
        let mut line = String::new();
        if reader.read_line(&mut line).unwrap_or(0) == 0 {
            return;
        }
        let at = begin.elapsed();
        let mut words = line.split_whitespace();
        let (method, path) = (words.next().unwrap_or("").to_owned(), words.next().unwrap_or("").to_owned());
        let mut headers = HashMap::new();
        loop {
            let mut line = String::new();
            if reader.read_line(&mut line).unwrap_or(0) == 0 {
                return;
            }
            let Some((name, value)) = line.trim_end().split_once(':') else { break };
            headers.insert(name.to_ascii_lowercase(), value.trim().to_owned());
        }
        let length = headers.get("content-length").and_then(|length| length.parse().ok()).unwrap_or(0);
        let mut body = vec![0; length];
        if reader.read_exact(&mut body).is_err() {
            return;
        }
        let text = String::from_utf8_lossy(&body).into_owned();
        let hit = Hit { at, method, path, headers, body: text, bytes: body, connection };
        let reply = handler(&hit);
        let head = hit.method == "HEAD";
        seen.lock().unwrap().push(hit);
        match reply {
            Reply::Answer(status, headers, body) => {
                let mut answer = format!("HTTP/1.1 {status} Status\r\nContent-Length: {}\r\n", body.len());
                for (name, value) in headers {
                    answer.push_str(&format!("{name}: {value}\r\n"));
                }
                answer.push_str("\r\n");
                let mut bytes = answer.into_bytes();
                if !head {
                    bytes.extend(body);
                }
                if stream.write_all(&bytes).is_err() {
                    return;
                }
            }
            Reply::Raw(parts) => {
                for (pause, bytes) in parts {
                    std::thread::sleep(pause);
                    if stream.write_all(&bytes).is_err() {
                        return;
                    }
                }
                return;
            }
            Reply::Close => return,
            Reply::Silence(time) => {
                std::thread::sleep(time);
                return;
            }
        }
    }
}

/// The plan's text with `BASE` replaced by the server's URL.
pub fn against(server: &Server, plan: &str) -> String {
    plan.replace("BASE", &server.url())
}

/// The sampler with this label in `results.json`.
#[track_caller]
pub fn sampler<'r>(results: &'r serde_json::Value, label: &str) -> &'r serde_json::Value {
    let samplers = results["samplers"].as_array().unwrap();
    samplers.iter().find(|one| one["label"] == label).unwrap_or_else(|| panic!("no sampler {label} in {samplers:#?}"))
}
