//! `.dockerignore`, by Docker's own rules.
//!
//! They are those of moby/patternmatcher (`patternmatcher.go`, `ignorefile/ignorefile.go`), which differ from Git's: patterns are whole
//! paths from the context's root, never base names; the last one that matches decides; what matches a folder matches all below it; a
//! folder that is left out is looked into only if a later `!pattern` begins with its path.

use crate::error::{Error, ErrorKind, Result};
use regex::Regex;
use std::{fs, path::Path};

/// What is left out of a context.
#[derive(Debug, Default)]
pub struct Ignore {
    patterns: Vec<Pattern>,
}

/// Whether a path is sent.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Sent {
    /// It is.
    Yes,
    /// It is not, and nothing below it.
    No,
    /// It is not, but something below it may be.
    PartsOfIt,
}

#[derive(Debug)]
struct Pattern {
    /// As it was cleaned.
    text: String,
    effect: Effect,
    matching: Matching,
}

/// What becomes of a path that a pattern matches.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Effect {
    LeaveOut,
    /// `!`
    TakeIn,
}

/// How a pattern matches, as patternmatcher tells them apart.
#[derive(Debug)]
enum Matching {
    Exact,
    /// `path/**`
    Prefix(String),
    /// `**` and what follows it, without further wildcards.
    Suffix(String),
    Regex(Regex),
}

impl Ignore {
    /// Reads what belongs to `dockerfile` in the context `root`: `<Dockerfile>.dockerignore`, which is stronger, else `.dockerignore`.
    ///
    /// # Errors
    /// `Config` for a file that cannot be read and a pattern that is none.
    pub fn read(root: &Path, dockerfile: &Path) -> Result<Self> {
        let mut own = root.join(dockerfile).into_os_string();
        own.push(".dockerignore");
        for path in [own.into(), root.join(".dockerignore")] {
            let text = match fs::read(&path) {
                Ok(text) => text,
                Err(e) if e.kind() == std::io::ErrorKind::NotFound => continue,
                Err(e) => {
                    let what = format!("{} cannot be read: {e}", path.display());
                    return Err(Error::new(ErrorKind::Config, what).hint("make it readable"));
                }
            };
            let mut ignore = Self::parse(&String::from_utf8_lossy(&text)).map_err(|what| {
                Error::new(ErrorKind::Config, format!("{}: {what}", path.display()))
                    .hint("docs.docker.com/build/concepts/context says how patterns are written")
            })?;
            // The engine needs both, whatever the patterns say (docker/cli `TrimBuildFilesFromExcludes`).
            for needed in [Path::new(".dockerignore"), dockerfile] {
                let needed = slashed(needed);
                if ignore.leaves_out(&needed) {
                    ignore.patterns.push(Pattern {
                        text: needed,
                        effect: Effect::TakeIn,
                        matching: Matching::Exact,
                    });
                }
            }
            return Ok(ignore);
        }
        Ok(Self::default())
    }

    /// Reads patterns, one a line.
    fn parse(text: &str) -> Result<Self, String> {
        let text = text.strip_prefix('\u{feff}').unwrap_or(text);
        let patterns = text
            .lines()
            .enumerate()
            .filter(|(_, line)| !line.starts_with('#') && !line.trim().is_empty())
            .map(|(at, line)| {
                Pattern::parse(line.trim())
                    .ok_or_else(|| format!("line {}: `{}` is no pattern", at + 1, line.trim()))
            })
            .collect::<Result<_, _>>()?;
        Ok(Self { patterns })
    }

    /// Says whether `path`, relative to the context, is sent.
    #[must_use]
    pub fn sent(&self, path: &Path) -> Sent {
        let path = slashed(path);
        if !self.leaves_out(&path) {
            return Sent::Yes;
        }
        let below = format!("{path}/");
        let looked_into = self
            .patterns
            .iter()
            .filter(|pattern| pattern.effect == Effect::TakeIn)
            .any(|pattern| format!("{}/", pattern.text).starts_with(&below));
        if looked_into {
            Sent::PartsOfIt
        } else {
            Sent::No
        }
    }

    /// `MatchesOrParentMatches` of patternmatcher.
    fn leaves_out(&self, path: &str) -> bool {
        let mut out = false;
        for pattern in &self.patterns {
            let matters = (pattern.effect == Effect::LeaveOut) != out;
            if matters && pattern.matches_with_parents(path) {
                out = !out;
            }
        }
        out
    }
}

