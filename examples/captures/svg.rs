//! A buffer of the terminal library as an SVG picture. Text stays text; lines, blocks and braille dots are drawn as shapes, since
//! fonts leave gaps between them or lack them.

#[path = "svg/shape.rs"]
mod shape;

use hydren::theme::{Colour, Paint};
use indexmap::IndexMap;
use ratatui::{
    buffer::{Buffer, Cell},
    style::{Color, Modifier},
};
use std::fmt::Write as _;

/// Width and height of a cell in pixels. A monospaced letter is about 0.6 of its size wide; `textLength` makes it exact.
const CELL: (f64, f64) = (8.4, 17.0);
/// Size of the letters in pixels.
const LETTERS: u8 = 14;
/// From a cell's upper edge to the baseline.
const BASELINE: f64 = 13.0;
/// Around the screen.
const MARGIN: f64 = 10.0;

/// How a cell looks.
#[derive(Clone, PartialEq)]
struct Look {
    fg: String,
    bg: String,
    modifiers: Modifier,
}

/// What is drawn, by kind: backgrounds lie below.
#[derive(Default)]
struct Layers {
    backgrounds: String,
    text: String,
    /// Shapes by class and colour.
    shapes: IndexMap<(String, String), shape::Paths>,
}

/// Draws `buffer`; `screen` is what the empty screen looks like.
pub fn picture(buffer: &Buffer, title: &str, screen: Paint) -> String {
    let usual = Look {
        fg: hex(screen.fg, "#d0d0d0"),
        bg: hex(screen.bg, "#101010"),
        modifiers: Modifier::empty(),
    };
    let (columns, lines) = (buffer.area.width, buffer.area.height);
    let mut layers = Layers::default();
    for (line, cells) in buffer.content.chunks(usize::from(columns)).enumerate() {
        let looks: Vec<Look> = cells.iter().map(|cell| look(cell, &usual)).collect();
        let top = at(line, CELL.1);
        write_backgrounds(&mut layers.backgrounds, &looks, top, &usual.bg);
        write_cells(&mut layers, cells, &looks, top);
    }

    let (width, height) = (
        f64::from(columns).mul_add(CELL.0, 2.0 * MARGIN),
        f64::from(lines).mul_add(CELL.1, 2.0 * MARGIN),
    );
    let (fg, bg) = (&usual.fg, &usual.bg);
    let mut out = format!(
        "<svg xmlns=\"http://www.w3.org/2000/svg\" viewBox=\"0 0 {width:.0} {height:.0}\" fill=\"{fg}\" xml:space=\"preserve\" \
         font-family=\"ui-monospace,DejaVu Sans Mono,Menlo,Consolas,monospace\" font-size=\"{LETTERS}\" role=\"img\">\n\
         <title>{title}</title>\n\
         <style>text{{white-space:pre}}.b{{font-weight:bold}}.d{{opacity:.6}}.u{{text-decoration:underline}}.i{{font-style:italic}}</style>\n\
         <rect width=\"{width:.0}\" height=\"{height:.0}\" rx=\"8\" fill=\"{bg}\"/>\n"
    );
    out.push_str(&layers.backgrounds);
    for ((class, colour), paths) in &layers.shapes {
        out.push_str(&paths.element(class, colour));
    }
    out.push_str(&layers.text);
    out.push_str("</svg>\n");
    out
}

fn write_backgrounds(out: &mut String, looks: &[Look], top: f64, usual: &str) {
    let mut column = 0;
    for run in looks.chunk_by(|a, b| a.bg == b.bg) {
        if run[0].bg != usual {
            let (x, width) = (at(column, CELL.0), length(run.len()));
            let (height, colour) = (CELL.1, &run[0].bg);
            let _ = writeln!(
                out,
                "<rect x=\"{x:.1}\" y=\"{top:.1}\" width=\"{width:.1}\" height=\"{height}\" fill=\"{colour}\"/>"
            );
        }
        column += run.len();
    }
}

/// Draws shapes as shapes, and writes the rest as words: letters of one look with at most one blank between them.
fn write_cells(layers: &mut Layers, cells: &[Cell], looks: &[Look], top: f64) {
    let mut word = 0..0;
    for (column, (cell, look)) in cells.iter().zip(looks).enumerate() {
        let symbol = cell.symbol();
        let drawn = symbol.chars().next().is_some_and(|c| {
            let key = (classes(look.modifiers), look.fg.clone());
            let at = (at(column, CELL.0), top);
            shape::draw(c, at, CELL, || layers.shapes.entry(key).or_default())
        });
        let blank = symbol == " " && !look.modifiers.contains(Modifier::UNDERLINED);
        if drawn || blank {
            continue;
        }
        let joins = !word.is_empty()
            && column <= word.end + 1
            && looks[word.end..column]
                .iter()
                .all(|l| l.bg == look.bg && !l.modifiers.contains(Modifier::UNDERLINED))
            && cells[word.end..column].iter().all(|c| c.symbol() == " ")
            && looks[word.start].fg == look.fg
            && looks[word.start].modifiers == look.modifiers;
        if joins {
            word.end = column + 1;
        } else {
            write_word(&mut layers.text, cells, looks, word, top);
            word = column..column + 1;
        }
    }
    write_word(&mut layers.text, cells, looks, word, top);
}

fn write_word(
    out: &mut String,
    cells: &[Cell],
    looks: &[Look],
    word: std::ops::Range<usize>,
    top: f64,
) {
    if word.is_empty() {
        return;
    }
    let look = &looks[word.start];
    let (x, y, length) = (at(word.start, CELL.0), top + BASELINE, length(word.len()));
    let text: String = cells[word].iter().map(Cell::symbol).collect();
    let text = text
        .replace('&', "&amp;")
        .replace('<', "&lt;")
        .replace('>', "&gt;");
    let (class, colour) = (attribute("class", &classes(look.modifiers)), &look.fg);
    let _ = writeln!(
        out,
        "<text x=\"{x:.1}\" y=\"{y:.1}\" textLength=\"{length:.1}\" fill=\"{colour}\"{class}>{text}</text>"
    );
}

fn classes(modifiers: Modifier) -> String {
    let classes = [
        (Modifier::BOLD, "b"),
        (Modifier::DIM, "d"),
        (Modifier::UNDERLINED, "u"),
        (Modifier::ITALIC, "i"),
    ];
    let set = classes.iter().filter(|(m, _)| modifiers.contains(*m));
    set.map(|(_, class)| *class).collect::<Vec<_>>().join(" ")
}

fn attribute(name: &str, value: &str) -> String {
    if value.is_empty() {
        String::new()
    } else {
        format!(" {name}=\"{value}\"")
    }
}

fn look(cell: &Cell, usual: &Look) -> Look {
    let (mut fg, mut bg) = (css(cell.fg, &usual.fg), css(cell.bg, &usual.bg));
    if cell.modifier.contains(Modifier::REVERSED) {
        std::mem::swap(&mut fg, &mut bg);
    }
    Look {
        fg,
        bg,
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

/// Where the cell of an index begins.
fn at(index: usize, size: f64) -> f64 {
    MARGIN + count(index) * size
}

/// How long a run of cells is.
fn length(cells: usize) -> f64 {
    count(cells) * CELL.0
}

#[allow(
    clippy::cast_precision_loss,
    reason = "a screen has a few hundred cells"
)]
fn count(cells: usize) -> f64 {
    cells as f64
}
