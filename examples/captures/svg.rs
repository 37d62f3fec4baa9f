//! A buffer of the terminal library as an SVG picture: text stays text, runs of one style are one element.

use hydren::theme::{Colour, Paint};
use ratatui::{
    buffer::{Buffer, Cell},
    style::{Color, Modifier},
};
use std::fmt::Write as _;

/// Width and height of a cell and size of the letters, in pixels. A monospaced letter is 0.6 of its size wide, near enough
/// everywhere; `textLength` makes it exact.
const CELL: (f64, f64) = (8.4, 17.0);
const LETTERS: u8 = 14;
/// From a cell's upper edge to the baseline.
const BASELINE: f64 = 13.0;
/// Around the screen.
const MARGIN: f64 = 10.0;

/// How a run of cells looks.
#[derive(Clone, PartialEq)]
struct Look {
    fg: String,
    bg: Option<String>,
    modifiers: Modifier,
}

/// Draws `buffer`; `screen` is what the empty screen looks like.
pub fn picture(buffer: &Buffer, title: &str, screen: Paint) -> String {
    let (fg, bg) = (hex(screen.fg, "#d0d0d0"), hex(screen.bg, "#101010"));
    let (columns, lines) = (buffer.area.width, buffer.area.height);
    let (width, height) = (
        f64::from(columns).mul_add(CELL.0, 2.0 * MARGIN),
        f64::from(lines).mul_add(CELL.1, 2.0 * MARGIN),
    );
    let mut out = format!(
        "<svg xmlns=\"http://www.w3.org/2000/svg\" viewBox=\"0 0 {width:.0} {height:.0}\" role=\"img\">\n\
         <title>{title}</title>\n\
         <style>text{{font:{LETTERS}px ui-monospace,\"DejaVu Sans Mono\",Menlo,Consolas,monospace;white-space:pre;fill:{fg}}}\
         .b{{font-weight:bold}}.d{{opacity:.6}}.u{{text-decoration:underline}}.i{{font-style:italic}}</style>\n\
         <rect width=\"100%\" height=\"100%\" rx=\"8\" fill=\"{bg}\"/>\n"
    );
    for (line, cells) in buffer.content.chunks(usize::from(columns)).enumerate() {
        let top = position(line, CELL.1);
        let runs = runs(cells, &fg, &bg);
        for (from, to, look) in &runs {
            if let Some(colour) = &look.bg {
                let (x, width) = (position(*from, CELL.0), span(to - from));
                let height = CELL.1;
                let _ = writeln!(
                    out,
                    "<rect x=\"{x:.1}\" y=\"{top:.1}\" width=\"{width:.1}\" height=\"{height}\" fill=\"{colour}\"/>"
                );
            }
        }
        for (from, to, look) in &runs {
            write_text(&mut out, cells, (*from, *to), top + BASELINE, look, &fg);
        }
    }
    out.push_str("</svg>\n");
    out
}

/// Writes the letters of a run, without the blanks around them.
fn write_text(
    out: &mut String,
    cells: &[Cell],
    (from, to): (usize, usize),
    y: f64,
    look: &Look,
    usual: &str,
) {
    let underlined = look.modifiers.contains(Modifier::UNDERLINED);
    let visible = |c: &Cell| underlined || c.symbol() != " ";
    let run = &cells[from..to];
    let (Some(first), Some(last)) = (run.iter().position(visible), run.iter().rposition(visible))
    else {
        return;
    };
    let text: String = run[first..=last].iter().map(Cell::symbol).collect();
    let text = text
        .replace('&', "&amp;")
        .replace('<', "&lt;")
        .replace('>', "&gt;");
    let fill = if look.fg == usual {
        String::new()
    } else {
        format!(" fill=\"{}\"", look.fg)
    };
    let classes: Vec<&str> = [
        (Modifier::BOLD, "b"),
        (Modifier::DIM, "d"),
        (Modifier::UNDERLINED, "u"),
        (Modifier::ITALIC, "i"),
    ]
    .into_iter()
    .filter_map(|(modifier, class)| look.modifiers.contains(modifier).then_some(class))
    .collect();
    let class = if classes.is_empty() {
        String::new()
    } else {
        format!(" class=\"{}\"", classes.join(" "))
    };
    let (x, length) = (position(from + first, CELL.0), span(last + 1 - first));
    let _ = writeln!(
        out,
        "<text x=\"{x:.1}\" y=\"{y:.1}\" textLength=\"{length:.1}\"{fill}{class}>{text}</text>"
    );
}

/// Cuts a line into runs of one look: first cell, cell after the last, look. Blanks without a background join what is around them.
fn runs(cells: &[Cell], fg: &str, bg: &str) -> Vec<(usize, usize, Look)> {
    let mut runs: Vec<(usize, usize, Look)> = Vec::new();
    for (column, cell) in cells.iter().enumerate() {
        let look = look(cell, fg, bg);
        match runs.last_mut() {
            Some((_, to, last))
                if *last == look
                    || (cell.symbol() == " "
                        && last.bg == look.bg
                        && !(last.modifiers | look.modifiers).contains(Modifier::UNDERLINED)) =>
            {
                *to = column + 1;
            }
            _ => runs.push((column, column + 1, look)),
        }
    }
    runs
}

fn look(cell: &Cell, fg: &str, bg: &str) -> Look {
    let mut colours = (css(cell.fg, fg), css(cell.bg, bg));
    if cell.modifier.contains(Modifier::REVERSED) {
        colours = (colours.1, colours.0);
    }
    Look {
        fg: colours.0,
        bg: (colours.1 != bg).then_some(colours.1),
        modifiers: cell.modifier.difference(Modifier::REVERSED),
    }
}

/// A colour of the terminal library; whatever is no RGB colour is the screen's own.
fn css(colour: Color, usual: &str) -> String {
    match colour {
        Color::Rgb(r, g, b) => format!("#{r:02x}{g:02x}{b:02x}"),
        _ => usual.to_owned(),
    }
}

fn hex(colour: Option<Colour>, otherwise: &str) -> String {
    match colour {
        Some(Colour::Rgb(r, g, b)) => format!("#{r:02x}{g:02x}{b:02x}"),
        _ => otherwise.to_owned(),
    }
}

fn position(cell: usize, size: f64) -> f64 {
    MARGIN + span_of(cell, size)
}

fn span(cells: usize) -> f64 {
    span_of(cells, CELL.0)
}

#[allow(
    clippy::cast_precision_loss,
    reason = "a screen has a few hundred cells"
)]
fn span_of(cells: usize, size: f64) -> f64 {
    cells as f64 * size
}
