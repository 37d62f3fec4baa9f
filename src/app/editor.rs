//! A text of several lines that is typed.

use crossterm::event::{Event, KeyCode, KeyEvent};
use tui_input::{Input, InputRequest, backend::crossterm::EventHandler as _};

/// A text of several lines and the place where it is typed; a line at least.
#[derive(Debug, Clone)]
pub struct Editor {
    lines: Vec<Input>,
    line: usize,
}

impl Editor {
    /// Begins with `text`, at its end.
    #[must_use]
    pub fn new(text: &str) -> Self {
        let lines: Vec<Input> = text.split('\n').map(Input::from).collect();
        Self {
            line: lines.len() - 1,
            lines,
        }
    }

    /// The text.
    #[must_use]
    pub fn text(&self) -> String {
        let lines: Vec<&str> = self.lines.iter().map(Input::value).collect();
        lines.join("\n")
    }

    /// The lines, and which of them is typed.
    #[must_use]
    pub fn lines(&self) -> (&[Input], usize) {
        (&self.lines, self.line)
    }

    /// Takes a key.
    pub fn key(&mut self, key: KeyEvent) {
        let here = self.lines[self.line].cursor();
        match key.code {
            KeyCode::Enter => self.insert("\n"),
            KeyCode::Up => self.go_to(self.line.saturating_sub(1)),
            KeyCode::Down => self.go_to((self.line + 1).min(self.lines.len() - 1)),
            KeyCode::Backspace if here == 0 && self.line > 0 => self.join(self.line - 1),
            KeyCode::Delete
                if here == self.lines[self.line].value().chars().count()
                    && self.line + 1 < self.lines.len() =>
            {
                self.join(self.line);
            }
            _ => {
                self.lines[self.line].handle_event(&Event::Key(key));
            }
        }
    }

    /// Types `text` where the cursor is.
    pub fn insert(&mut self, text: &str) {
        for c in text.chars() {
            if c == '\n' {
                let (value, at) = self.here();
                let (before, after) = value.split_at(at);
                let (before, after) = (Input::from(before), Input::from(after).with_cursor(0));
                self.lines[self.line] = before;
                self.line += 1;
                self.lines.insert(self.line, after);
            } else if !c.is_control() {
                self.lines[self.line].handle(InputRequest::InsertChar(c));
            }
        }
    }

    /// The line that is typed, and the byte at its cursor.
    fn here(&self) -> (String, usize) {
        let input = &self.lines[self.line];
        let at = input.value().char_indices().nth(input.cursor());
        let at = at.map_or(input.value().len(), |(at, _)| at);
        (input.value().to_owned(), at)
    }

    fn go_to(&mut self, line: usize) {
        let column = self.lines[self.line].cursor();
        self.line = line;
        let input = self.lines[line].clone();
        self.lines[line] = input.with_cursor(column);
    }

    /// Joins a line and the next one.
    fn join(&mut self, line: usize) {
        let after = self.lines.remove(line + 1);
        let before = self.lines[line].value();
        let cursor = before.chars().count();
        self.lines[line] = Input::from(format!("{before}{}", after.value())).with_cursor(cursor);
        self.line = line;
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn typed(editor: &mut Editor, keys: &[KeyCode]) -> String {
        for key in keys {
            editor.key(KeyEvent::from(*key));
        }
        editor.text()
    }

    #[test]
    fn lines_are_split_and_joined_where_the_cursor_is() {
        let mut editor = Editor::new("stats count(*)\n| limit 5");
        let home_and_back = [KeyCode::Home, KeyCode::Backspace];
        assert_eq!(
            typed(&mut editor, &home_and_back),
            "stats count(*)| limit 5"
        );
        assert_eq!(
            typed(&mut editor, &[KeyCode::Enter]),
            "stats count(*)\n| limit 5"
        );
        let above = [KeyCode::Up, KeyCode::End, KeyCode::Char('!')];
        assert_eq!(typed(&mut editor, &above), "stats count(*)!\n| limit 5");
        let joined = [KeyCode::Delete, KeyCode::Delete, KeyCode::Char('§')];
        assert_eq!(typed(&mut editor, &joined), "stats count(*)!§ limit 5");
    }

    #[test]
    fn what_is_pasted_keeps_its_lines_and_loses_control_characters() {
        let mut editor = Editor::new("");
        editor.insert("fields a\u{1b}\n| sort b");
        assert_eq!(editor.text(), "fields a\n| sort b");
        assert_eq!(editor.lines().1, 1);
    }
}
