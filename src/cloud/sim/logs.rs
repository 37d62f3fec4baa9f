//! Log lines, drawn on demand from what each beat of the world counted: the frontend's access log (nginx), the backend's (JSON lines),
//! PostgreSQL's, and VPC flow records. The same beat always tells the same lines.

use super::{
    dice::Dice,
    flow::flow,
    names,
    world::{Beat, Worker, World, moment},
};
use crate::{
    error::{Error, ErrorKind, Result},
    model::log::{LogEvent, LogQuery},
};
use jiff::Timestamp;

/// Client addresses of the visitors, in the documentation ranges.
const CLIENTS: [&str; 3] = ["192.0.2.", "198.51.100.", "203.0.113."];
const FILES: [(&str, u32); 6] = [
    ("/index.html", 1_412),
    ("/static/app.4f1c9e2b.js", 214_310),
    ("/static/app.4f1c9e2b.css", 31_877),
    ("/static/vendor.90ab31d7.js", 388_204),
    ("/favicon.ico", 4_286),
    ("/manifest.json", 492),
];
const STRAYS: [&str; 4] = ["/wp-admin/", "/.git/config", "/admin.php", "/backup.zip"];
const ROUTES: [(&str, &str, u16); 6] = [
    ("GET", "/api/catalog", 200),
    ("GET", "/api/items", 200),
    ("POST", "/api/items", 201),
    ("PUT", "/api/items/{id}", 200),
    ("GET", "/api/session", 200),
    ("POST", "/api/events", 202),
];
const REFUSALS: [(&str, &str, u16); 4] = [
    ("GET", "/api/items/{id}", 404),
    ("POST", "/api/login", 401),
    ("POST", "/api/items", 422),
    ("GET", "/api/session", 401),
];
/// Second of the hour at which the hourly report begins.
const REPORT_AT: i64 = 20 * 60;
const BROWSER: &str = "Mozilla/5.0 (X11; Linux x86_64) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/142.0.0.0 Safari/537.36";

/// Reads the newest lines of the span that match, in time order.
///
/// # Errors
/// `NotFound` for a group that the demo does not have; `Unsupported` for a pattern that is not made of terms.
pub fn read(world: &World, query: &LogQuery) -> Result<Vec<LogEvent>> {
    if query.pattern.starts_with(['{', '[', '%']) {
        return Err(Error::new(
            ErrorKind::Unsupported,
            format!("the demo's logs cannot be filtered by `{}`", query.pattern),
        )
        .hint("use terms, such as ERROR or ?ERROR ?WARNING"));
    }
    let mut lines = Vec::new();
    for group in &query.groups {
        let draw = source(group)?;
        let mut found = notices(world, group, query);
        for beat in world.beats.iter().rev() {
            if moment(beat.at) < query.from || found.len() >= query.limit {
                break;
            }
            if moment(beat.at - beat.seconds) >= query.to {
                continue;
            }
            let told = drawn(world.seed, group, draw, beat);
            let wanted = |line: &LogEvent| {
                (query.from..query.to).contains(&line.at)
                    && query.stream.as_ref().is_none_or(|s| *s == line.stream)
                    && matches(&query.pattern, &line.message)
            };
            found.extend(told.filter(wanted));
        }
        lines.append(&mut found);
    }
    lines.sort_by(|a, b| (a.at, &a.group, &a.stream).cmp(&(b.at, &b.group, &b.stream)));
    lines.drain(..lines.len().saturating_sub(query.limit));
    Ok(lines)
}

/// The lines of one beat.
fn drawn(seed: u64, group: &str, draw: Source, beat: &Beat) -> impl Iterator<Item = LogEvent> {
    let mut told = Vec::new();
    draw(beat, &mut Dice::at(seed, group, beat.at), &mut told);
    told.into_iter().map(move |(at, stream, message)| LogEvent {
        at,
        ingested: None,
        group: group.to_owned(),
        stream,
        id: None,
        message,
    })
}

