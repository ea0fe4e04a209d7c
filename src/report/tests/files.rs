use std::io::{self, Write};
use std::path::{Path, PathBuf};

use crate::document::Document;
use crate::fixture::{Fixture, PLAN};
use crate::report::{Format, Json, Junit, OutputFiles};
use crate::verdict::exit;

struct Full;

impl Format for Full {
    fn name(&self) -> &'static str {
        "CSV"
    }

    fn render(&self, _: &Document<'_>, out: &mut dyn Write) -> io::Result<()> {
        out.write_all(b"half")?;
        Err(io::Error::new(io::ErrorKind::StorageFull, "no space left"))
    }
}

fn json(path: impl Into<PathBuf>) -> (Box<dyn Format>, PathBuf) {
    (Box::new(Json), path.into())
}

fn junit(path: impl Into<PathBuf>) -> (Box<dyn Format>, PathBuf) {
    (Box::new(Junit::default()), path.into())
}

fn names(folder: &Path) -> Vec<String> {
    let mut names: Vec<_> = std::fs::read_dir(folder)
        .expect("a folder")
        .map(|entry| entry.expect("an entry").file_name().to_string_lossy().into_owned())
        .collect();
    names.sort();
    names
}

fn good() -> crate::fixture::Finished {
    let mut run = Fixture::new(PLAN);
    run.passes("GET /market", 1.0, 10);
    run.finish()
}

#[test]
fn files_appear_whole_at_the_end_in_folders_that_are_made() {
    let folder = tempfile::tempdir().expect("a folder");
    let out = folder.path().join("a/b");
    let files =
        OutputFiles::open(vec![json(out.join("results.json")), junit(out.join("junit.xml"))]).expect("they open");
    assert!(
        !names(&out).iter().any(|name| name == "results.json" || name == "junit.xml"),
        "nothing under its final name yet"
    );
    let run = good();
    let mut document = run.document();
    let written = files.write(&mut document);
    assert!(document.verdict.passed);
    assert_eq!(
        written.iter().map(|file| file.path.clone()).collect::<Vec<_>>(),
        [out.join("results.json"), out.join("junit.xml")]
    );
    assert_eq!(names(&out), ["junit.xml", "results.json"]);
    let text = std::fs::read_to_string(out.join("results.json")).expect("it is there");
    assert!(serde_json::from_str::<serde_json::Value>(&text).is_ok());
    #[cfg(unix)]
    {
        use std::os::unix::fs::PermissionsExt;
        let reference = folder.path().join("reference");
        std::fs::write(&reference, "").expect("it is written");
        let mode = |path: &Path| std::fs::metadata(path).expect("it is there").permissions().mode();
        assert_eq!(mode(&out.join("junit.xml")), mode(&reference), "as readable as any other file");
    }
}

#[test]
fn a_run_that_never_ends_leaves_older_results_alone() {
    let folder = tempfile::tempdir().expect("a folder");
    let path = folder.path().join("results.json");
    std::fs::write(&path, "older").expect("it is written");
    let files = OutputFiles::open(vec![json(&path)]).expect("it opens");
    drop(files);
    assert_eq!(std::fs::read_to_string(&path).expect("it is there"), "older");
    assert_eq!(names(folder.path()), ["results.json"]);
}

#[test]
fn a_bad_path_is_told_before_anything_is_sent() {
    let folder = tempfile::tempdir().expect("a folder");
    let file = folder.path().join("file");
    std::fs::write(&file, "").expect("it is written");
    let error = |wanted| OutputFiles::open(wanted).err().expect("it cannot be written");
    assert!(error(vec![json(folder.path())]).message.ends_with("it is a folder"));
    let below = error(vec![json(file.join("results.json"))]);
    assert!(below.message.starts_with("results cannot be written to "), "{}", below.message);
    let twice = error(vec![json(folder.path().join("x")), junit(folder.path().join("x"))]);
    assert!(twice.message.starts_with("results and JUnit would both be written to "), "{}", twice.message);
}

#[test]
fn a_file_that_cannot_be_written_turns_the_verdict_of_the_others() {
    let folder = tempfile::tempdir().expect("a folder");
    let run = good();
    let mut document = run.document();
    let wanted: Vec<(Box<dyn Format>, PathBuf)> = vec![
        json(folder.path().join("results.json")),
        (Box::new(Full), folder.path().join("samples.csv")),
        junit(folder.path().join("junit.xml")),
    ];
    let written = OutputFiles::open(wanted).expect("they open").write(&mut document);
    assert_eq!(written.len(), 2);
    assert_eq!(document.verdict.exit_code, exit::INTERNAL);
    assert_eq!(names(folder.path()), ["junit.xml", "results.json"], "the half-written one is gone");
    let text = std::fs::read_to_string(folder.path().join("results.json")).expect("it is there");
    let read: serde_json::Value = serde_json::from_str(&text).expect("it is JSON");
    assert_eq!(read["verdict"]["exit_code"], 4);
    assert!(
        std::fs::read_to_string(folder.path().join("junit.xml")).expect("it is there").contains("ResultsNotWritten")
    );
}

#[test]
fn a_folder_that_vanished_turns_the_verdict_too() {
    let folder = tempfile::tempdir().expect("a folder");
    let gone = folder.path().join("gone");
    let kept = folder.path().join("junit.xml");
    let run = good();
    let mut document = run.document();
    let files = OutputFiles::open(vec![json(gone.join("results.json")), junit(&kept)]).expect("they open");
    std::fs::remove_dir_all(&gone).expect("it is removed");
    let written = files.write(&mut document);
    assert_eq!(written.len(), 1);
    assert_eq!(document.verdict.exit_code, exit::INTERNAL);
    assert!(std::fs::read_to_string(&kept).expect("it is there").contains("ResultsNotWritten"));
}

#[cfg(unix)]
#[test]
fn a_device_is_written_to_and_a_link_is_followed() {
    let folder = tempfile::tempdir().expect("a folder");
    let real = folder.path().join("real.json");
    let link = folder.path().join("link.json");
    std::fs::write(&real, "older").expect("it is written");
    std::os::unix::fs::symlink(&real, &link).expect("it is linked");
    let run = good();
    let mut document = run.document();
    let files = OutputFiles::open(vec![junit("/dev/null"), json(&link)]).expect("they open");
    assert_eq!(files.write(&mut document).len(), 2);
    assert!(document.verdict.passed);
    assert!(std::fs::symlink_metadata(&link).expect("it is there").is_symlink());
    assert!(std::fs::read_to_string(&real).expect("it is there").starts_with('{'));
}

#[test]
fn regression_d15_an_older_report_never_stands_beside_newer_results() {
    let folder = tempfile::tempdir().expect("a folder");
    let (results, table) = (folder.path().join("results.json"), folder.path().join("table.csv"));
    std::fs::write(&results, "older").expect("it is written");
    std::fs::write(&table, "older").expect("it is written");
    let files = OutputFiles::open(vec![json(&results), (Box::new(Full), table.clone())]).expect("they open");
    let run = good();
    let mut document = run.document();
    files.write(&mut document);
    assert_eq!(document.verdict.exit_code, exit::INTERNAL);
    assert_ne!(std::fs::read_to_string(&results).expect("it is there"), "older");
    assert!(!table.exists(), "what could not be written is not the earlier run's");
}
