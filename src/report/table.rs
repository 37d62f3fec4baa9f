//! Tables of text for terminals and for Markdown.

use crate::{cli::Output, text::neutral};
use unicode_width::UnicodeWidthStr as _;

/// Lays out rows under `header`. Cells are made safe here: whatever AWS said, it cannot drive the terminal or break the table.
#[must_use]
pub fn table<const N: usize>(header: [&str; N], rows: &[[String; N]], output: Output) -> String {
    let header = header.map(str::to_owned).to_vec();
    let rows = rows.iter().map(|row| row.to_vec());
    let rows: Vec<Vec<String>> = std::iter::once(header).chain(rows).collect();
    columns(&rows, output)
}

/// The same for rows whose columns are not known beforehand; the first row is the header, and none is longer.
#[must_use]
pub fn columns(rows: &[Vec<String>], output: Output) -> String {
    let rows: Vec<Vec<String>> = rows
        .iter()
        .map(|row| row.iter().map(|cell| safe(cell, output)).collect())
        .collect();
    let mut widths = vec![0; rows.first().map_or(0, Vec::len)];
    for row in &rows {
        for (width, cell) in widths.iter_mut().zip(row) {
            *width = (*width).max(cell.width());
        }
    }
    let mut lines: Vec<String> = rows
        .iter()
        .map(|row| {
            let padded = row
                .iter()
                .zip(&widths)
                .map(|(cell, width)| format!("{cell}{}", " ".repeat(width - cell.width())));
            let cells: Vec<String> = padded.collect();
            match output {
                Output::Markdown => format!("| {} |\n", cells.join(" | ")),
                Output::Table | Output::Json => format!("{}\n", cells.join("  ").trim_end()),
            }
        })
        .collect();
    if output == Output::Markdown {
        let rules: Vec<String> = widths.iter().map(|width| "-".repeat(width + 2)).collect();
        lines.insert(1, format!("|{}|\n", rules.join("|")));
    }
    lines.concat()
}

/// Makes text from outside safe for a terminal, and for Markdown where it is printed as such.
#[must_use]
pub fn safe(text: &str, output: Output) -> String {
    let text = neutral(text);
    if output != Output::Markdown {
        return text.into_owned();
    }
    let mut escaped = String::with_capacity(text.len());
    for c in text.chars() {
        if matches!(
            c,
            '\\' | '|' | '`' | '*' | '_' | '[' | ']' | '<' | '>' | '#' | '@'
        ) {
            escaped.push('\\');
        }
        escaped.push(c);
    }
    escaped
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn columns_are_aligned_by_what_is_seen() {
        let rows = [
            ["日本".to_owned(), "x".to_owned()],
            ["a".to_owned(), "y".to_owned()],
        ];
        assert_eq!(
            table(["NAME", "V"], &rows, Output::Table),
            "NAME  V\n日本  x\na     y\n"
        );
    }

    #[test]
    fn a_name_cannot_break_a_markdown_table_or_mention_anyone() {
        let rows = [["a|b\n@all".to_owned()]];
        let text = table(["NAME"], &rows, Output::Markdown);
        assert!(text.ends_with("| a\\|b \\@all |\n"), "{text}");
    }
}
