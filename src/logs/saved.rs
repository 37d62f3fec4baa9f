//! Questions to Logs Insights that this architecture makes one ask. The language is that of the CloudWatch Logs user guide, Logs Insights
//! query syntax: `parse` with `*` or named groups, `stats` with `bin`, `pct` and `by`, `filter`, `sort`, `limit`. Of JSON lines Logs
//! Insights finds the fields itself; of other lines each query takes what it needs from `@message`.

use crate::model::log::LogOrigin;

/// A question that is kept ready.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct SavedQuery {
    /// Short name, one word with dashes: what the command line takes.
    pub name: &'static str,
    /// What it answers.
    pub answers: &'static str,
    /// What must have written the log groups that it is put to.
    pub origin: LogOrigin,
    /// The query.
    pub text: &'static str,
}

/// The start of an access line in the combined format.
macro_rules! access {
    () => {
        r#"parse @message /^(?<client>\S+) \S+ \S+ \[[^\]]+\] "(?<method>\S+) (?<path>[^ ?"]+)[^"]*" (?<status>\d{3}) (?<bytes>\d+|-)/
| filter ispresent(client)
"#
    };
}

/// A path without what comes after its first part that begins with a digit: requests for `/api/items/7` and `/api/items/8` are alike.
macro_rules! route {
    () => {
        r"| parse path /^(?<route>(?:\/[^\/\d][^\/]*)*)/
"
    };
}

/// The default flow record by the names of its fields, with `_` where they have `-`.
macro_rules! flow {
    () => {
        r#"parse @message "* * * * * * * * * * * * * *" as version, account_id, interface_id, srcaddr, dstaddr, srcport, dstport, protocol, packets, bytes, start, end, action, log_status
"#
    };
}

/// RDS's log line prefix up to the user: `%t:%r:%u@%d:[%p]:`, and what follows it.
macro_rules! postgres {
    () => {
        r"parse @message /:(?<user>[^:@]*)@(?<database>[^:@]*):\[\d+\]:(?:.*:)?(?<severity>[A-Z]+):  (?<what>.*)/
"
    };
}

/// All of them, those of the request path first.
pub const SAVED: [SavedQuery; 14] = [
    SavedQuery {
        name: "errors-by-path",
        answers: "Which paths of the backend answer 5xx, and how often",
        origin: LogOrigin::Service,
        text: concat!(
            "filter status >= 500\n",
            route!(),
            "| stats count(*) as errors by method, route, status
| sort errors desc
| limit 50"
        ),
    },
    SavedQuery {
        name: "slowest-requests",
        answers: "The single requests of the backend that took longest",
        origin: LogOrigin::Service,
        text: "fields @timestamp, duration_ms, method, path, status, request_id
| filter ispresent(duration_ms)
| sort duration_ms desc
| limit 50",
    },
    SavedQuery {
        name: "slowest-paths",
        answers: "Which paths of the backend are slow, by their 95th percentile",
        origin: LogOrigin::Service,
        text: concat!(
            "filter ispresent(duration_ms)\n",
            route!(),
            "| stats count(*) as requests, avg(duration_ms) as average, pct(duration_ms, 95) as p95, max(duration_ms) as longest by method, route
| sort p95 desc
| limit 50"
        ),
    },
    SavedQuery {
        name: "requests-by-status",
        answers: "How many requests of the backend ended with which status",
        origin: LogOrigin::Service,
        text: "filter ispresent(status)
| stats count(*) as requests by status
| sort requests desc",
    },
    SavedQuery {
        name: "errors-by-minute",
        answers: "When the backend answered 5xx",
        origin: LogOrigin::Service,
        text: "filter status >= 500
| stats count(*) as errors by bin(1m) as minute
| sort minute asc",
    },
    SavedQuery {
        name: "errors-by-message",
        answers: "What the backend's errors say, and how often",
        origin: LogOrigin::Service,
        text: r#"filter level in ["ERROR", "CRITICAL", "error", "critical"] or @message like /Traceback \(most recent call last\)/
| fields coalesce(error, message, msg, @message) as what
| stats count(*) as errors, max(@timestamp) as last by what
| sort errors desc
| limit 50"#,
    },
    SavedQuery {
        name: "frontend-by-status",
        answers: "How many requests of nginx ended with which status",
        origin: LogOrigin::Service,
        text: concat!(
            access!(),
            "| stats count(*) as requests, sum(bytes) as sent by status
| sort requests desc"
        ),
    },
    SavedQuery {
        name: "frontend-missing",
        answers: "Which paths nginx did not find, and for how many clients",
        origin: LogOrigin::Service,
        text: concat!(
            access!(),
            "| filter status = 404
| stats count(*) as requests, count_distinct(client) as clients by path
| sort requests desc
| limit 50"
        ),
    },
    SavedQuery {
        name: "top-talkers",
        answers: "Between which addresses the most bytes went",
        origin: LogOrigin::FlowLogs,
        text: concat!(
            flow!(),
            r#"| filter log_status = "OK"
| stats sum(bytes) as total, sum(packets) as sent, count(*) as flows by srcaddr, dstaddr
| sort total desc
| limit 50"#
        ),
    },
    SavedQuery {
        name: "rejects-by-source",
        answers: "Whose flows were refused, and on how many ports",
        origin: LogOrigin::FlowLogs,
        text: concat!(
            flow!(),
            r#"| filter action = "REJECT"
| stats count(*) as flows, count_distinct(dstport) as ports by srcaddr
| sort flows desc
| limit 50"#
        ),
    },
    SavedQuery {
        name: "rejects-by-port",
        answers: "On which ports of which interfaces flows were refused",
        origin: LogOrigin::FlowLogs,
        text: concat!(
            flow!(),
            r#"| filter action = "REJECT"
| stats count(*) as flows, count_distinct(srcaddr) as sources by interface_id, protocol, dstport
| sort flows desc
| limit 50"#
        ),
    },
    SavedQuery {
        name: "slow-sql",
        answers: "The statements that took longest, of those past log_min_duration_statement",
        origin: LogOrigin::Database,
        text: r"parse @message /duration: (?<milliseconds>[0-9.]+) ms  (?:statement|execute [^:]*|parse [^:]*|bind [^:]*): (?<statement>.*)/
| filter ispresent(milliseconds)
| stats count(*) as times, max(milliseconds) as longest, avg(milliseconds) as average by statement
| sort longest desc
| limit 50",
    },
    SavedQuery {
        name: "database-errors-by-user",
        answers: "Which users met which errors of PostgreSQL",
        origin: LogOrigin::Database,
        text: concat!(
            postgres!(),
            r#"| filter severity in ["ERROR", "FATAL", "PANIC"]
| stats count(*) as errors by user, database, severity, what
| sort errors desc
| limit 50"#
        ),
    },
    SavedQuery {
        name: "database-connections",
        answers: "When PostgreSQL refused connections, and why",
        origin: LogOrigin::Database,
        text: concat!(
            postgres!(),
            r#"| filter severity = "FATAL"
| stats count(*) as refused by bin(1m) as minute, user, what
| sort minute asc"#
        ),
    },
];

