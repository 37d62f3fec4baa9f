//! Text from outside, made safe. AWS names, tags, reasons and log lines can hold escape sequences, control characters and
//! bidirectional overrides; none of them ever reaches the terminal.

use std::borrow::Cow;

/// Replaces everything that could drive a terminal or reorder what is read: C0 and C1 controls, DEL, bidirectional and invisible
/// formatting characters. A tab and a line break become one space, everything else becomes `·`. Borrowed when nothing was wrong.
#[must_use]
pub fn neutral(text: &str) -> Cow<'_, str> {
    if !text.chars().any(is_hostile) {
        return Cow::Borrowed(text);
    }
    let replace = |c| match c {
        '\t' | '\n' | '\r' => ' ',
        c if is_hostile(c) => '·',
        c => c,
    };
    Cow::Owned(text.chars().map(replace).collect())
}

/// Whether a character must not reach the terminal.
#[must_use]
pub const fn is_hostile(c: char) -> bool {
    matches!(c,
        '\0'..='\x1f' | '\x7f'..='\u{9f}'
        | '\u{ad}' | '\u{61c}' | '\u{180e}'
        | '\u{200b}'..='\u{200f}' | '\u{2028}'..='\u{202e}' | '\u{2060}'..='\u{206f}'
        | '\u{feff}' | '\u{fff9}'..='\u{fffb}' | '\u{e0000}'..='\u{e007f}')
}

/// Finds the candidate that a mistyped `word` most likely meant: the fewest single-character edits, at most a third of the word's
/// length and at least two. The first wins a tie; `None` when nothing is near.
pub fn nearest<'a>(word: &str, candidates: impl IntoIterator<Item = &'a str>) -> Option<&'a str> {
    let limit = (word.chars().count() / 3).max(2);
    candidates
        .into_iter()
        .map(|candidate| (edits(word, candidate), candidate))
        .filter(|(distance, _)| *distance <= limit)
        .min_by_key(|(distance, _)| *distance)
        .map(|(_, candidate)| candidate)
}

/// Counts the insertions, deletions and substitutions between two words (Levenshtein), ignoring ASCII case.
fn edits(a: &str, b: &str) -> usize {
    let b: Vec<char> = b.chars().collect();
    let mut row: Vec<usize> = (0..=b.len()).collect();
    for (i, x) in a.chars().enumerate() {
        let mut diagonal = std::mem::replace(&mut row[0], i + 1);
        for (j, y) in b.iter().enumerate() {
            let substitute = diagonal + usize::from(!x.eq_ignore_ascii_case(y));
            diagonal = row[j + 1];
            row[j + 1] = substitute.min(row[j] + 1).min(diagonal + 1);
        }
    }
    row[b.len()]
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn plain_text_is_borrowed() {
        assert!(matches!(neutral("Zürich – 日本 ● ok"), Cow::Borrowed(_)));
    }

    #[test]
    fn escape_sequences_lose_their_power() {
        assert_eq!(neutral("a\x1b]52;c;ZXZpbA==\x07b"), "a·]52;c;ZXZpbA==·b");
        assert_eq!(neutral("\u{202e}evil\u{9b}31m"), "·evil·31m");
    }

    #[test]
    fn line_breaks_and_tabs_become_spaces() {
        assert_eq!(neutral("a\r\nb\tc"), "a  b c");
    }

    #[test]
    fn a_slip_of_the_finger_finds_the_word_that_was_meant() {
        let themes = ["nord", "gruvbox", "tokyo-night"];
        assert_eq!(nearest("grovbox", themes), Some("gruvbox"));
        assert_eq!(nearest("Tokyo_night", themes), Some("tokyo-night"));
        assert_eq!(nearest("solarized", themes), None);
    }
}
