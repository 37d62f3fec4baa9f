//! Text from outside, made safe. AWS names, tags, reasons and log lines can hold escape sequences, control characters and
//! bidirectional overrides; none of them ever reaches the terminal.

use std::borrow::Cow;
use unicode_segmentation::UnicodeSegmentation;
use unicode_width::UnicodeWidthStr;

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

/// Neutralises `text` and cuts it to at most `width` terminal cells, with `…` in the last one where something is missing.
#[must_use]
pub fn cut(text: &str, width: usize) -> Cow<'_, str> {
    let text = neutral(text);
    if text.width() <= width {
        return text;
    }
    let Some(room) = width.checked_sub(1) else {
        return Cow::Borrowed("");
    };
    let mut short = head(&text, room).to_owned();
    short.push('…');
    Cow::Owned(short)
}

/// Neutralises `text` and breaks it into lines of at most `width` terminal cells: between words where it can, within a word that
/// is longer than a line. At least one line; none is longer than `width` unless a single character is.
#[must_use]
pub fn wrap(text: &str, width: usize) -> Vec<String> {
    let text = neutral(text);
    let mut lines = vec![String::new()];
    for mut word in text.split_whitespace() {
        while let Some(line) = lines.last_mut() {
            let space = usize::from(!line.is_empty());
            let used = line.width();
            if used + space + word.width() <= width {
                line.push_str(&" "[..space]);
                line.push_str(word);
                break;
            }
            if used == 0 {
                let fits = head(word, width);
                let fits = if fits.is_empty() {
                    word.graphemes(true).next().unwrap_or(word)
                } else {
                    fits
                };
                line.push_str(fits);
                word = &word[fits.len()..];
                if word.is_empty() {
                    break;
                }
            }
            lines.push(String::new());
        }
    }
    lines
}

/// The longest beginning of `text` that takes at most `width` cells.
fn head(text: &str, width: usize) -> &str {
    let mut used = 0;
    let end = text.grapheme_indices(true).find_map(|(at, grapheme)| {
        used += grapheme.width();
        (used > width).then_some(at)
    });
    &text[..end.unwrap_or(text.len())]
}

/// Finds the candidate that a mistyped `word` most likely meant: the fewest single-character edits, at most a third of the word's
/// length and at least two. The first wins a tie; `None` when nothing is near.
pub fn nearest<'a>(word: &str, candidates: impl IntoIterator<Item = &'a str>) -> Option<&'a str> {
    let word = word.to_lowercase();
    let limit = (word.chars().count() / 3).max(2);
    candidates
        .into_iter()
        .map(|candidate| {
            (
                strsim::levenshtein(&word, &candidate.to_lowercase()),
                candidate,
            )
        })
        .filter(|(distance, _)| *distance <= limit)
        .min_by_key(|(distance, _)| *distance)
        .map(|(_, candidate)| candidate)
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

    #[test]
    fn cutting_counts_cells_and_says_that_something_is_missing() {
        assert_eq!(cut("backend", 7), "backend");
        assert_eq!(cut("backend", 5), "back…");
        assert_eq!(cut("日本語", 5), "日本…");
        assert_eq!(cut("日本語", 4), "日…");
        assert_eq!(cut("\x1b[31m", 3), "·[…");
        assert_eq!((cut("ab", 1), cut("ab", 0)), ("…".into(), "".into()));
    }

    #[test]
    fn wrapping_breaks_between_words_and_within_long_ones() {
        assert_eq!(
            wrap("task failed health checks", 11),
            ["task failed", "health", "checks"]
        );
        assert_eq!(wrap("sha256:abcdef ok", 8), ["sha256:a", "bcdef ok"]);
        assert_eq!(wrap("日本語", 1), ["日", "本", "語"]);
        assert_eq!(wrap("", 5), [""]);
    }
}
