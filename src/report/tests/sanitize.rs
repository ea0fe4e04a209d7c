use crate::sanitize::{clean, cut, defused, inline, quoted, short};

#[test]
fn escape_sequences_and_control_characters_go() {
    for (foreign, expected) in [
        ("plain", "plain"),
        ("\u{1b}[31;1mred\u{1b}[0m", "red"),
        ("\u{1b}]0;title\u{7}text", "text"),
        ("\u{1b}]8;;http://x\u{1b}\\link\u{1b}]8;;\u{1b}\\", "link"),
        ("\u{1b}Pq#0;2\u{1b}\\after", "after"),
        ("\u{1b}(Bascii", "ascii"),
        ("\u{1b}c\u{1b}7reset", "reset"),
        ("\u{9b}2Jcleared", "cleared"),
        ("a\u{0}b\u{8}c\u{7f}d\u{85}e", "abcde"),
        ("tab\there\r\nline", "tab\there\r\nline"),
        ("\u{fffe}non\u{ffff}characters\u{fffd}", "noncharacters\u{fffd}"),
        ("cut off \u{1b}[3", "cut off "),
        ("\u{1b}]never ended\nnext line", "\nnext line"),
        ("grüße 日本 🙂", "grüße 日本 🙂"),
    ] {
        assert_eq!(clean(foreign), expected, "{foreign:?}");
    }
}

#[test]
fn every_character_left_is_one_xml_allows() {
    let all: String =
        (0..=0x1_0000_u32).filter_map(char::from_u32).filter(|c| !matches!(*c as u32, 0x1b | 0x90..=0x9f)).collect();
    let allowed =
        |c: char| matches!(c, '\t' | '\n' | '\r' | ' '..='\u{d7ff}' | '\u{e000}'..='\u{fffd}' | '\u{10000}'..);
    assert!(clean(&all).chars().all(allowed));
}

#[test]
fn words_that_ci_runners_obey_are_split() {
    assert_eq!(defused("::error file=a::boom"), ": :error file=a: :boom");
    assert_eq!(defused("x ##[error]y"), "x ## [error]y");
    assert_eq!(defused("##VSO[task.setvariable]z"), "##VSO [task.setvariable]z");
    assert_eq!(defused("##teamcity[buildStatus]"), "##teamcity [buildStatus]");
    // The mark must not come together again once a control character between its parts is gone.
    assert_eq!(defused(":\u{0}:error"), ": :error");
    assert_eq!(defused("#\u{1b}[0m#[error]"), "## [error]");
    assert_eq!(defused("::1 and 12::"), "::1 and 12::");
}

#[test]
fn foreign_text_stands_behind_a_bar() {
    assert_eq!(quoted("one\r\n\r\n::two\n", "  "), "  | one\n  | : :two\n");
    assert_eq!(inline(" a\n\tb \u{1b}[1mc "), "a b c");
}

#[test]
fn text_is_cut_between_characters() {
    assert_eq!(cut("short", 5), "short");
    assert_eq!(cut("grüße", 3), "gr… (5 more bytes)");
    assert_eq!(short("grüße", 5), "grüße");
    assert_eq!(short("grüße!", 5), "grüß…");
}