/// What the lines of a span are drawn from: they can be told elsewhere while the world goes on.
pub struct Script {
    seed: u64,
    from: Timestamp,
    to: Timestamp,
    groups: Vec<(String, Source)>,
    beats: Vec<Beat>,
    notices: Vec<LogEvent>,
}

impl Script {
    /// Takes what the lines of `groups` are drawn from.
    ///
    /// # Errors
    /// `NotFound` for a group that the demo does not have.
    pub fn of(world: &World, groups: &[String], from: Timestamp, to: Timestamp) -> Result<Self> {
        let known = groups
            .iter()
            .map(|group| Ok((group.clone(), source(group)?)));
        let query = LogQuery {
            stream: None,
            groups: Vec::new(),
            from,
            to,
            pattern: String::new(),
            limit: usize::MAX,
        };
        let during = |beat: &&Beat| moment(beat.at) >= from && moment(beat.at - beat.seconds) < to;
        Ok(Self {
            seed: world.seed,
            from,
            to,
            groups: known.collect::<Result<_>>()?,
            beats: world.beats.iter().filter(during).cloned().collect(),
            notices: groups
                .iter()
                .flat_map(|group| notices(world, group, &query))
                .collect(),
        })
    }

    /// Tells the lines, group by group, the oldest beat first.
    pub fn lines(&self) -> impl Iterator<Item = LogEvent> {
        let drawn = self.groups.iter().flat_map(move |(group, draw)| {
            self.beats
                .iter()
                .flat_map(move |beat| drawn(self.seed, group, *draw, beat))
        });
        let during = |line: &LogEvent| (self.from..self.to).contains(&line.at);
        self.notices.iter().cloned().chain(drawn.filter(during))
    }
}

/// A line: its time, stream and text.
pub type Line = (Timestamp, String, String);
/// What writes a group's lines.
type Source = fn(&Beat, &mut Dice, &mut Vec<Line>);

fn source(group: &str) -> Result<Source> {
    match group {
        names::LOGS_FRONTEND => Ok(frontend),
        names::LOGS_BACKEND => Ok(backend),
        names::LOGS_DATABASE => Ok(database),
        names::LOGS_FLOW => Ok(flow),
        _ => Err(Error::new(
            ErrorKind::NotFound,
            format!("ResourceNotFoundException: The specified log group does not exist: {group}"),
        )
        .hint(
            "the demo's groups are those of its task definitions, its database and its flow logs",
        )),
    }
}

/// What the tasks of the group's service said of themselves when they started and stopped.
fn notices(world: &World, group: &str, query: &LogQuery) -> Vec<LogEvent> {
    world
        .compute
        .services()
        .into_iter()
        .filter(|service| service.spec.log_group == group)
        .flat_map(|service| {
            let name = service.spec.name;
            service
                .notices
                .iter()
                .map(move |(at, task, text)| LogEvent {
                    at: moment(*at),
                    ingested: None,
                    group: group.to_owned(),
                    stream: format!("{name}/{name}/{task}"),
                    id: None,
                    message: text.clone(),
                })
        })
        .filter(|line| {
            (query.from..query.to).contains(&line.at)
                && query.stream.as_ref().is_none_or(|s| *s == line.stream)
                && matches(&query.pattern, &line.message)
        })
        .collect()
}

/// Whether `message` matches a CloudWatch Logs filter pattern of terms: all plain ones must occur, one of those marked `?`, and none of
/// those marked `-`; quotes keep spaces (FilterAndPatternSyntax page). Case matters, as it does in CloudWatch.
fn matches(pattern: &str, message: &str) -> bool {
    let (mut any, mut optional) = (false, false);
    for term in terms(pattern) {
        let (mark, word) = match term.as_bytes().first() {
            Some(b'-') => ('-', &term[1..]),
            Some(b'?') => ('?', &term[1..]),
            _ => (' ', term.as_str()),
        };
        let found = message.contains(word.trim_matches('"'));
        match mark {
            '-' if found => return false,
            ' ' if !found => return false,
            '?' => {
                optional = true;
                any |= found;
            }
            _ => {}
        }
    }
    any || !optional
}

