//! No response stops a worker: bombs, endless streams and dead connections, through the binary.
#![expect(clippy::unwrap_used, reason = "a test that cannot go on has failed")]

mod support;

use std::io::{Read as _, Write as _};
use std::net::{TcpListener, TcpStream};
use std::time::{Duration, Instant};

use support::{Folder, Ran, Reply, Server, against, sampler};

fn gzip(bytes: &[u8]) -> Vec<u8> {
    let mut encoder = flate2::write::GzEncoder::new(Vec::new(), flate2::Compression::default());
    encoder.write_all(bytes).unwrap();
    encoder.finish().unwrap()
}

fn brotli(bytes: &[u8]) -> Vec<u8> {
    let mut out = Vec::new();
    let mut encoder = brotli::CompressorWriter::new(&mut out, 4096, 1, 22);
    encoder.write_all(bytes).unwrap();
    drop(encoder);
    out
}

/// So many times 128 KiB of zeros, four bytes each: a Zstandard frame of RLE blocks (RFC 8878 §3.1.1).
fn zstd_zeros(blocks: usize) -> Vec<u8> {
    let block = |last: u32| {
        // Block_Size 0x20000 << 3 | RLE_Block << 1 | Last_Block, in three bytes, then the byte to repeat.
        let header = (0x20000 << 3 | 1 << 1 | last).to_le_bytes();
        [header[0], header[1], header[2], 0]
    };
    // Magic number, no flags, a window of 128 KiB.
    let mut frame = vec![0x28, 0xB5, 0x2F, 0xFD, 0x00, 0x38];
    for _ in 1..blocks {
        frame.extend(block(0));
    }
    frame.extend(block(1));
    frame
}

fn encoded(encoding: &str, body: Vec<u8>) -> Reply {
    Reply::Answer(200, vec![("Content-Encoding".into(), encoding.into())], body)
}

/// One request for `/` with a look into the body.
fn looked_into(http: &str) -> String {
    format!(
        "http: {{ base_url: BASE{http} }}\nthread_groups:\n  g:\n    iterations: 1\n    steps:\n      - get: /\n        assert: {{ body: {{ contains: '' }} }}\n"
    )
}

fn said(ran: &Ran) -> String {
    format!("{}{}", ran.stdout, ran.stderr)
}

/// Runs a plan of one request that a server answers so, and gives what was said of its failure.
#[track_caller]
fn fails(encoding: &'static str, body: Vec<u8>, http: &str, words: &str) {
    let server = Server::start(move |_| encoded(encoding, body.clone()));
    let ran = Folder::new().run_plan(&against(&server, &looked_into(http)), &[]).expect_code(1);
    assert!(said(&ran).contains(words), "{encoding}: {ran:?}");
}

#[track_caller]
fn passes(encoding: &'static str, body: Vec<u8>, http: &str) {
    let server = Server::start(move |_| encoded(encoding, body.clone()));
    Folder::new().run_plan(&against(&server, &looked_into(http)), &[]).expect_code(0);
}

#[test]
fn regression_d1_bombs_fail_with_the_name_of_the_limit() {
    let zeros = vec![0; 64 << 20];
    let ratio = "the body decompresses to more than 2000 times its size (`decompression: { max_ratio: … }`)";
    fails("br", brotli(&zeros), "", ratio);
    fails("zstd", zstd_zeros(512), "", ratio);
    let twice = gzip(&gzip(&zeros));
    fails("gzip, gzip", twice.clone(), "", ratio);
    passes("gzip, gzip", twice, ", decompression: { max_ratio: 1000000 }");
    // Deflate cannot go beyond 1032: a length of 258 in two bits.
    passes("gzip", gzip(&zeros), "");
    fails(
        "gzip",
        gzip(&zeros),
        ", decompression: { max_size: 16MiB }",
        "the body decompresses to more than 16MiB (`decompression: { max_size: … }`)",
    );
    fails(
        "zstd",
        zstd_zeros(8 * 1024 + 1),
        ", decompression: { max_ratio: 1000000 }",
        "the body decompresses to more than 1GiB (`decompression: { max_size: … }`)",
    );
    let thrice = gzip(&gzip(&gzip(b"{}")));
    fails(
        "gzip, gzip, gzip",
        thrice.clone(),
        "",
        "the body is compressed 3 times over (Content-Encoding: gzip, gzip, gzip); at most 2 layers are decompressed \
         (`decompression: { max_layers: … }`)",
    );
    passes("gzip, gzip, gzip", thrice, ", decompression: { max_layers: 3 }");
}

