//! Several streams of followed logs as one.

use crate::model::log::{Delivery, Followed};
use futures::{
    StreamExt as _,
    future::ready,
    stream::{self, BoxStream},
};
use jiff::Timestamp;

/// How lines arrive, and why not otherwise.
type Way = (Delivery, Option<String>);

/// What one stream told last.
#[derive(Debug, Clone, Default)]
struct Part {
    way: Option<Way>,
    up_to: Option<Timestamp>,
    over: bool,
}

/// What all streams told together.
#[derive(Debug, Default)]
struct Merged {
    parts: Vec<Part>,
    way: Option<Way>,
    up_to: Option<Timestamp>,
}

/// Merges `streams`: lines as they come, one way of delivery for all, and what is told up to a moment only when all have told it. It
/// ends with the last of them.
#[must_use]
pub fn merged(mut streams: Vec<BoxStream<'_, Followed>>) -> BoxStream<'_, Followed> {
    if streams.len() == 1
        && let Some(only) = streams.pop()
    {
        return only;
    }
    let mut all = Merged {
        parts: vec![Part::default(); streams.len()],
        ..Merged::default()
    };
    let numbered = streams.into_iter().enumerate().map(|(index, stream)| {
        let told = stream.map(move |told| (index, Some(told)));
        told.chain(stream::once(ready((index, None)))).boxed()
    });
    stream::select_all(numbered)
        .flat_map(move |(index, told)| stream::iter(all.take(index, told)))
        .boxed()
}

impl Merged {
    fn take(&mut self, index: usize, told: Option<Followed>) -> Vec<Followed> {
        let part = &mut self.parts[index];
        match told {
            Some(Followed::Delivery(delivery, why)) => part.way = Some((delivery, why)),
            Some(Followed::UpTo(at)) => part.up_to = Some(at),
            Some(told) => return vec![told],
            None => part.over = true,
        }
        let mut news = Vec::new();
        if let Some(way) = self.all_ways()
            && self.way.as_ref() != Some(&way)
        {
            self.way = Some(way.clone());
            news.push(Followed::Delivery(way.0, way.1));
        }
        let up_to = self.running().map(|part| part.up_to).min().flatten();
        if up_to > self.up_to {
            self.up_to = up_to;
            news.extend(up_to.map(Followed::UpTo));
        }
        news
    }

    fn running(&self) -> impl Iterator<Item = &Part> {
        self.parts.iter().filter(|part| !part.over)
    }

    /// One way for all streams, once each has told its own.
    fn all_ways(&self) -> Option<Way> {
        let ways: Option<Vec<&Way>> = self.running().map(|part| part.way.as_ref()).collect();
        let ways = ways?;
        let first = *ways.first()?;
        let polled = ways.iter().find(|(way, _)| *way == Delivery::Polling);
        Some(match polled {
            None => first.clone(),
            Some(_) if ways.iter().all(|(way, _)| *way == Delivery::Polling) => first.clone(),
            Some((_, why)) => {
                let why = why.as_deref().unwrap_or("not all can be tailed");
                (Delivery::LiveTail, Some(format!("some polled: {why}")))
            }
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use futures::executor::block_on;

    fn at(second: i64) -> Followed {
        Followed::UpTo(Timestamp::from_second(second).unwrap())
    }

    fn told(streams: Vec<Vec<Followed>>) -> Vec<String> {
        let streams = streams.into_iter().map(|told| stream::iter(told).boxed());
        let all: Vec<Followed> = block_on(merged(streams.collect()).collect());
        all.iter().map(|told| format!("{told:?}")).collect()
    }

    #[test]
    fn what_one_stream_has_not_told_yet_is_not_told() {
        let mut all = Merged {
            parts: vec![Part::default(); 2],
            ..Merged::default()
        };
        let mut take = |index, told| format!("{:?}", all.take(index, told));
        assert_eq!(take(0, Some(at(9))), "[]");
        assert_eq!(take(1, Some(at(2))), "[UpTo(1970-01-01T00:00:02Z)]");
        // With the second stream over, the first alone counts.
        assert_eq!(take(1, None), "[UpTo(1970-01-01T00:00:09Z)]");
    }

    #[test]
    fn streams_that_are_polled_beside_live_tail_are_told_of_and_why() {
        let polled = Followed::Delivery(Delivery::Polling, Some("files".to_owned()));
        let live = Followed::Delivery(Delivery::LiveTail, None);
        let mixed = told(vec![
            vec![live.clone(), at(1)],
            vec![polled.clone(), at(1), at(2)],
        ]);
        assert!(
            mixed.iter().any(|told| told.contains("some polled: files")),
            "{mixed:?}"
        );
        let free = Followed::Delivery(Delivery::Polling, None);
        let all = told(vec![vec![free, at(1)], vec![polled, at(1), at(2)]]);
        assert!(all[0].contains("Delivery(Polling, None)"), "{all:?}");
    }
}
