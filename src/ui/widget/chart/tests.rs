use super::{super::sheet, *};
use jiff::Timestamp;
use proptest::prelude::*;

fn window(minutes: i64) -> Window {
    let now: Timestamp = "2026-11-22T14:03:27Z".parse().unwrap();
    Window::last(now, minutes * 60)
}

/// A wave around `middle` with the given height.
fn wave(window: &Window, middle: f64, height: f64) -> Series {
    #[expect(clippy::cast_precision_loss, reason = "small indices")]
    let value = |i: usize| middle + height * (i as f64 / 9.0).sin();
    Series {
        values: (0..window.len()).map(value).collect(),
    }
}

fn drawn(chart: &Chart, width: u16, height: u16) -> String {
    sheet::lines(&sheet::draw(chart, width, height))
}

#[test]
fn lines_gaps_and_thresholds_at_three_widths() {
    let theme = Theme::default();
    let window = window(60);
    let (mut p50, p95) = (wave(&window, 0.2, 0.05), wave(&window, 1.1, 0.6));
    p50.values[20..28].fill(f64::NAN);
    let chart = Chart {
        theme: &theme,
        unit: Unit::Seconds,
        window,
        lines: &[
            Line {
                label: "p95",
                series: &p95,
                figure: None,
            },
            Line {
                label: "p50",
                series: &p50,
                figure: None,
            },
        ],
        thresholds: &[Threshold {
            label: "alarm",
            value: 1.5,
        }],
    };
    let sizes = [(40, 10), (80, 12), (120, 16)];
    insta::assert_snapshot!(sizes.map(|(w, h)| drawn(&chart, w, h)).join("――\n"));
}

#[test]
fn a_low_chart_keeps_the_clock_and_the_outer_ticks() {
    let theme = Theme::default();
    let window = window(15);
    let cpu = wave(&window, 40.0, 20.0);
    let chart = Chart {
        theme: &theme,
        unit: Unit::Percent,
        window,
        lines: &[Line {
            label: "backend",
            series: &cpu,
            figure: None,
        }],
        thresholds: &[Threshold {
            label: "target",
            value: 60.0,
        }],
    };
    insta::assert_snapshot!([7, 5, 3].map(|h| drawn(&chart, 60, h)).join("――\n"));
}

#[test]
fn a_far_limit_does_not_flatten_the_line() {
    let theme = Theme::default();
    let window = window(60);
    let used = wave(&window, 20.0, 5.0);
    let chart = Chart {
        theme: &theme,
        unit: Unit::Gauge,
        window,
        lines: &[Line {
            label: "open",
            series: &used,
            figure: None,
        }],
        thresholds: &[Threshold {
            label: "max",
            value: 5_000.0,
        }],
    };
    let drawn = drawn(&chart, 60, 8);
    assert!(
        drawn.contains("↑ max 5.0k") && drawn.contains("40 ┤"),
        "{drawn}"
    );
}

#[test]
fn nothing_known_is_said_and_not_drawn_as_zero() {
    let theme = Theme::default();
    let window = window(60);
    let unknown = Series {
        values: vec![f64::NAN; window.len()],
    };
    let chart = Chart {
        theme: &theme,
        unit: Unit::Seconds,
        window,
        lines: &[Line {
            label: "lag",
            series: &unknown,
            figure: None,
        }],
        thresholds: &[],
    };
    let drawn = drawn(&chart, 50, 8);
    assert!(
        drawn.contains("no data in this window") && drawn.contains("lag –"),
        "{drawn}"
    );
}

