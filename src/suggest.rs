//! The nearest known word to an unknown one: "did you mean `status`?".

/// The known word nearest to `word`, if one is near enough to be what was meant: at most
/// `max(1, length / 3)` letters wrong, swapped, missing or added, or nearly alike by Jaro-Winkler.
/// Upper and lower case count as alike, and so do `-`, `_` and a blank.
pub fn nearest<'a>(word: &str, known: impl IntoIterator<Item = &'a str>) -> Option<&'a str> {
    let word = folded(word);
    let allowed = (word.chars().count() / 3).max(1);
    let mut best: Option<(usize, f64, &str)> = None;
    for candidate in known {
        let other = folded(candidate);
        let distance = strsim::damerau_levenshtein(&word, &other);
        let likeness = strsim::jaro_winkler(&word, &other);
        let replaces_all = distance >= other.chars().count().max(word.chars().count());
        let near = (distance <= allowed && !replaces_all) || likeness > 0.9;
        let better = best.is_none_or(|(least, most, _)| distance < least || (distance == least && likeness > most));
        if near && better {
            best = Some((distance, likeness, candidate));
        }
    }
    best.map(|(_, _, candidate)| candidate)
}

/// One spelling for words that differ only in case or in what joins their parts. Cut, because
/// the distance of two very long words costs the product of their lengths.
fn folded(word: &str) -> String {
    word.chars().take(80).map(|c| if matches!(c, '-' | ' ') { '_' } else { c.to_ascii_lowercase() }).collect()
}

#[cfg(test)]
mod tests {
    use super::nearest;

    const WORDS: [&str; 5] = ["status", "response_time", "header", "json", "url"];

    #[test]
    fn finds_slips_of_the_finger() {
        assert_eq!(nearest("statuss", WORDS), Some("status"));
        assert_eq!(nearest("sattus", WORDS), Some("status"));
        assert_eq!(nearest("headers", WORDS), Some("header"));
        assert_eq!(nearest("rul", WORDS), Some("url"));
    }

    #[test]
    fn folds_case_and_joints() {
        assert_eq!(nearest("responseTime", WORDS), Some("response_time"));
        assert_eq!(nearest("Response-Time", WORDS), Some("response_time"));
    }

    #[test]
    fn keeps_silent_about_strangers() {
        assert_eq!(nearest("pineapple", WORDS), None);
        assert_eq!(nearest("", WORDS), None);
        assert_eq!(nearest("x", ["y"]), None);
    }

    #[test]
    fn prefers_the_nearest() {
        assert_eq!(nearest("user", ["users", "user_", "use", "user"]), Some("user"));
    }
}