#[test]
fn regression_d1_a_bomb_ends_in_time_and_the_others_do_not_wait_for_it() {
    // 256 GiB: minutes of work, if nobody stopped it.
    let bomb = zstd_zeros(2 << 20);
    let server = Server::start(move |hit| match hit.path.as_str() {
        "/bomb" => encoded("zstd", bomb.clone()),
        _ => Reply::text(200, "fine"),
    });
    let folder = Folder::new();
    let start = Instant::now();
    let plan = "http: { base_url: BASE, timeout: 2s, decompression: { max_ratio: 1000000, max_size: 1000GiB } }\nthread_groups:\n  bombs:\n    users: 8\n    iterations: 1\n    steps:\n      - get: /bomb\n        assert: { body: { contains: x } }\n  others:\n    users: 8\n    duration: 2s\n    steps:\n      - get: /fine\n        assert: { body: { equals: fine } }\n      - pause: 20ms\n";
    let ran = folder.run_plan(&against(&server, plan), &[]).expect_code(1);
    assert!(said(&ran).contains("body not decompressed within 2s (timeout)"), "{ran:?}");
    assert!(start.elapsed() < Duration::from_secs(30), "{:?}", start.elapsed());
    let results = folder.results();
    let fine = sampler(&results, "GET /fine");
    assert_eq!(fine["failed"], 0, "{fine}");
    let p95 = fine["response_time"]["p95_ms"].as_f64().unwrap();
    assert!(p95 < 1500.0, "p95 {p95}: {}", fine["response_time"]);
}

/// Answers every connection with a head and then the same bytes until the client goes.
fn endless(head: &'static [u8], piece: Vec<u8>) -> String {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let url = format!("http://{}", listener.local_addr().unwrap());
    std::thread::spawn(move || {
        for stream in listener.incoming() {
            let (Ok(mut stream), piece) = (stream, piece.clone()) else { return };
            std::thread::spawn(move || {
                let end = Instant::now() + Duration::from_secs(60);
                let _ = stream.write_all(head);
                while Instant::now() < end && stream.write_all(&piece).is_ok() {}
            });
        }
    });
    url
}

#[test]
fn regression_d5_timeout_holds_whatever_the_server_sends() {
    // Members one after another are one body (RFC 1952 §2.2).
    let noise: Vec<u8> = (0..1_u32 << 20).map(|at| (at.wrapping_mul(2_654_435_761) >> 13) as u8).collect();
    let head = b"HTTP/1.1 200 OK\r\nContent-Encoding: gzip\r\n\r\n";
    let url = endless(head, gzip(&noise));
    let folder = Folder::new();
    let start = Instant::now();
    let limits = ", timeout: 1s, decompression: { max_size: 1000GiB }";
    let ran = folder.run_plan(&looked_into(limits).replace("BASE", &url), &[]).expect_code(1);
    let spoken = said(&ran);
    assert!(spoken.contains("within 1s (timeout)"), "{ran:?}");
    assert!(start.elapsed() < Duration::from_secs(20), "{:?}", start.elapsed());
}

#[test]
fn regression_d5_interim_responses_do_not_go_on_for_ever() {
    let url = endless(b"", b"HTTP/1.1 103 Early Hints\r\n\r\n".repeat(1000));
    let ran = Folder::new().run_plan(&looked_into(", timeout: 20s").replace("BASE", &url), &[]).expect_code(3);
    assert!(said(&ran).contains("more than 100 interim responses (1xx) before the response itself"), "{ran:?}");
}

/// An HTTP/2 frame (RFC 9113 §4.1).
fn frame(kind: u8, flags: u8, stream: u32, payload: &[u8]) -> Vec<u8> {
    let mut frame = (payload.len() as u32).to_be_bytes()[1..].to_vec();
    frame.extend([kind, flags]);
    frame.extend(stream.to_be_bytes());
    frame.extend(payload);
    frame
}

