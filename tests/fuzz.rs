//! Mutated plans, responses, results and texts: nothing panics, hangs or is refused without a word.
//!
//! `LOADPLAN_CASES=20000 cargo test --test fuzz` looks longer. The same targets run under libFuzzer:
//! `fuzz/run SECONDS`.
#![expect(clippy::unwrap_used, reason = "a test that cannot set itself up has failed")]

#[path = "../fuzz/targets.rs"]
mod targets;

use std::path::Path;

use proptest::prelude::*;
use proptest::test_runner::{Config, TestRunner};

/// A change of an example: what is done, where (as a share of its length) and with which bytes.
#[derive(Clone, Debug)]
enum Change {
    Replace(f64, Vec<u8>),
    Insert(f64, Vec<u8>),
    Remove(f64, usize),
    Repeat(f64, usize, usize),
    /// Another example's piece.
    Splice(f64, usize, f64, usize),
}

fn change() -> impl Strategy<Value = Change> {
    let telling = prop::sample::select(vec![
        b"\r\n".to_vec(),
        b"\0".to_vec(),
        b"\xff".to_vec(),
        "ü".into(),
        "日本".into(),
        "\u{202e}".into(),
        b"${".to_vec(),
        b"{{".to_vec(),
        b"\"".to_vec(),
        b": ".to_vec(),
        b"- ".to_vec(),
        b"#".to_vec(),
        b"\t".to_vec(),
        b"99999999999999999999".to_vec(),
        b"-1".to_vec(),
        b"[[[[".to_vec(),
    ]);
    let bytes = prop_oneof![telling, prop::collection::vec(any::<u8>(), 1..4)];
    let share = || 0.0..1.0_f64;
    prop_oneof![
        (share(), bytes.clone()).prop_map(|(at, bytes)| Change::Replace(at, bytes)),
        (share(), bytes).prop_map(|(at, bytes)| Change::Insert(at, bytes)),
        (share(), 1..40_usize).prop_map(|(at, length)| Change::Remove(at, length)),
        (share(), 1..20_usize, 2..50_usize).prop_map(|(at, length, times)| Change::Repeat(at, length, times)),
        (share(), any::<usize>(), share(), 1..200_usize)
            .prop_map(|(at, other, from, length)| Change::Splice(at, other, from, length)),
    ]
}

fn changed(seeds: &[Vec<u8>], seed: usize, changes: &[Change]) -> Vec<u8> {
    let mut text = seeds[seed % seeds.len()].clone();
    for change in changes {
        let place = |share: f64, text: &[u8]| (share * (text.len() + 1) as f64) as usize;
        let piece = |at: usize, length: usize, text: &[u8]| text[at..text.len().min(at + length)].to_vec();
        match change {
            Change::Replace(at, bytes) => {
                let at = place(*at, &text);
                let end = text.len().min(at + bytes.len());
                text.splice(at..end, bytes.iter().copied());
            }
            Change::Insert(at, bytes) => {
                let at = place(*at, &text);
                text.splice(at..at, bytes.iter().copied());
            }
            Change::Remove(at, length) => {
                let at = place(*at, &text);
                let end = text.len().min(at + length);
                text.drain(at..end);
            }
            Change::Repeat(at, length, times) => {
                let at = place(*at, &text);
                let repeated = piece(at, *length, &text).repeat(*times);
                text.splice(at..at, repeated);
            }
            Change::Splice(at, other, from, length) => {
                let other = &seeds[other % seeds.len()];
                let taken = piece(place(*from, other).min(other.len()), *length, other);
                let at = place(*at, &text);
                text.splice(at..at, taken);
            }
        }
    }
    text
}

fn mutate(name: &str) {
    let target = targets::TARGETS.iter().find(|(known, _)| *known == name).unwrap().1;
    let seeds = targets::seeds(name, Path::new(env!("CARGO_MANIFEST_DIR")));
    assert!(!seeds.is_empty(), "{name}");
    seeds.iter().for_each(|seed| target(seed));
    let cases = std::env::var("LOADPLAN_CASES").ok().map_or(200, |cases| cases.parse().unwrap());
    let config = Config { cases, failure_persistence: None, max_shrink_iters: 2_000, ..Config::default() };
    TestRunner::new(config)
        .run(&(any::<usize>(), prop::collection::vec(change(), 1..6)), |(seed, changes)| {
            target(&changed(&seeds, seed, &changes));
            Ok(())
        })
        .unwrap();
}

#[test]
fn mutated_plans() {
    mutate("plan");
}

#[test]
fn mutated_expressions() {
    mutate("expression");
}

#[test]
fn mutated_http1_responses() {
    mutate("http1");
}

#[test]
fn mutated_http2_frames() {
    mutate("http2");
}

#[test]
fn mutated_bodies() {
    mutate("body");
}

#[test]
fn mutated_event_streams() {
    mutate("events");
}

#[test]
fn mutated_json_paths() {
    mutate("jsonpath");
}

#[test]
fn mutated_results() {
    mutate("results");
}

#[test]
fn mutated_tables() {
    mutate("table");
}

#[test]
fn mutated_secrets() {
    mutate("masker");
}

#[test]
fn mutated_texts() {
    mutate("text");
}
