//! Lines in braille: each cell holds two by four dots (Unicode block 2800 to 28FF) and takes the colour of the line drawn last.

/// The bit of each dot by its row and column in the cell (the order of the Unicode block: 1, 2, 3, 7 left, 4, 5, 6, 8 right).
const DOTS: [[u8; 2]; 4] = [[0x01, 0x08], [0x02, 0x10], [0x04, 0x20], [0x40, 0x80]];

/// A surface of dots.
pub(super) struct Plot {
    width: u16,
    height: u16,
    points: usize,
    cells: Vec<(u8, u8)>,
}

impl Plot {
    /// Makes an empty one of `width` by `height` cells over which `points` values are spread.
    pub fn new(width: u16, height: u16, points: usize) -> Self {
        let cells = vec![(0, 0); usize::from(width) * usize::from(height)];
        Self {
            width,
            height,
            points,
            cells,
        }
    }

    /// The dot column of value `index`.
    fn dot(&self, index: usize) -> u16 {
        let last = usize::from(self.width * 2).saturating_sub(1);
        let steps = self.points.saturating_sub(1).max(1);
        u16::try_from((index * last + steps / 2) / steps).unwrap_or(u16::MAX)
    }

    /// Draws `shares` of the height as line number `line`; a share that is not finite is a gap, a value between two gaps one dot.
    #[expect(
        clippy::cast_possible_truncation,
        clippy::cast_sign_loss,
        reason = "clamped to the dots of a terminal's height"
    )]
    pub fn line(&mut self, line: usize, shares: impl Iterator<Item = f64>) {
        let dots = self.height * 4;
        if dots == 0 || self.width == 0 {
            return;
        }
        let line = u8::try_from(line).unwrap_or(u8::MAX);
        let top = f64::from(dots - 1);
        let mut before: Option<(u16, u16)> = None;
        for (index, share) in shares.enumerate().take(self.points) {
            if !share.is_finite() {
                before = None;
                continue;
            }
            let at = (
                self.dot(index),
                (top - (share * top).round().clamp(0.0, top)) as u16,
            );
            self.stroke(before.unwrap_or(at), at, line);
            before = Some(at);
        }
    }

    /// Sets the dots between two points, column by column: each column takes its part of the way up or down.
    fn stroke(&mut self, from: (u16, u16), to: (u16, u16), line: u8) {
        let columns = i32::from(to.0.saturating_sub(from.0));
        let (start, rise) = (i32::from(from.1), i32::from(to.1) - i32::from(from.1));
        let mut last = start;
        for column in 0..=columns {
            let y = if columns == 0 {
                start + rise
            } else {
                start + rise * column / columns
            };
            // The column begins one dot beside where the one before it ended, so that steep lines have no holes.
            let first = if column == 0 && columns > 0 {
                y
            } else {
                last + (y - last).signum()
            };
            for dot in first.min(y)..=first.max(y) {
                self.set(
                    from.0 + u16::try_from(column).unwrap_or(0),
                    u16::try_from(dot).unwrap_or(0),
                    line,
                );
            }
            last = y;
        }
    }

    fn set(&mut self, x: u16, y: u16, line: u8) {
        let index = usize::from(y / 4) * usize::from(self.width) + usize::from(x / 2);
        if let Some((bits, owner)) = self.cells.get_mut(index) {
            *bits |= DOTS[usize::from(y % 4)][usize::from(x % 2)];
            *owner = line;
        }
    }

    /// Every cell with a dot: column, row, symbol, number of its line.
    pub fn cells(&self) -> impl Iterator<Item = (u16, u16, char, usize)> {
        let width = usize::from(self.width).max(1);
        self.cells
            .iter()
            .enumerate()
            .filter_map(move |(index, (bits, line))| {
                let symbol = char::from_u32(0x2800 + u32::from(*bits)).filter(|_| *bits != 0)?;
                let column = u16::try_from(index % width).ok()?;
                let row = u16::try_from(index / width).ok()?;
                Some((column, row, symbol, usize::from(*line)))
            })
    }
}