/// Splits a pattern at spaces outside quotes.
fn terms(pattern: &str) -> Vec<String> {
    let mut terms = Vec::new();
    let mut term = String::new();
    let mut quoted = false;
    for c in pattern.chars() {
        match c {
            ' ' if !quoted => {
                if !term.is_empty() {
                    terms.push(std::mem::take(&mut term));
                }
            }
            c => {
                quoted ^= c == '"';
                term.push(c);
            }
        }
    }
    if !term.is_empty() {
        terms.push(term);
    }
    terms
}

/// A moment within the beat.
fn within(beat: &Beat, dice: &mut Dice) -> Timestamp {
    let back = (dice.unit() * beat.seconds as f64 * 1_000.0) as i64 + 1;
    Timestamp::from_millisecond(beat.at * 1_000 - back).unwrap_or_else(|_| moment(beat.at))
}

pub fn client(dice: &mut Dice) -> String {
    format!("{}{}", dice.pick(&CLIENTS), dice.seconds(2, 250))
}

fn stream(service: &str, worker: &Worker) -> String {
    format!("{service}/{service}/{}", worker.id)
}

/// nginx in its combined format, the viewer's address in front as CloudFront hands it on.
fn frontend(beat: &Beat, dice: &mut Dice, lines: &mut Vec<Line>) {
    if beat.pages.is_empty() {
        return;
    }
    let (answered, refused) = beat.frontend;
    for index in 0..answered as usize {
        let at = within(beat, dice);
        let worker = dice.pick(&beat.pages).clone();
        let (path, status, bytes) = if index < refused as usize {
            (*dice.pick(&STRAYS), 404, 153)
        } else {
            let (path, bytes) = *dice.pick(&FILES);
            (path, 200, bytes)
        };
        let stamp = at.strftime("%d/%b/%Y:%H:%M:%S +0000");
        let client = client(dice);
        lines.push((
            at,
            stream(names::FRONTEND, &worker),
            format!(
                "{client} - - [{stamp}] \"GET {path} HTTP/1.1\" {status} {bytes} \"-\" \"{BROWSER}\""
            ),
        ));
    }
}

/// Flask behind gunicorn, one JSON object a request.
fn backend(beat: &Beat, dice: &mut Dice, lines: &mut Vec<Line>) {
    if beat.workers.is_empty() {
        return;
    }
    let (answered, refused, failed) = beat.backend;
    let (answered, refused, failed) = (answered as usize, refused as usize, failed as usize);
    for index in 0..answered {
        let at = within(beat, dice);
        let worker = dice.pick(&beat.workers).clone();
        let spread = (0.7 * dice.normal()).exp();
        let (level, (method, route, status)) = if index < failed {
            ("ERROR", ("POST", "/api/items", 500))
        } else if index < failed + refused {
            ("WARNING", *dice.pick(&REFUSALS))
        } else if index < failed + refused + beat.uploads as usize {
            ("INFO", ("POST", "/api/import", 202))
        } else {
            ("INFO", *dice.pick(&ROUTES))
        };
        let path = route.replace("{id}", &dice.seconds(1_000, 98_000).to_string());
        let milliseconds = (f64::from(beat.median) * spread * 1_000.0).max(1.0);
        let request = dice.hex(16);
        let what = if status == 500 {
            r#","error":"psycopg.errors.SerializationFailure: could not serialize access due to concurrent update""#
        } else {
            ""
        };
        let stamp = at.strftime("%Y-%m-%dT%H:%M:%S%.3fZ");
        lines.push((
            at,
            stream(names::BACKEND, &worker),
            format!(
                r#"{{"time":"{stamp}","level":"{level}","logger":"app.access","request_id":"{request}","method":"{method}","path":"{path}","status":{status},"duration_ms":{milliseconds:.0}{what}}}"#
            ),
        ));
    }
}

