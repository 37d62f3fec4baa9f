//! From the theme's roles to the terminal library's styles.

use crate::theme::{Colour, Modifiers, Role, Theme};
use ratatui::style::{Color, Modifier, Style};

/// Gives the style in which `theme` shows `role`.
#[must_use]
pub fn style(theme: &Theme, role: Role) -> Style {
    let paint = theme.paint(role);
    let mut style = Style::new();
    style.fg = paint.fg.map(color);
    style.bg = paint.bg.map(color);
    for (ours, theirs) in [
        (Modifiers::BOLD, Modifier::BOLD),
        (Modifiers::DIM, Modifier::DIM),
        (Modifiers::UNDERLINE, Modifier::UNDERLINED),
        (Modifiers::REVERSE, Modifier::REVERSED),
        (Modifiers::ITALIC, Modifier::ITALIC),
    ] {
        if paint.modifiers.contains(ours) {
            style = style.add_modifier(theirs);
        }
    }
    style
}

/// Converts a colour. The terminal's 16 colours go by number (SGR 30 to 37 and 90 to 97 in the library's names).
const fn color(colour: Colour) -> Color {
    match colour {
        Colour::Rgb(red, green, blue) => Color::Rgb(red, green, blue),
        Colour::Default => Color::Reset,
        Colour::Ansi(index) => match index {
            0 => Color::Black,
            1 => Color::Red,
            2 => Color::Green,
            3 => Color::Yellow,
            4 => Color::Blue,
            5 => Color::Magenta,
            6 => Color::Cyan,
            7 => Color::Gray,
            8 => Color::DarkGray,
            9 => Color::LightRed,
            10 => Color::LightGreen,
            11 => Color::LightYellow,
            12 => Color::LightBlue,
            13 => Color::LightMagenta,
            14 => Color::LightCyan,
            _ => Color::White,
        },
    }
}
