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

/// Whether two words differ only in case and in what joins their parts, as `numberOfThreads` and `Number of
/// Threads` do. What other tools' labels have in brackets at the end, `(users)`, is left out.
pub fn is_same(one: &str, other: &str) -> bool {
    // A word is compared with hundreds of others: nearly all differ in their first letter.
    let first = |word: &str| word.bytes().find(u8::is_ascii_alphanumeric).map(|byte| byte.to_ascii_lowercase());
    if first(one) != first(other) {
        return false;
    }
    let letters = |word: &'_ str| -> usize { bare(word).chars().filter(|c| c.is_alphanumeric()).count() };
    if letters(one) == 0 || letters(other) == 0 {
        return one == other;
    }
    fn folded(word: &str) -> impl Iterator<Item = char> + '_ {
        bare(word).chars().filter(|c| c.is_alphanumeric()).map(|c| c.to_ascii_lowercase())
    }
    folded(one).eq(folded(other))
}

/// A word without what stands in brackets at its end, a unit after a comma, and the mark of a question.
fn bare(word: &str) -> &str {
    let word = word.trim().trim_end_matches('?').trim_end();
    let unit = |unit: &str| matches!(unit.trim(), "sec" | "s" | "seconds" | "min" | "minutes" | "ms");
    let word = word.rsplit_once(',').filter(|(_, after)| unit(after)).map_or(word, |(word, _)| word);
    let open = match word.chars().last() {
        Some(')') => word.rfind('('),
        Some(']') => word.rfind('['),
        _ => None,
    };
    word[..open.unwrap_or(word.len())].trim_end()
}

/// The known words that come nearest to one that nobody knows, best first: those that share a part of it, those
/// whose meaning mentions it, and those that are spelt alike. Each known word has its meaning.
pub fn closest<'a>(
    word: &str,
    known: impl IntoIterator<Item = (&'a str, &'a str)>,
    most: usize,
) -> Vec<(&'a str, &'a str)> {
    let word = folded(word);
    let parts: Vec<&str> = word.split('_').filter(|part| part.len() > 2).collect();
    let mut all: Vec<(f64, &str, &str)> = known
        .into_iter()
        .map(|(name, meaning)| {
            let shared = name.split('_').any(|part| parts.contains(&part));
            let meant =
                || meaning.split(|c: char| !c.is_alphanumeric()).any(|one| parts.contains(&&*one.to_ascii_lowercase()));
            let bonus = if shared {
                1.0
            } else if meant() {
                0.5
            } else {
                0.0
            };
            (strsim::jaro_winkler(&word, name) + bonus, name, meaning)
        })
        .collect();
    all.sort_by(|one, other| other.0.total_cmp(&one.0));
    all.into_iter().take(most).map(|(_, name, meaning)| (name, meaning)).collect()
}

/// One spelling for words that differ only in case or in what joins their parts. Cut, because
/// the distance of two very long words costs the product of their lengths.
fn folded(word: &str) -> String {
    word.chars().take(80).map(|c| if matches!(c, '-' | ' ') { '_' } else { c.to_ascii_lowercase() }).collect()
}

#[cfg(test)]
mod tests {
    use super::{closest, is_same, nearest};

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
    fn labels_are_the_same_word_in_every_spelling() {
        for word in ["number_of_threads", "numberOfThreads", "Number of Threads (users)", "NUMBER-OF-THREADS"] {
            assert!(is_same(word, "number_of_threads"), "{word}");
        }
        assert!(is_same("Recycle on EOF ?", "recycle_on_eof") && is_same(">=", ">="));
        assert!(!is_same(">=", "<=") && !is_same("users", "user") && !is_same("", "users") && !is_same("(x)", "[y]"));
    }

    #[test]
    fn the_closest_share_a_part_or_are_meant() {
        let known =
            [("follow_redirects", "Whether redirects are followed."), ("retries", "x"), ("auth", "How to sign in.")];
        assert_eq!(closest("redirects", known, 1)[0].0, "follow_redirects");
        assert_eq!(closest("sign", known, 1)[0].0, "auth");
        assert_eq!(closest("x", known, 2).len(), 2);
    }

    #[test]
    fn prefers_the_nearest() {
        assert_eq!(nearest("user", ["users", "user_", "use", "user"]), Some("user"));
    }
}