const DATA: u8 = 0;
const HEADERS: u8 = 1;
const PRIORITY: u8 = 2;
const SETTINGS: u8 = 4;
const PING: u8 = 6;
const WINDOW_UPDATE: u8 = 8;
const CONTINUATION: u8 = 9;
const END_HEADERS: u8 = 4;
/// `:status: 103` (RFC 7541 §6.2.2: not indexed, with the name of the static entry 8).
const EARLY_HINTS: [u8; 5] = [0x08, 3, b'1', b'0', b'3'];
/// `:status: 200`, the static entry 8.
const OK: [u8; 1] = [0x88];

/// A server that greets every client over HTTP/2, waits for its request and then sends `first` and without
/// end `piece`, or closes when it is empty.
fn second(first: Vec<u8>, piece: Vec<u8>) -> String {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let url = format!("http://{}", listener.local_addr().unwrap());
    std::thread::spawn(move || {
        for stream in listener.incoming() {
            let (Ok(stream), first, piece) = (stream, first.clone(), piece.clone()) else { return };
            std::thread::spawn(move || send_second(stream, &first, &piece));
        }
    });
    url
}

fn send_second(mut stream: TcpStream, first: &[u8], piece: &[u8]) -> std::io::Result<()> {
    stream.read_exact(&mut [0; 24])?;
    stream.write_all(&[frame(SETTINGS, 0, 0, &[]), frame(SETTINGS, 1, 0, &[])].concat())?;
    loop {
        let mut head = [0; 9];
        stream.read_exact(&mut head)?;
        stream.read_exact(&mut vec![0; u32::from_be_bytes([0, head[0], head[1], head[2]]) as usize])?;
        if head[3] == HEADERS {
            break;
        }
    }
    // The client's own frames must not fill the line.
    let mut other = stream.try_clone()?;
    std::thread::spawn(move || std::io::copy(&mut other, &mut std::io::sink()));
    stream.write_all(first)?;
    let end = Instant::now() + Duration::from_secs(60);
    while !piece.is_empty() && Instant::now() < end {
        stream.write_all(piece)?;
    }
    Ok(())
}

/// A user meets a server that sends these frames over HTTP/2, which fails in time and with these words. The
/// others of its thread do not notice.
#[track_caller]
fn flooded(first: &[u8], piece: &[u8], words: &str) {
    let url = second(first.to_vec(), piece.repeat(16_000 / piece.len()));
    let (folder, server) = (Folder::new(), Server::start(|_| Reply::text(200, "fine")));
    let start = Instant::now();
    let plan = format!(
        "thread_groups:\n  flooded:\n    http: {{ version: 2, timeout: 1s }}\n    users: 4\n    iterations: 1\n    steps:\n      - get: {url}/\n        name: flooded\n        assert: {{ body: {{ contains: '' }} }}\n  others:\n    users: 2\n    iterations: 20\n    steps:\n      - get: BASE/\n        name: fine\n        assert: {{ body: {{ equals: fine }} }}\n"
    );
    let ran = folder.run_plan(&against(&server, &plan), &[]);
    assert!(start.elapsed() < Duration::from_secs(30), "{:?}", start.elapsed());
    let results = folder.results();
    let (flooded, fine) = (sampler(&results, "flooded"), sampler(&results, "fine"));
    assert_eq!((&flooded["count"], &flooded["failed"]), (&4.into(), &4.into()), "{ran:?}");
    assert_eq!((&fine["count"], &fine["failed"]), (&40.into(), &0.into()), "{ran:?}");
    assert!(said(&ran).contains(words), "{words}: {ran:?}");
}

#[test]
fn regression_d5_interim_responses_over_http2_do_not_go_on_for_ever() {
    // RFC 9113 §8.1: any number of interim responses may come before the response.
    let hints = frame(HEADERS, END_HEADERS, 1, &EARLY_HINTS);
    let words = "more than 100 interim responses (1xx) before the response itself";
    flooded(&[], &hints, words);
    // A hundred are taken.
    let end = [frame(HEADERS, END_HEADERS, 1, &OK), frame(DATA, 1, 1, b"taken")].concat();
    let url = second([hints.repeat(100), end].concat(), Vec::new());
    Folder::new().run_plan(&looked_into(", version: 2").replace("BASE", &url), &[]).expect_code(0);
}

