//! How long it takes to take in a tier that was read, to judge everything, and to price it. `cargo bench --bench assess`.

#[allow(dead_code, reason = "shared with the captures, which need more of it")]
#[path = "../../examples/captures/demo.rs"]
mod demo;
mod sized;

use divan::Bencher;
use hydren::{
    cost::{self, Book, Look},
    triage,
};
use sized::Size;
use std::sync::Arc;

/// Columns and lines; nothing is drawn here.
const SIZE: (u16, u16) = (200, 60);

fn main() {
    divan::main();
}

/// Takes the answer of ECS: assessment, timeline, and the rows of every pane.
#[divan::bench(args = Size::ALL)]
fn update_with_ecs(bencher: Bencher<'_, '_>, size: Size) {
    let mut app = sized::console(size);
    let compute = Arc::new(app.seen.compute().expect("the demo has services").clone());
    bencher.bench_local(|| {
        let answer = sized::answer(&app, Arc::clone(&compute));
        app.update(answer)
    });
}

/// Runs the rules alone.
#[divan::bench(args = Size::ALL)]
fn assess(bencher: Bencher<'_, '_>, size: Size) {
    let app = sized::console(size);
    bencher.bench_local(|| triage::assess(&app.environment, &app.seen, app.now));
}

/// Takes stock of everything and prices it, line by line.
#[divan::bench(args = Size::ALL)]
fn estimate(bencher: Bencher<'_, '_>, size: Size) {
    let app = sized::console(size);
    bencher.bench_local(|| {
        let inventory = cost::inventory(&app.environment, &app.seen, &Look::Now);
        cost::estimate(Book::embedded(), &inventory)
    });
}

/// Everything that is said of costs: the estimate, the least and the most, the month, waste.
#[divan::bench(args = Size::ALL)]
fn costs(bencher: Bencher<'_, '_>, size: Size) {
    let app = sized::console(size);
    bencher.bench_local(|| cost::Costs::of(&app.environment, &app.seen, Book::embedded(), app.now));
}

/// The same where no input has changed.
#[divan::bench(args = Size::ALL)]
fn costs_again(bencher: Bencher<'_, '_>, size: Size) {
    let app = sized::console(size);
    let book = Book::embedded();
    let before = cost::Costs::of(&app.environment, &app.seen, book, app.now);
    bencher.bench_local(|| {
        cost::Costs::again(Some(&before), &app.environment, &app.seen, book, app.now)
    });
}