#[test]
fn a_legend_without_room_shortens_names_and_never_figures_or_limits() {
    let theme = Theme::default();
    let window = window(60);
    let used = wave(&window, 104.0, 1.0);
    let names = ["hydren-production-backend", "hydren-production-worker"];
    let chart = |lines| Chart {
        theme: &theme,
        unit: Unit::Gauge,
        window,
        lines,
        thresholds: &[Threshold {
            label: "max_connections",
            value: 5_000.0,
        }],
    };
    let lines = names.map(|label| Line {
        label,
        series: &used,
        figure: None,
    });
    let header = |lines, width, height| drawn(&chart(lines), width, height);
    let one = header(&lines[..1], 44, 7);
    let first = one.lines().next().unwrap_or_default();
    assert!(
        first.starts_with("↑ max_connections 5.0k  ━ hydren"),
        "{one}"
    );
    assert!(first.ends_with("… 104"), "{one}");
    let low = header(&lines, 30, 7);
    let first = low.lines().next().unwrap_or_default();
    assert_eq!(first.matches("… 104").count(), 2, "{low}");
    let high = header(&lines, 30, 10);
    let mut rows = high.lines();
    assert_eq!(rows.next(), Some("↑ max_connections 5.0k"), "{high}");
    assert_eq!(rows.next(), Some(first), "{high}");
}

#[test]
fn ticks_are_round_in_their_unit() {
    let ticks = |highest, unit| {
        let rows = 12;
        let ticks = Values::round(highest, unit, rows).ticks(unit, rows);
        ticks
            .into_iter()
            .map(|(_, label)| label)
            .collect::<Vec<_>>()
            .join(" ")
    };
    assert_eq!(ticks(97.0, Unit::Percent), "0 % 20 % 40 % 60 % 80 % 100 %");
    assert_eq!(ticks(2.0, Unit::Percent), "0 % 0.50 % 1.0 % 1.5 % 2.0 %");
    assert_eq!(ticks(3.0, Unit::Count), "0 1 2 3");
    assert_eq!(ticks(0.0, Unit::Count), "0 1");
    assert_eq!(ticks(4_200.0, Unit::Count), "0 1.0k 2.0k 3.0k 4.0k 5.0k");
    assert_eq!(ticks(0.3, Unit::Seconds), "0 ms 100 ms 200 ms 300 ms");
    assert_eq!(
        ticks(1.9e9, Unit::Bytes),
        "0 B 512 MiB 1.0 GiB 1.5 GiB 2.0 GiB"
    );
    assert_eq!(ticks(1.0, Unit::Flag), "down up");
}

#[test]
fn a_week_is_labelled_by_day_and_an_hour_by_the_clock() {
    let labels = |minutes, width| {
        let moments = axis::moments(&window(minutes), width);
        moments
            .into_iter()
            .map(|(_, label)| label)
            .collect::<Vec<_>>()
            .join(" ")
    };
    assert_eq!(labels(60, 60), "13:10 13:20 13:30 13:40 13:50 14:00");
    assert_eq!(
        labels(7 * 1_440, 80),
        "16 Nov 17 Nov 18 Nov 19 Nov 20 Nov 21 Nov 22 Nov"
    );
    assert_eq!(labels(60, 5), "");
}

proptest! {
    #[test]
    fn any_values_in_any_area_stay_inside_of_it(
        values in prop::collection::vec(prop::num::f64::ANY, 0..80),
        width in 0u16..60,
        height in 0u16..20,
        limit in prop::num::f64::ANY,
    ) {
        let theme = Theme::default();
        let series = Series { values };
        let chart = Chart {
            theme: &theme,
            unit: Unit::Gauge,
            window: window(60),
            lines: &[Line { label: "any", series: &series, figure: None }; 8],
            thresholds: &[Threshold { label: "limit", value: limit }],
        };
        let mut buffer = Buffer::empty(Rect::new(0, 0, 64, 24));
        let area = Rect::new(2, 2, width, height);
        chart.render(area, &mut buffer);
        for y in 0..24 {
            for x in 0..64 {
                if !area.contains((x, y).into()) {
                    prop_assert_eq!(buffer[(x, y)].symbol(), " ", "{},{}", x, y);
                }
            }
        }
    }
}