#[test]
fn an_http2_flood_of_pings_ends_in_time() {
    flooded(&[], &frame(PING, 0, 0, &[0; 8]), "no response within 1s (timeout)");
}

#[test]
fn an_http2_flood_of_settings_ends_in_time() {
    flooded(&[], &frame(SETTINGS, 0, 0, &[]), "no response within 1s (timeout)");
}

#[test]
fn an_http2_flood_of_window_updates_ends_in_time() {
    // As much as a window may have is soon reached (RFC 9113 §6.9.1).
    flooded(&[], &frame(WINDOW_UPDATE, 0, 0, &[0x40, 0, 0, 0]), "flow-control protocol violated");
    // By one byte each, it takes minutes.
    flooded(&[], &frame(WINDOW_UPDATE, 0, 1, &[0, 0, 0, 1]), "no response within 1s (timeout)");
}

#[test]
fn an_http2_flood_of_empty_data_ends_in_time() {
    let head = frame(HEADERS, END_HEADERS, 1, &OK);
    let words = "the server sends too many HTTP/2 frames that contain nothing or almost nothing";
    flooded(&head, &frame(DATA, 0, 1, &[]), words);
    // A padded frame may be empty too (§6.1).
    flooded(&head, &frame(DATA, 8, 1, &[3, 0, 0, 0]), words);
}

#[test]
fn an_http2_flood_of_continuations_ends_in_time() {
    // The head of the response never ends (§6.10): with nothing, or with `a: b` again and again.
    let head = frame(HEADERS, 0, 1, &OK);
    let words = "the head of the response is too large (over 256 KiB or 1000 headers)";
    flooded(&head, &frame(CONTINUATION, 0, 1, &[]), words);
    flooded(&head, &frame(CONTINUATION, 0, 1, &[0, 1, b'a', 1, b'b']), words);
}

#[test]
fn an_http2_flood_of_frames_that_mean_nothing_ends_in_time() {
    flooded(&[], &frame(PRIORITY, 0, 1, &[0, 0, 0, 3, 1]), "no response within 1s (timeout)");
    // RFC 9113 §5.5: frames of unknown types are ignored.
    flooded(&[], &frame(0xFA, 0, 0, b"whatever"), "no response within 1s (timeout)");
}

#[test]
fn regression_d1_bombs_over_http2_fail_with_the_name_of_the_limit() {
    let zeros = vec![0; 64 << 20];
    // `:status: 200` and `content-encoding: …`, the static entry 26 (RFC 7541 §6.2.2).
    let bomb = |encoding: &str, body: &[u8]| {
        let block = [&OK[..], &[0x0F, 26 - 15, encoding.len() as u8], encoding.as_bytes()].concat();
        let mut frames = frame(HEADERS, END_HEADERS, 1, &block);
        let pieces = body.chunks(16_384);
        let last = pieces.len() - 1;
        pieces.enumerate().for_each(|(at, piece)| frames.extend(frame(DATA, u8::from(at == last), 1, piece)));
        second(frames, Vec::new())
    };
    let fails = |url: &str, http: &str, words: &str| {
        let plan = looked_into(&format!(", version: 2{http}")).replace("BASE", url);
        let ran = Folder::new().run_plan(&plan, &[]).expect_code(1);
        assert!(said(&ran).contains(words), "{words}: {ran:?}");
    };
    let ratio = "the body decompresses to more than 2000 times its size (`decompression: { max_ratio: … }`)";
    fails(&bomb("gzip, gzip", &gzip(&gzip(&zeros))), "", ratio);
    fails(&bomb("br", &brotli(&zeros)), "", ratio);
    fails(
        &bomb("gzip", &gzip(&zeros)),
        ", decompression: { max_size: 16MiB }",
        "the body decompresses to more than 16MiB (`decompression: { max_size: … }`)",
    );
    // 28 GiB, as much as goes into a window of 1 MiB.
    fails(
        &bomb("zstd", &zstd_zeros(230_000)),
        ", timeout: 500ms, decompression: { max_ratio: 1000000, max_size: 1000GiB }",
        "body not decompressed within 500ms (timeout)",
    );
    let url = bomb("gzip", &gzip(&zeros));
    Folder::new().run_plan(&looked_into(", version: 2").replace("BASE", &url), &[]).expect_code(0);
}

