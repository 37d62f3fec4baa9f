//! Characters that are pictures: box drawing, block elements, braille.

use super::attribute;
use std::fmt::Write as _;

/// Path data: what is filled and what is stroked.
#[derive(Default)]
pub struct Paths {
    filled: String,
    stroked: String,
}

impl Paths {
    /// The SVG elements of the paths.
    pub fn element(&self, class: &str, colour: &str) -> String {
        let class = attribute("class", class);
        let mut out = String::new();
        if !self.filled.is_empty() {
            let d = &self.filled;
            let _ = writeln!(out, "<path fill=\"{colour}\"{class} d=\"{d}\"/>");
        }
        if !self.stroked.is_empty() {
            let d = &self.stroked;
            let _ = writeln!(
                out,
                "<path fill=\"none\" stroke=\"{colour}\"{class} d=\"{d}\"/>"
            );
        }
        out
    }

    fn fill(&mut self, x: f64, y: f64, width: f64, height: f64) {
        let _ = write!(
            self.filled,
            "M{x:.1} {y:.1}h{width:.1}v{height:.1}h-{width:.1}z"
        );
    }

    /// A line. One that goes on where the last one ended makes it longer.
    fn line(&mut self, from: (f64, f64), to: (f64, f64)) {
        let start = format!("M{:.1} {:.1}", from.0, from.1);
        let goes_on = self.stroked.rfind('H').is_some_and(|h| {
            let y = format!(" {:.1}H", from.1);
            let before = &self.stroked[..=h];
            before.ends_with(&y) && self.stroked[h + 1..] == format!("{:.1}", from.0)
        });
        if (from.1 - to.1).abs() > f64::EPSILON {
            let _ = write!(self.stroked, "{start}V{:.1}", to.1);
        } else if goes_on {
            let h = self.stroked.rfind('H').unwrap_or_default();
            self.stroked.truncate(h);
            let _ = write!(self.stroked, "H{:.1}", to.0);
        } else {
            let _ = write!(self.stroked, "{start}H{:.1}", to.0);
        }
    }
}

/// Draws `c` into the cell at `(x, y)` if it is such a character, and says whether it is.
pub fn draw<'a>(
    c: char,
    (x, y): (f64, f64),
    (width, height): (f64, f64),
    paths: impl FnOnce() -> &'a mut Paths,
) -> bool {
    let (middle, centre) = (x + width / 2.0, y + height / 2.0);
    let (right, bottom) = (x + width, y + height);
    let code = u32::from(c);
    match c {
        '▁'..='█' => {
            let part = height * f64::from(code - 0x2580) / 8.0;
            paths().fill(x, bottom - part, width, part);
        }
        '⠀'..='⣿' => {
            let paths = paths();
            // Unicode numbers the dots downwards in both columns, and adds the fourth line at the end.
            for (bit, (column, line)) in [
                (0, 0),
                (0, 1),
                (0, 2),
                (1, 0),
                (1, 1),
                (1, 2),
                (0, 3),
                (1, 3),
            ]
            .into_iter()
            .enumerate()
            {
                if (code - 0x2800) >> bit & 1 == 1 {
                    let left = width.mul_add(0.25 + 0.5 * f64::from(column), x) - 0.9;
                    let top = height.mul_add(0.125 + 0.25 * f64::from(line), y) - 0.9;
                    paths.fill(left, top, 1.8, 1.8);
                }
            }
        }
        '╭' => curve(paths(), (middle, bottom), (middle, centre), (right, centre)),
        '╮' => curve(paths(), (middle, bottom), (middle, centre), (x, centre)),
        '╰' => curve(paths(), (middle, y), (middle, centre), (right, centre)),
        '╯' => curve(paths(), (middle, y), (middle, centre), (x, centre)),
        _ => {
            let Some([up, down, left, to_right]) = arms(c) else {
                return false;
            };
            let paths = paths();
            if left || to_right {
                let from = if left { x } else { middle };
                let to = if to_right { right } else { middle };
                paths.line((from, centre), (to, centre));
            }
            if up || down {
                let from = if up { y } else { centre };
                let to = if down { bottom } else { centre };
                paths.line((middle, from), (middle, to));
            }
        }
    }
    true
}

fn curve(paths: &mut Paths, from: (f64, f64), corner: (f64, f64), to: (f64, f64)) {
    let _ = write!(
        paths.stroked,
        "M{:.1} {:.1}Q{:.1} {:.1} {:.1} {:.1}",
        from.0, from.1, corner.0, corner.1, to.0, to.1
    );
}

/// Whether a box-drawing character reaches up, down, left, right.
const fn arms(c: char) -> Option<[bool; 4]> {
    Some(match c {
        '─' => [false, false, true, true],
        '│' => [true, true, false, false],
        '┌' => [false, true, false, true],
        '┐' => [false, true, true, false],
        '└' => [true, false, false, true],
        '┘' => [true, false, true, false],
        '├' => [true, true, false, true],
        '┤' => [true, true, true, false],
        '┬' => [false, true, true, true],
        '┴' => [true, false, true, true],
        '┼' => [true, true, true, true],
        _ => return None,
    })
}
