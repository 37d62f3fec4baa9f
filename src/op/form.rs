//! What an operation asks before its plan can be made, as data: one dialog draws every form.

use crate::error::{Error, ErrorKind, Result};
use std::{fmt::Display, str::FromStr};

/// One of several values.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Choice {
    /// What is taken.
    pub value: String,
    /// What is shown beside it.
    pub about: String,
}

/// What a field takes.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Kind {
    /// Any text.
    Text,
    /// A whole number between two.
    Number(i64, i64),
    /// One of these.
    OneOf(Vec<Choice>),
}

/// A field.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Field {
    /// Name, for the operation.
    pub name: &'static str,
    /// Label.
    pub label: &'static str,
    /// One line of help.
    pub help: String,
    /// What it takes.
    pub kind: Kind,
    /// What is filled in.
    pub value: String,
}

/// What is to be filled in.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Form {
    /// What for.
    pub title: String,
    /// What to know, one line each.
    pub notes: Vec<String>,
    /// Fields.
    pub fields: Vec<Field>,
}

impl Form {
    /// Makes a form without fields.
    #[must_use]
    pub fn new(title: impl Into<String>) -> Self {
        Self {
            title: title.into(),
            ..Self::default()
        }
    }

    /// Says something above the fields.
    #[must_use]
    pub fn note(mut self, text: impl Into<String>) -> Self {
        self.notes.push(text.into());
        self
    }

    /// Adds a field.
    #[must_use]
    pub fn field(
        mut self,
        name: &'static str,
        label: &'static str,
        kind: Kind,
        value: impl Display + Copy,
        help: impl Into<String>,
    ) -> Self {
        self.fields.push(Field {
            name,
            label,
            help: help.into(),
            kind,
            value: value.to_string(),
        });
        self
    }

    /// What is filled in under `name`, without blanks around it.
    #[must_use]
    pub fn text(&self, name: &str) -> &str {
        let field = self.fields.iter().find(|field| field.name == name);
        field.map_or("", |field| field.value.trim())
    }

    /// Reads what is filled in under `name`.
    ///
    /// # Errors
    /// `Usage` says what the field takes.
    pub fn value<T: FromStr>(&self, name: &str) -> Result<T> {
        self.text(name).parse().map_err(|_| {
            let field = self.fields.iter().find(|field| field.name == name);
            let label = field.map_or(name, |field| field.label);
            Error::new(
                ErrorKind::Usage,
                format!("{label}: `{}` is not what it takes", self.text(name)),
            )
        })
    }

    /// Why a field cannot be taken as it is filled in.
    #[must_use]
    pub fn fault(&self) -> Option<(usize, String)> {
        self.fields.iter().enumerate().find_map(|(index, field)| {
            let typed = field.value.trim();
            let fault = match &field.kind {
                Kind::Text => None,
                Kind::Number(least, most) => match typed.parse::<i64>() {
                    Ok(number) if (*least..=*most).contains(&number) => None,
                    _ => Some(format!("a number from {least} to {most}")),
                },
                Kind::OneOf(choices) if choices.iter().any(|c| c.value == typed) => None,
                Kind::OneOf(_) => Some("one of the list".to_owned()),
            };
            fault.map(|takes| (index, format!("{} takes {takes}", field.label)))
        })
    }
}