/// The most memory that a run of this plan has taken at a time, in MiB.
#[cfg(target_os = "linux")]
fn peak(folder: &Folder, plan: &str) -> u64 {
    folder.write("plan.yaml", plan);
    let mut child = folder.command(&["run", "plan.yaml"]).stdout(std::process::Stdio::null()).spawn().unwrap();
    let status = format!("/proc/{}/status", child.id());
    let mut peak = 0;
    let exit = loop {
        let text = std::fs::read_to_string(&status).unwrap_or_default();
        let high = text.lines().find_map(|line| line.strip_prefix("VmHWM:")?.trim().strip_suffix(" kB")?.parse().ok());
        peak = peak.max(high.unwrap_or(0));
        if let Some(exit) = child.try_wait().unwrap() {
            break exit;
        }
        std::thread::sleep(Duration::from_millis(5));
    };
    assert!(exit.success() && peak > 0, "{exit}");
    peak / 1024
}

#[cfg(target_os = "linux")]
#[test]
fn bodies_of_many_users_do_not_take_all_memory() {
    let body: String = (0..450_000).map(|number| format!("<item>{number}</item>\n")).collect();
    assert!(body.len() > 8 << 20);
    let server = Server::start(move |_| Reply::text(200, body.as_str()));
    let plan = |keep: &str| {
        against(
            &server,
            &format!(
                "http: {{ base_url: BASE }}\nthread_groups:\n  g:\n    users: 40\n    iterations: 1\n    steps:\n      - get: /\n        assert: {{ body: {{ contains: '<item>449999</item>' }} }}\n      - wait_for_users: {{ count: 40 }}\n{keep}"
            ),
        )
    };
    // 40 bodies as they are have 370 MiB, as bytes only.
    let folder = Folder::new();
    for keep in ["", "      - pause: 1s\n        if: \"'<item>449998</item>' in response.body\"\n"] {
        let peak = peak(&folder, &plan(keep));
        assert!(peak < 250, "{peak} MiB{keep}");
    }
}

#[cfg(unix)]
#[test]
fn regression_d17_pipes_devices_and_folders_are_not_opened() {
    let (folder, server) = (Folder::new(), Server::start(|_| Reply::text(200, "fine")));
    assert!(std::process::Command::new("mkfifo").arg(folder.path().join("pipe")).status().unwrap().success());
    std::fs::create_dir(folder.path().join("folder")).unwrap();
    std::os::unix::fs::symlink("/dev/zero", folder.path().join("zeros")).unwrap();
    folder.write("large", vec![b'x'; 11 << 20]);
    folder.write("small", "small");
    let step =
        |name: &str, body: &str| format!("      - post: /{name}\n        with: {{ name: {name} }}\n        {body}\n");
    let mut steps = String::new();
    for name in ["pipe", "zeros", "folder", "large", "small"] {
        steps += &step(name, "body: \"${file(name)}\"");
        steps += &step(name, "body_file: \"${name}\"");
    }
    let start = Instant::now();
    let plan = format!("http: {{ base_url: BASE }}\nthread_groups:\n  g:\n    iterations: 1\n    steps:\n{steps}");
    let ran = folder.run_plan(&against(&server, &plan), &[]).expect_code(1);
    assert!(start.elapsed() < Duration::from_secs(30), "{:?}", start.elapsed());
    let spoken = said(&ran);
    for words in [
        "file `pipe`: it is a pipe or a device, not a regular file",
        "file `zeros`: it is a pipe or a device, not a regular file",
        "file `folder`: it is a folder, not a file",
        "file `large`: the file has 11534336 bytes; at most 10485760 are read",
        "a file to send cannot be read: it is a pipe or a device, not a regular file",
    ] {
        assert!(spoken.contains(words), "{words}: {spoken}");
    }
    let sent: Vec<_> = server.hits().into_iter().map(|hit| (hit.path, hit.bytes.len())).collect();
    assert_eq!(sent, [("/large".to_owned(), 11 << 20), ("/small".to_owned(), 5), ("/small".to_owned(), 5)]);
}

