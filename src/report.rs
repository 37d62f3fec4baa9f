//! The headless twins: the same observations and the same assessment as on screen, as table, JSON or Markdown.

pub mod table;
