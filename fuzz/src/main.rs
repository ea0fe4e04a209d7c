//! One libFuzzer program for all targets; `FUZZ_TARGET` names the one to run.
#![no_main]

use std::sync::LazyLock;

#[path = "../targets.rs"]
mod targets;

static TARGET: LazyLock<fn(&[u8])> = LazyLock::new(|| {
    let name = std::env::var("FUZZ_TARGET").unwrap_or_default();
    let target = targets::TARGETS.iter().find(|(known, _)| *known == name);
    let names = || targets::TARGETS.map(|(name, _)| name).join(", ");
    target.unwrap_or_else(|| panic!("FUZZ_TARGET is '{name}'; set it to one of {}", names())).1
});

/// Writes the target's examples to the folder `FUZZ_SEEDS`, which libFuzzer then reads.
fn write_seeds() {
    let Ok(folder) = std::env::var("FUZZ_SEEDS") else { return };
    let target = std::env::var("FUZZ_TARGET").unwrap_or_default();
    let root = std::path::Path::new(env!("CARGO_MANIFEST_DIR")).join("..");
    for (number, seed) in targets::seeds(&target, &root).into_iter().enumerate() {
        std::fs::write(format!("{folder}/{number}"), seed).expect("a seed is written");
    }
}

libfuzzer_sys::fuzz_target!(init: { write_seeds() }, |data: &[u8]| TARGET(data));