#[test]
fn regression_d18_what_grows_without_end_is_told_by_name() {
    let (folder, server) = (Folder::new(), Server::start(|_| Reply::text(200, "fine")));
    let grown = |start: &str, step: &str, words: &str| {
        let plan = format!(
            "http: {{ base_url: BASE }}\nthread_groups:\n  g:\n    iterations: 1\n    on_error: stop_test\n    steps:\n      - set: {{ x: {start} }}\n      - repeat: 200\n        steps:\n          - set: {{ x: {step} }}\n      - get: /\n"
        );
        let ran = folder.run_plan(&against(&server, &plan), &[]);
        assert!(ran.code != 0 && ran.code != 4 && said(&ran).contains(words), "{step}: {ran:?}");
    };
    grown("abc", "\"${x}${x}\"", "the text gets longer than 32 MiB");
    grown("aaaa", "\"${x | replace('a', 'aaaaaaaa')}\"", "the text gets longer than 32 MiB");
    grown("aaaa", "\"${[x, x, x] | join(x)}\"", "the text gets longer than 32 MiB");
    let list = "the list gets larger than 32 MiB or is nested more than 128 levels deep";
    grown("[]", "\"${[x, x]}\"", list);
    grown("[]", "\"${[x]}\"", list);
    grown("[]", "[\"${x}\", \"${x}\"]", list);
    grown(
        "{}",
        "{ a: \"${x}\", b: \"${x}\" }",
        "the map gets larger than 32 MiB or is nested more than 128 levels deep",
    );
}

#[test]
fn regression_d18_regexes_and_schemas_are_bounded_at_check() {
    let folder = Folder::new();
    let checked = |rest: &str, words: &str| {
        let start = Instant::now();
        folder.write("plan.yaml", format!(
            "http: {{ base_url: 'http://127.0.0.1:9' }}\nthread_groups:\n  g:\n    iterations: 1\n    steps:\n      - get: /\n{rest}"
        ));
        let ran = folder.loadplan(&["check", "plan.yaml"]).expect_code(2);
        assert!(said(&ran).contains(words), "{ran:?}");
        assert!(start.elapsed() < Duration::from_secs(30), "{:?}", start.elapsed());
    };
    // Each is some 8 MB.
    let regexes: String =
        (0..100).map(|number| format!("          v{number}: {{ regex: 'x{number}\\pL{{80}}' }}\n")).collect();
    checked(
        &format!("        extract:\n{regexes}"),
        "the regular expressions of the plan take more than 128 MiB of memory together",
    );
    // Each of 30 definitions leads to the next one twice: 2³⁰ in all.
    let definitions: Vec<String> = (0..30)
        .map(|at| {
            let next = format!("{{\"$ref\": \"#/$defs/d{}\"}}", at + 1);
            format!("\"d{at}\": {{\"allOf\": [{next}, {next}]}}")
        })
        .collect();
    folder.write(
        "schema.json",
        format!("{{\"$ref\": \"#/$defs/d0\", \"$defs\": {{{}, \"d30\": {{}}}}}}", definitions.join(", ")),
    );
    checked(
        "        assert: { json_schema: schema.json }\n",
        "`schema.json` is too large: with every `$ref` followed it has more than 100000 parts",
    );
}

/// The value of a constant that is a number or a product of numbers.
fn constant(file: &str, name: &str) -> u64 {
    let text = std::fs::read_to_string(std::path::Path::new(env!("CARGO_MANIFEST_DIR")).join(file)).unwrap();
    let at = text.find(&format!("const {name}: ")).unwrap_or_else(|| panic!("no {name} in {file}"));
    let (_, value) = text[at..].split_once(" = ").unwrap();
    let value = value[..value.find(';').unwrap()].replace('_', "");
    value.split('*').map(|factor| factor.trim().parse::<u64>().unwrap()).product()
}

