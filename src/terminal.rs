//! The terminal: taken over, drawn on, and given back whatever happens.

use crate::{
    app::{App, Mouse},
    error::{Error, ErrorKind, Result},
    ui,
};
use crossterm::{
    clipboard::CopyToClipboard,
    cursor::Show,
    event::{DisableBracketedPaste, DisableMouseCapture, EnableBracketedPaste, EnableMouseCapture},
    execute, queue,
    terminal::{
        BeginSynchronizedUpdate, EndSynchronizedUpdate, EnterAlternateScreen, LeaveAlternateScreen,
        disable_raw_mode, enable_raw_mode,
    },
};
use ratatui::{backend::CrosstermBackend, buffer::Buffer};
use std::io::{BufWriter, IsTerminal as _, Stdout, Write as _, stdout};

/// The terminal in the console's hands; dropping it gives it back.
pub struct Terminal {
    inner: ratatui::Terminal<CrosstermBackend<BufWriter<Stdout>>>,
    /// What the terminal shows.
    shown: Option<Buffer>,
}

impl Terminal {
    /// Takes the terminal over: raw mode, alternate screen, bracketed paste.
    ///
    /// # Errors
    /// Stdout is no terminal, or the terminal refuses.
    pub fn enter() -> Result<Self> {
        if !stdout().is_terminal() {
            return Err(Error::new(
                ErrorKind::Usage,
                "the console needs a terminal, and stdout is none",
            )
            .hint("for scripts and pipes there is `hydren status`"));
        }
        give_back_on_panic();
        let enter = || {
            take_over()?;
            ratatui::Terminal::new(CrosstermBackend::new(BufWriter::with_capacity(
                64 * 1024,
                stdout(),
            )))
        };
        match enter() {
            Ok(inner) => Ok(Self { inner, shown: None }),
            Err(e) => {
                give_back();
                Err(fault(e))
            }
        }
    }

    /// Draws the console as it is. A frame that the terminal shows already writes nothing at all.
    ///
    /// # Errors
    /// The terminal went away.
    pub fn draw(&mut self, app: &App) -> Result<()> {
        let mut draw = || {
            let mut frame = Buffer::empty(self.inner.size()?.into());
            ui::render(app, frame.area, &mut frame);
            if self.shown.as_ref() == Some(&frame) {
                return Ok(());
            }
            // The terminal shows the frame whole or not at all: no tearing, no flicker.
            queue!(self.inner.backend_mut(), BeginSynchronizedUpdate)?;
            self.inner.draw(|target| {
                // A size that changed in between brings another frame of its own.
                if target.area() == frame.area {
                    target.buffer_mut().clone_from(&frame);
                }
            })?;
            execute!(self.inner.backend_mut(), EndSynchronizedUpdate)?;
            self.shown = Some(frame);
            Ok(())
        };
        draw().map_err(fault)
    }

    /// Gives the terminal back for a while; [`Terminal::resume`] takes it over again.
    pub fn suspend(&mut self) {
        give_back();
    }

    /// Gives the terminal to somebody else for a while, with a line for whoever sits at it.
    pub fn hand_over(&mut self, line: &str) {
        self.suspend();
        // Who cannot read it will not type either.
        let _ = stdout().write_all(line.as_bytes());
        let _ = stdout().flush();
    }

    /// Takes the terminal over again, whatever was done to it meanwhile. The next frame is drawn whole.
    ///
    /// # Errors
    /// The terminal went away.
    pub fn resume(&mut self, mouse: Mouse) -> Result<()> {
        take_over()
            .and_then(|()| self.inner.clear())
            .map_err(fault)?;
        self.shown = None;
        if mouse == Mouse::Captured {
            self.mouse(mouse)?;
        }
        Ok(())
    }

    /// Puts text on the clipboard of the terminal's own machine (OSC 52), also over SSH.
    ///
    /// # Errors
    /// The terminal went away.
    pub fn copy(&mut self, text: &str) -> Result<()> {
        execute!(
            self.inner.backend_mut(),
            CopyToClipboard::to_clipboard_from(text)
        )
        .map_err(fault)
    }

    /// Captures the mouse or leaves it to the terminal.
    ///
    /// # Errors
    /// The terminal went away.
    pub fn mouse(&mut self, mouse: Mouse) -> Result<()> {
        match mouse {
            Mouse::Captured => execute!(self.inner.backend_mut(), EnableMouseCapture),
            Mouse::Terminal => execute!(self.inner.backend_mut(), DisableMouseCapture),
        }
        .map_err(fault)
    }
}

impl Drop for Terminal {
    fn drop(&mut self) {
        give_back();
    }
}

fn take_over() -> std::io::Result<()> {
    enable_raw_mode()?;
    execute!(stdout(), EnterAlternateScreen, EnableBracketedPaste)
}

/// Gives the terminal back. What fails here has nobody left to be told to.
fn give_back() {
    let _ = disable_raw_mode();
    let _ = execute!(
        stdout(),
        DisableMouseCapture,
        DisableBracketedPaste,
        LeaveAlternateScreen,
        Show
    );
    let _ = stdout().flush();
}

/// On a panic in any thread: terminal back first, then what happened, then out. A console that lost a task shows lies.
fn give_back_on_panic() {
    std::panic::set_hook(Box::new(|panic| {
        give_back();
        let place = panic
            .location()
            .map(|l| format!(" at {}:{}", l.file(), l.line()))
            .unwrap_or_default();
        let what = panic.payload_as_str().unwrap_or("no message");
        let _ = writeln!(
            std::io::stderr(),
            "hydren: a fault in hydren itself{place}: {}\n  hint: nothing was changed by it; start hydren again, and report this line",
            crate::text::neutral(what)
        );
        std::process::exit(1);
    }));
}

fn fault(source: std::io::Error) -> Error {
    Error::new(ErrorKind::Io, "the terminal cannot be used").source(source)
}