/// PostgreSQL: checkpoints every five minutes, statements past `log_min_duration_statement` now and then, what made the backend answer
/// 500, and once an hour a report that opens more connections than its role may have.
fn database(beat: &Beat, dice: &mut Dice, lines: &mut Vec<Line>) {
    let mut tell = |at: Timestamp, text: String| {
        let stamp = at.strftime("%Y-%m-%d %H:%M:%S UTC");
        lines.push((
            at,
            format!("{}.0", names::DATABASE),
            format!("{stamp}:{text}"),
        ));
    };
    let checkpoint = beat.at.div_euclid(300) * 300;
    if beat.at - beat.seconds <= checkpoint && checkpoint < beat.at {
        tell(
            moment(checkpoint),
            ":@:[487]:LOG:  checkpoint starting: time".to_owned(),
        );
        let buffers = 120.0 + f64::from(beat.backend.0) * 3.0;
        let text = format!(
            ":@:[487]:LOG:  checkpoint complete: wrote {buffers:.0} buffers ({:.1}%); 0 WAL file(s) added, 0 removed, 1 recycled",
            buffers / 1_250.0
        );
        tell(moment(checkpoint + 1), text);
    }
    let Some(worker) = beat.workers.first() else {
        return;
    };
    if dice.unit() < 0.004 * f64::from(beat.backend.0) / 10.0 {
        let at = within(beat, dice);
        let text = format!(
            "{}({}):app@hydren:[{}]:LOG:  duration: {:.3} ms  statement: SELECT id, name, price FROM items WHERE owner_id = $1 ORDER BY updated_at DESC LIMIT 50",
            worker.ip,
            dice.seconds(34_000, 60_900),
            dice.seconds(900, 32_000),
            dice.between(502.0, 890.0)
        );
        tell(at, text);
    }
    let mut of_client = |at: Timestamp, user: &str, dice: &mut Dice, texts: &[&str]| {
        let (port, process) = (dice.seconds(34_000, 60_900), dice.seconds(900, 32_000));
        for text in texts {
            let client = format!("{}({port}):{user}@hydren:[{process}]", worker.ip);
            tell(at, format!("{client}:{text}"));
        }
    };
    for _ in 0..beat.backend.2 as usize {
        let at = within(beat, dice);
        let texts = [
            "ERROR:  could not serialize access due to concurrent update",
            "STATEMENT:  UPDATE items SET name = $2, price = $3, updated_at = now() WHERE id = $1",
        ];
        of_client(at, "app", dice, &texts);
    }
    let report = (beat.at - REPORT_AT).div_euclid(3_600) * 3_600 + REPORT_AT;
    if beat.at - beat.seconds <= report && report < beat.at {
        for _ in 0..dice.seconds(1, 4) {
            let texts = ["FATAL:  too many connections for role \"report\""];
            of_client(moment(report), "report", dice, &texts);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::matches;

    #[test]
    fn a_pattern_wants_every_plain_term_one_optional_and_no_excluded_one() {
        assert!(matches("", "anything"));
        assert!(matches(
            "ERROR items",
            r#"{"level":"ERROR","path":"/api/items"}"#
        ));
        assert!(!matches("ERROR items", r#"{"level":"ERROR"}"#));
        assert!(matches("?ERROR ?WARNING", r#"{"level":"WARNING"}"#));
        assert!(!matches("?ERROR ?WARNING", r#"{"level":"INFO"}"#));
        assert!(!matches("ERROR -timeout", "ERROR timeout"));
        assert!(matches(
            r#""checkpoint starting""#,
            "LOG:  checkpoint starting: time"
        ));
        assert!(!matches("error", "ERROR"));
    }
}
