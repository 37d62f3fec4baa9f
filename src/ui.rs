//! What the terminal shows: reads the application's state, draws, changes nothing.

pub mod widget;
