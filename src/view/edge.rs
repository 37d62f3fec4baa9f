//! stub
use super::{Chart, Field, Scope};
use crate::grid::Grid;
pub(super) fn records(_: &Scope<'_>) -> Grid {
    Grid::default()
}
pub(super) fn health_checks(_: &Scope<'_>) -> Grid {
    Grid::default()
}
pub(super) fn origins(_: &Scope<'_>) -> Grid {
    Grid::default()
}
pub(super) fn behaviours(_: &Scope<'_>) -> Grid {
    Grid::default()
}
pub(super) fn invalidations(_: &Scope<'_>) -> Grid {
    Grid::default()
}
pub(super) fn rules(_: &Scope<'_>) -> Grid {
    Grid::default()
}
pub(super) fn samples(_: &Scope<'_>) -> Grid {
    Grid::default()
}
pub(super) fn fields(_: &Scope<'_>) -> Vec<Field> {
    Vec::new()
}
pub(super) fn charts(_: &Scope<'_>) -> Vec<Chart> {
    Vec::new()
}