#[test]
fn the_page_of_limits_says_what_the_code_does() {
    let page = include_str!("../docs/limits.md");
    let mut compared = 0;
    for row in page.lines().filter(|line| !line.starts_with("<!--")) {
        let mut rest = row;
        while let Some((before, comment)) = rest.split_once(" <!-- ") {
            let (place, after) = comment.split_once(" -->").unwrap();
            let (file, name) = place.split_once(' ').unwrap();
            let value = constant(file, name);
            // The number stands before its comment: `300,000` or `32 MiB`.
            let words: Vec<&str> = before.rsplit(' ').take(2).collect();
            let told = match words[0] {
                "KiB" => words[1].parse::<u64>().unwrap() << 10,
                "MiB" => words[1].parse::<u64>().unwrap() << 20,
                number => number.replace(',', "").parse().unwrap_or_else(|_| panic!("{row}")),
            };
            assert_eq!(told, value, "{name} in {file}: {row}");
            compared += 1;
            rest = after;
        }
    }
    assert!(compared >= 25, "{compared}");
    // Those that a key changes have their default where the settings have theirs.
    let settings = loadplan::protocols::http::client::Settings::default();
    let limits = settings.decompression;
    assert_eq!((limits.max_size, limits.max_ratio, limits.max_layers), (1 << 30, 2000, 2));
    assert_eq!((settings.max_redirects, settings.max_body), (20, 10 << 20));
}

#[test]
fn regression_d23_a_header_that_holds_a_secret_stays_at_its_origin() {
    let (folder, other) = (Folder::new(), Server::start(|_| Reply::text(200, "fine")));
    let away = other.url();
    let server = Server::start(move |_| Reply::text(302, "").with("Location", &away));
    let plan = |more: &str| {
        against(
            &server,
            &format!(
                "secrets: {{ k: hunter2hunter2 }}\nvariables: {{ kind: plain }}\nhttp:\n  base_url: BASE\n  headers: {{ X-Tenant: 'a ${{k}}', X-Kind: '${{kind}}' }}\n{more}thread_groups:\n  g:\n    iterations: 1\n    steps:\n      - get: /\n"
            ),
        )
    };
    folder.run_plan(&plan(""), &[]).expect_code(0);
    folder.run_plan(&plan("  redirect_headers: all\n"), &[]).expect_code(0);
    let seen: Vec<_> = other
        .hits()
        .into_iter()
        .map(|hit| (hit.headers.contains_key("x-tenant"), hit.headers.contains_key("x-kind")))
        .collect();
    assert_eq!(seen, [(false, true), (true, true)]);
    assert!(server.hits().iter().all(|hit| hit.headers["x-tenant"] == "a hunter2hunter2"));
}