impl Pattern {
    /// Reads one pattern; `None` where it is none.
    fn parse(text: &str) -> Option<Self> {
        let (effect, text) = match text.strip_prefix('!') {
            Some(rest) => (Effect::TakeIn, rest.trim()),
            None => (Effect::LeaveOut, text),
        };
        if text.is_empty() {
            return None;
        }
        let text = clean(text);
        let text = match text.strip_prefix('/') {
            Some(rest) if !rest.is_empty() => rest.to_owned(),
            _ => text,
        };
        let matching = Matching::compile(&text)?;
        Some(Self {
            text,
            effect,
            matching,
        })
    }

    fn matches_with_parents(&self, path: &str) -> bool {
        let parents = path.match_indices('/').map(|(at, _)| &path[..at]);
        parents.chain([path]).any(|part| self.matches(part))
    }

    fn matches(&self, path: &str) -> bool {
        match &self.matching {
            Matching::Exact => path == self.text,
            Matching::Prefix(prefix) => path.starts_with(prefix),
            Matching::Suffix(suffix) => {
                path.ends_with(suffix) || suffix.strip_prefix('/') == Some(path)
            }
            Matching::Regex(regex) => regex.is_match(path),
        }
    }
}

impl Matching {
    /// `compile` of patternmatcher: what it makes of each character, and which kind that gives.
    fn compile(pattern: &str) -> Option<Self> {
        let mut regex = String::from("^");
        let mut kind = Kind::Exact;
        let mut rest = pattern.chars().peekable();
        let mut first = true;
        while let Some(c) = rest.next() {
            match c {
                '*' if rest.next_if_eq(&'*').is_some() => {
                    // `**/` is as `**`.
                    rest.next_if_eq(&'/');
                    if rest.peek().is_some() {
                        regex.push_str("(.*/)?");
                        kind = Kind::Regex;
                    } else if kind == Kind::Exact {
                        kind = Kind::Prefix;
                    } else {
                        regex.push_str(".*");
                        kind = Kind::Regex;
                    }
                    if first {
                        kind = Kind::Suffix;
                    }
                }
                '*' => {
                    regex.push_str("[^/]*");
                    kind = Kind::Regex;
                }
                '?' => {
                    regex.push_str("[^/]");
                    kind = Kind::Regex;
                }
                '\\' => {
                    let literal = rest.next()?;
                    regex.push_str(&regex::escape(literal.encode_utf8(&mut [0; 4])));
                    kind = Kind::Regex;
                }
                '[' | ']' => {
                    regex.push(c);
                    kind = Kind::Regex;
                }
                // Within a class these mean what they mean in a regular expression.
                '-' | '^' => regex.push(c),
                c => regex.push_str(&regex::escape(c.encode_utf8(&mut [0; 4]))),
            }
            first = false;
        }
        Some(match kind {
            Kind::Exact => Self::Exact,
            Kind::Prefix => Self::Prefix(pattern[..pattern.len() - 2].to_owned()),
            Kind::Suffix => Self::Suffix(pattern[2..].to_owned()),
            Kind::Regex => Self::Regex(Regex::new(&(regex + "$")).ok()?),
        })
    }
}

/// Which [`Matching`] it becomes.
#[derive(PartialEq, Eq)]
enum Kind {
    Exact,
    Prefix,
    Suffix,
    Regex,
}

/// Go's `filepath.Clean`: no `.`, no doubled slashes, `..` resolved as far as it goes.
fn clean(path: &str) -> String {
    let rooted = path.starts_with('/');
    let mut parts: Vec<&str> = Vec::new();
    for part in path.split('/') {
        match part {
            "" | "." => {}
            ".." if parts.last().is_some_and(|last| *last != "..") => {
                parts.pop();
            }
            ".." if rooted => {}
            part => parts.push(part),
        }
    }
    let joined = parts.join("/");
    match (rooted, joined.is_empty()) {
        (true, _) => format!("/{joined}"),
        (false, true) => ".".to_owned(),
        (false, false) => joined,
    }
}

fn slashed(path: &Path) -> String {
    clean(&path.to_string_lossy())
}

#[cfg(test)]
mod tests;