/// Finds a saved query by its name.
#[must_use]
pub fn saved(name: &str) -> Option<&'static SavedQuery> {
    SAVED.iter().find(|query| query.name == name)
}

#[cfg(test)]
mod tests {
    use super::*;
    use regex::Regex;
    use std::collections::HashSet;

    /// What stands between the slashes of the query's `parse`.
    fn expression(name: &str) -> Regex {
        let text = saved(name).unwrap().text;
        let text = text.split_once("parse @message /").unwrap().1;
        Regex::new(text.split("/\n").next().unwrap()).unwrap()
    }

    #[test]
    fn the_documentation_lists_each_query() {
        let page = include_str!("../../docs/logs.md");
        for query in SAVED {
            let row = format!("| `{}` | {} |\n", query.name, query.answers);
            assert!(page.contains(&row), "docs/logs.md misses {row}");
        }
    }

    #[test]
    fn names_are_words_that_occur_once() {
        let names: HashSet<_> = SAVED.iter().map(|query| query.name).collect();
        assert_eq!(names.len(), SAVED.len());
        let word = |name: &str| {
            name.bytes()
                .all(|byte| byte.is_ascii_lowercase() || byte == b'-')
        };
        assert!(names.into_iter().all(word));
        assert_eq!(saved("no-such-query"), None);
    }

    #[test]
    fn queries_are_made_of_commands_that_exist() {
        const COMMANDS: [&str; 7] = [
            "fields", "filter", "parse", "stats", "sort", "limit", "display",
        ];
        for query in SAVED {
            for stage in query.text.split("\n| ") {
                let command = stage.split(' ').next().unwrap();
                assert!(COMMANDS.contains(&command), "{}: {stage}", query.name);
            }
        }
    }

    #[test]
    fn each_star_of_a_parse_has_its_name() {
        let globs = SAVED
            .iter()
            .filter_map(|query| query.text.strip_prefix("parse @message \""));
        let mut seen = 0;
        for glob in globs {
            let (pattern, rest) = glob.split_once("\" as ").unwrap();
            let names = rest.split('\n').next().unwrap().replace('_', "-");
            assert_eq!(names, crate::logs::flow::DEFAULT.join(", "));
            assert_eq!(
                pattern.matches('*').count(),
                crate::logs::flow::DEFAULT.len()
            );
            assert_eq!(
                pattern.matches('*').count(),
                crate::logs::flow::DEFAULT.len()
            );
            seen += 1;
        }
        assert_eq!(seen, 3);
    }

    #[test]
    fn what_is_asked_of_nginx_is_in_its_lines() {
        let line = r#"203.0.113.7 - - [22/Nov/2026:03:14:15 +0000] "GET /admin.php?x=1 HTTP/1.1" 404 153 "-" "curl""#;
        let found = expression("frontend-missing");
        let found = found.captures(line).unwrap();
        assert_eq!(
            (&found["client"], &found["path"]),
            ("203.0.113.7", "/admin.php")
        );
        assert_eq!((&found["status"], &found["bytes"]), ("404", "153"));
    }

    #[test]
    fn what_is_asked_of_postgresql_is_in_its_lines() {
        let errors = expression("database-errors-by-user");
        for line in [
            "2026-11-22 03:14:15 UTC:10.0.11.52(41234):app@hydren:[1234]:FATAL:  sorry, too many clients already",
            "2026-11-22 03:14:15.123 UTC:10.0.1.5(5432):app@hydren:[71]:3:53300:2026-11-22 03:14:15 UTC:4/12:0:abc.1:[unknown]:FATAL:  sorry, too many clients already",
        ] {
            let found = errors.captures(line).unwrap();
            assert_eq!((&found["user"], &found["database"]), ("app", "hydren"));
            assert_eq!(&found["severity"], "FATAL");
            assert_eq!(&found["what"], "sorry, too many clients already");
        }
        let slow = expression("slow-sql");
        let found = slow
            .captures(
                "…:LOG:  duration: 512.300 ms  statement: SELECT id FROM items WHERE owner_id = $1",
            )
            .unwrap();
        assert_eq!(&found["milliseconds"], "512.300");
        assert_eq!(
            &found["statement"],
            "SELECT id FROM items WHERE owner_id = $1"
        );
    }
}