#[test]
fn regression_what_is_made_from_a_secret_stays_at_its_origin() {
    let (folder, other) = (Folder::new(), Server::start(|_| Reply::text(200, "fine")));
    let away = other.url();
    let server = Server::start(move |_| Reply::text(302, "").with("Location", &away));
    folder.write(
        "plan.yaml",
        against(
            &server,
            "secrets: { api_key: hunter2hunter2, from_env: \"${env.KEY_FOR_TEST}\" }
variables: { kind: plain }
http:
  base_url: BASE
  headers:
    X-Computed: ${far}
    X-Set: ${later}
    X-With: ${mine}
    X-Item: ${item}
    X-Brace: \"${['}', api_key] | join('')}\"
    X-Env: ${env.KEY_FOR_TEST}
    X-Kind: ${kind}
    X-Word: api_key ${'api_key'}
thread_groups:
  g:
    iterations: 1
    steps:
      - set: { sig: \"v1 ${api_key}\" }
      - set: { far: \"${sig | sha256}\" }
      - for_each: { item: \"[api_key]\" }
        steps:
          - set: { later: \"${far}\" }
          - get: /
            with: { mine: \"${later | upper}\" }
",
        ),
    );
    let mut command = folder.command(&["run", "plan.yaml"]);
    let ran = Ran::from(command.env("KEY_FOR_TEST", "from the environment").output().unwrap());
    ran.expect_code(0);
    let names = |server: &Server| {
        let hit = server.hits().into_iter().next().unwrap();
        let mut names: Vec<String> = hit.headers.keys().filter(|name| name.starts_with("x-")).cloned().collect();
        names.sort();
        names
    };
    assert_eq!(names(&server), ["x-brace", "x-computed", "x-env", "x-item", "x-kind", "x-set", "x-with", "x-word"]);
    assert_eq!(names(&other), ["x-kind", "x-word"]);
}

/// Bytes that do not get smaller.
fn noise(count: usize) -> Vec<u8> {
    let mut state = 1_u64;
    let next = || {
        state = state.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1);
        (state >> 56) as u8
    };
    std::iter::repeat_with(next).take(count).collect()
}

#[test]
fn regression_a_slow_compressed_response_does_not_hold_up_others() {
    // 5 s, a piece every 50 ms; the other one comes at once, and is too large to be decoded in one go.
    let slow = gzip(&noise(1_600_000));
    let fast = gzip(&noise(1 << 20).repeat(4));
    let server = Server::start(move |hit| {
        let body = if hit.path == "/slow" { &slow } else { &fast };
        let head = format!("HTTP/1.1 200 OK\r\nContent-Encoding: gzip\r\nContent-Length: {}\r\n\r\n", body.len());
        let piece = if hit.path == "/slow" { 16 * 1024 } else { body.len() };
        let pause = Duration::from_millis(50);
        let mut parts = vec![(Duration::ZERO, head.into_bytes())];
        parts.extend(body.chunks(piece).map(|chunk| (pause, chunk.to_vec())));
        Reply::Raw(parts)
    });
    let plan = "http: { base_url: BASE }\nthread_groups:\n  g:\n    iterations: 1\n    steps:\n      - parallel:\n          - get: /slow\n            assert: { body: { contains: '' } }\n          - steps:\n              - pause: 1s\n              - get: /fast\n                assert: { body: { contains: '' } }\n";
    let folder = Folder::new();
    folder.run_plan(&against(&server, plan), &[]).expect_code(0);
    let results = folder.results();
    let max = |label| sampler(&results, label)["response_time"]["max_ms"].as_f64().unwrap();
    assert!(max("GET /slow") >= 4_000.0, "{}", max("GET /slow"));
    assert!(max("GET /fast") < 2_000.0, "{}", max("GET /fast"));
}

#[test]
fn regression_decompression_is_no_response_time() {
    // The head comes first, so that nobody looks at the clock for it when the body comes.
    let body = gzip(&vec![0; 300 << 20]);
    let server = Server::start(move |_| {
        let head = format!("HTTP/1.1 200 OK\r\nContent-Encoding: gzip\r\nContent-Length: {}\r\n\r\n", body.len());
        Reply::Raw(vec![(Duration::ZERO, head.into_bytes()), (Duration::from_millis(20), body.clone())])
    });
    let plan = "http: { base_url: BASE }\nthread_groups:\n  g:\n    iterations: 1\n    steps:\n      - transaction: all\n        steps:\n          - get: /\n            assert: { body: { contains: '' } }\n";
    // On a busy machine the server may send slowly, which is response time; not every time, though.
    let times: Vec<(f64, f64)> = (0..5)
        .map(|_| {
            let folder = Folder::new();
            folder.run_plan(&against(&server, plan), &[]).expect_code(0);
            let results = folder.results();
            let max = |of: &serde_json::Value| of["response_time"]["max_ms"].as_f64().unwrap();
            (max(sampler(&results, "GET /")), max(&results["transactions"][0]))
        })
        .collect();
    assert!(times.iter().any(|(response, all)| response * 2.0 < *all), "{times:?} ms");
}

#[test]
fn a_compressed_body_that_ends_with_its_connection_is_decompressed_to_its_end() {
    // Large enough to be behind when the connection ends.
    let text = "0123456789abcdef".repeat(1 << 20);
    let body = gzip(text.as_bytes());
    let server = Server::start(move |_| {
        let head = b"HTTP/1.1 200 OK\r\nContent-Encoding: gzip\r\n\r\n".to_vec();
        Reply::Raw(vec![(Duration::ZERO, [head, body.clone()].concat())])
    });
    let plan = "http: { base_url: BASE, max_body: 20MiB }\nthread_groups:\n  g:\n    iterations: 1\n    steps:\n      - get: /\n        assert: { body: { length: 16777216 } }\n";
    Folder::new().run_plan(&against(&server, plan), &[]).expect_code(0);
}
