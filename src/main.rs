//! Parses the command line, builds a cloud, runs the console or a headless twin.
fn main() {}
