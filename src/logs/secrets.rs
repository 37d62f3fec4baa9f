//! Secrets in text, covered. What stands before a value tells that it is one: a key's name, a scheme, the marks that AWS, GitHub, Slack
//! and others put at the start of theirs. Only the value is covered, so that the line can still be read.
//!
//! One expression of bounded length finds where a value may begin; its end is found by hand, and no byte is looked at a second time for
//! it. So a long line costs what its length costs, whatever is in it.

use regex::{Captures, Regex};
use std::{borrow::Cow, ops::Range, sync::LazyLock};

/// Stands where a secret was.
pub const COVER: &str = "••••••••";

/// Shortest token behind a mark such as `ghp_`.
const TOKEN: usize = 16;

/// Longest user and password of an address that are looked at.
const AUTHORITY: usize = 512;

/// What is longer is no word.
const WORD: usize = 512;

static MARKS: LazyLock<Option<Regex>> = LazyLock::new(|| {
    Regex::new(concat!(
        r"(?-u)",
        // A name that ends like a secret's, its quote, what separates it from the value, and the value's quote.
        r#"(?P<key>(?i:(?:pass(?:word|wd|phrase|code)|(?:[_-]|\b)pass|pwd|secret(?:[_-]?string)?|token|credentials?"#,
        r#"|(?:api|access|secret|private|auth|encryption|signing|account|shared|master)[_.-]?key|signature"#,
        r#"|(?P<authorization>authorization)|(?P<cookie>\b(?:set-)?cookie))"#,
        r#"\\{0,3}["']?[\t ]{0,4}(?:=>|:=|[:=]|%3D)[\t ]{0,4})(?P<quote>\\{0,3}["'])?)"#,
        r"|(?P<scheme>(?i:\b(?:bearer|basic)) {1,4})",
        r"|(?P<address>://)",
        r"|(?P<key_id>\bA(?:KIA|SIA|BIA|CCA)[A-Z0-9]{16}\b)",
        r"|(?P<jwt>\beyJ)",
        r"|(?P<token>\b(?:gh[pousr]_|github_pat_|glpat-|dckr_pat_|npm_|xox[a-z]-|xapp-|[rs]k_(?:live|test)_|whsec_|AIza))",
        r"|(?P<pem>-----BEGIN [A-Z0-9 ]{0,24}PRIVATE KEY(?: BLOCK)?-----)",
    ))
    .ok()
});

/// Covers the values in `text` that look like secrets: passwords, tokens and keys behind a telling name in text, query strings, headers
/// and JSON; access key ids and session tokens of AWS; passwords in addresses; JSON web tokens; private keys; tokens of GitHub, GitLab,
/// Docker Hub, npm, Slack, Stripe and Google. Borrowed when there are none.
#[must_use]
pub fn mask(text: &str) -> Cow<'_, str> {
    mask_head(text, text.len())
}

/// The same for the first `limit` bytes of `text`: exactly what begins `mask(text)`. Whatever a mark in them covers is covered, however
/// far it reaches; what comes after them is not looked at, since a secret never begins before its mark.
#[must_use]
pub fn mask_head(text: &str, limit: usize) -> Cow<'_, str> {
    let limit = text.floor_char_boundary(limit);
    let Some(marks) = MARKS.as_ref() else {
        return Cow::Borrowed(COVER);
    };
    let mut masked = String::new();
    let (mut kept, mut at, mut no_jwt) = (0, 0, 0);
    while let Some(found) = text.get(at..).and_then(|_| marks.captures_at(text, at)) {
        let Some(mark) = found.get(0).filter(|mark| mark.start() < limit) else {
            break;
        };
        at = mark.end();
        let secret = secret(text, &found, at, &mut no_jwt);
        if let Some(secret) = secret.filter(|it| !it.is_empty() && &text[it.clone()] != COVER) {
            // The user of an address may be a token itself.
            let between = at.clamp(kept, secret.start);
            masked.push_str(&text[kept..between]);
            if between < secret.start {
                masked.push_str(&mask(&text[between..secret.start]));
            }
            masked.push_str(COVER);
            kept = secret.end;
            at = secret.end;
        }
    }
    if kept == 0 {
        return Cow::Borrowed(&text[..limit]);
    }
    masked.push_str(&text[kept..limit.max(kept)]);
    Cow::Owned(masked)
}

/// The same for the value of a field that stands apart from its name, which may be what tells: then the whole value is covered. Of a path
/// into JSON the last name counts.
#[must_use]
pub fn mask_field<'a>(name: &str, value: &'a str) -> Cow<'a, str> {
    let name = name.rsplit('.').next().unwrap_or(name);
    let together = format!("{name}={value}");
    if mask(&together).starts_with(&format!("{name}={COVER}")) {
        return Cow::Borrowed(COVER);
    }
    mask(value)
}

/// The same for the words of a command: each by itself, and what follows a flag by what the flag tells.
#[must_use]
pub fn mask_words(words: &[String]) -> Vec<String> {
    let flags = std::iter::once("").chain(words.iter().map(String::as_str));
    flags
        .zip(words)
        .map(|(before, word)| {
            let flag = before.strip_prefix('-').map(|f| f.trim_start_matches('-'));
            mask_field(flag.unwrap_or_default(), word).into_owned()
        })
        .collect()
}

/// What the mark that ends at `at` makes a secret, if it does.
fn secret(text: &str, mark: &Captures<'_>, at: usize, no_jwt: &mut usize) -> Option<Range<usize>> {
    let start = mark.get(0)?.start();
    let has = |name| mark.name(name).is_some();
    if has("key") {
        let quote = mark.name("quote").map(|quote| quote.as_str());
        return named(text, mark, at, quote);
    }
    if has("scheme") {
        return run(text, at, is_credential).filter(|it| is_opaque(&text[it.clone()]));
    }
    if has("address") {
        return password(text, at);
    }
    if has("key_id") {
        return Some(start..at);
    }
    if has("jwt") {
        if start < *no_jwt {
            return None;
        }
        let token = run(text, start, |byte| {
            byte.is_ascii_alphanumeric() || matches!(byte, b'.' | b'_' | b'-')
        })?;
        *no_jwt = token.end;
        let parts = text[token.clone()].split('.').filter(|part| part.len() > 1);
        return (parts.count() >= 3).then_some(token);
    }
    if has("token") {
        let token = run(text, at, |byte| {
            byte.is_ascii_alphanumeric() || matches!(byte, b'_' | b'-')
        })?;
        return (token.len() >= TOKEN).then_some(start..token.end);
    }
    // A private key that is not closed goes on to the end.
    let end = memchr::memmem::find(&text.as_bytes()[at..], b"-----END");
    Some(at..end.map_or(text.len(), |end| at + end))
}

/// The value behind a key's name.
fn named(text: &str, mark: &Captures<'_>, at: usize, quote: Option<&str>) -> Option<Range<usize>> {
    let rest = &text[at..];
    let is_cookie = mark.name("cookie").is_some();
    let end = match quote {
        Some(quote) => closing(rest, quote),
        None if rest.starts_with(['{', '[', '<', '$']) => return None,
        None if is_cookie => rest.find(['"', '\'', '\n', '\r']).unwrap_or(rest.len()),
        None => {
            bare_end(rest, WORD).unwrap_or_else(|| bare_end(rest, rest.len()).unwrap_or(rest.len()))
        }
    };
    if mark.name("authorization").is_some() {
        // A signed request shows what it signs; its key and its signature have marks of their own.
        if rest.starts_with("AWS4-") {
            return None;
        }
        // `Bearer x` keeps its scheme.
        let scheme = rest
            .bytes()
            .take(12)
            .take_while(u8::is_ascii_alphabetic)
            .count();
        if scheme > 0 && rest.as_bytes().get(scheme) == Some(&b' ') {
            let from = at + scheme + 1;
            return match quote {
                Some(_) => Some(from..from.max(at + end)),
                None => run(text, from, is_credential),
            };
        }
    }
    let value = &rest[..end];
    let nothing = [
        "null",
        "none",
        "nil",
        "true",
        "false",
        "yes",
        "no",
        "undefined",
        "***",
    ];
    if nothing
        .iter()
        .any(|nothing| value.eq_ignore_ascii_case(nothing))
    {
        return None;
    }
    // In prose (`invalid token: expired`) a word is no secret; behind `password:` it may be one.
    let mark = mark.get(0)?.as_str();
    let sure = quote.is_some()
        || is_cookie
        || end > WORD
        || mark.ends_with('=')
        || mark.to_ascii_lowercase().contains("pass");
    (sure || is_opaque(value)).then_some(at..at + end)
}

/// Where a quoted value ends: at the same quote, unless that is escaped once more than the opening one was.
fn closing(rest: &str, quote: &str) -> usize {
    let bytes = rest.as_bytes();
    let mark = quote.as_bytes()[quote.len() - 1];
    memchr::memchr_iter(mark, bytes)
        .find_map(|at| {
            let slashes = bytes[..at]
                .iter()
                .rev()
                .take(8)
                .take_while(|byte| **byte == b'\\')
                .count();
            (slashes < quote.len()).then_some(at - slashes)
        })
        .unwrap_or(rest.len())
}

/// Where a value without quotes ends: at a space or quote, at what separates parameters, and at a bracket or comma behind which it
/// does not go on. `None` where that is not within `limit`.
fn bare_end(rest: &str, limit: usize) -> Option<usize> {
    let bytes = rest.as_bytes();
    let ends = |at: usize| match bytes.get(at) {
        None
        | Some(b' ' | b'\t' | b'\r' | b'\n' | b'&' | b'"' | b'\'' | b'`' | b'<' | b'>' | b'\\') => {
            true
        }
        Some(b',' | b';' | b'|' | b')' | b']' | b'}') => {
            let next = &bytes[at + 1..];
            let name = next
                .iter()
                .take(32)
                .take_while(|byte| is_name(**byte))
                .count();
            match next.get(name) {
                None => name == 0,
                Some(b'=' | b':') => name > 0,
                Some(after) => name == 0 && !after.is_ascii_alphanumeric(),
            }
        }
        Some(_) => false,
    };
    (0..=limit.min(bytes.len())).find(|at| ends(*at))
}

const fn is_name(byte: u8) -> bool {
    byte.is_ascii_alphanumeric() || matches!(byte, b'_' | b'-' | b'.')
}

/// The password of an address whose authority begins at `at`: `user:PASSWORD@host`. A password may hold what it should not.
fn password(text: &str, at: usize) -> Option<Range<usize>> {
    let bytes = &text.as_bytes()[at..text.len().min(at + AUTHORITY)];
    let end = bytes
        .iter()
        .position(|byte| {
            byte.is_ascii_whitespace() || matches!(byte, b'"' | b'\'' | b'`' | b'<' | b'>')
        })
        .unwrap_or(bytes.len());
    let bytes = &bytes[..end];
    let colon = memchr::memchr3(b':', b'/', b'@', bytes).filter(|at| bytes[*at] == b':')? + 1;
    let path = bytes[colon..]
        .iter()
        .position(|byte| matches!(byte, b'/' | b'?' | b'#'))
        .map_or(bytes.len(), |path| colon + path);
    let is_port = bytes[colon..path].iter().all(u8::is_ascii_digit);
    // Paths of the web have `@` themselves; addresses of databases and queues hardly do.
    let web = text[..at].ends_with("http://") || text[..at].ends_with("https://");
    let within = if web || is_port { path } else { bytes.len() };
    let host = memchr::memrchr(b'@', &bytes[colon..within])?;
    Some(at + colon..at + colon + host)
}

/// The run of bytes from `at` on that pass; all of them are ASCII.
fn run(text: &str, at: usize, passes: fn(u8) -> bool) -> Option<Range<usize>> {
    let length = text.as_bytes()[at..]
        .iter()
        .take_while(|byte| passes(**byte))
        .count();
    (length > 0).then_some(at..at + length)
}

fn is_credential(byte: u8) -> bool {
    byte.is_ascii_alphanumeric() || matches!(byte, b'-' | b'.' | b'_' | b'~' | b'+' | b'/' | b'=')
}

/// Whether a word is none of a language: long enough, with a digit or with capitals behind small letters.
fn is_opaque(word: &str) -> bool {
    let digit = word.bytes().any(|byte| byte.is_ascii_digit());
    let mixed = word
        .as_bytes()
        .windows(2)
        .any(|pair| pair[0].is_ascii_lowercase() && pair[1].is_ascii_uppercase());
    word.len() >= 8 && (digit || mixed)
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Masks each line, where `«…»` stands around what must be covered.
    #[track_caller]
    fn covers(marked: &str) {
        let text = marked.replace(['«', '»'], "");
        let mut expected = String::new();
        for (index, part) in marked.split(['«', '»']).enumerate() {
            expected.push_str(if index % 2 == 0 { part } else { COVER });
        }
        assert_eq!(mask(&text), expected);
        assert_eq!(mask(&expected), expected, "what is covered stays as it is");
    }

    #[test]
    fn keys_and_session_tokens_of_aws_are_covered() {
        covers("using «AKIAIOSFODNN7EXAMPLE» now");
        covers("aws_secret_access_key = «wJalrXUtnFEMI/K7MDENG/bPxRfiCYEXAMPLEKEY»");
        covers(
            r#"{"AccessKeyId":"«ASIAIOSFODNN7EXAMPLE»","SecretAccessKey":"«wJalrXUtnFEMI/K7MDENG»","SessionToken":"«IQoJb3JpZ2luX2VjEAA//x==»"}"#,
        );
        covers(
            "https://b.s3.amazonaws.com/k?X-Amz-Security-Token=«FwoGZXIvYXdzEBYa%2F»&X-Amz-Signature=«aabbccdd0011»&x=1",
        );
        covers(
            "Authorization: AWS4-HMAC-SHA256 Credential=«AKIAIOSFODNN7EXAMPLE/20261122/us-east-1/s3/aws4_request», SignedHeaders=host, Signature=«fe5f80f77d5fa3beca038a248ff027»",
        );
    }

    #[test]
    fn credentials_in_headers_are_covered_but_not_their_scheme() {
        covers("Authorization: Bearer «abc.DEF-123_~+/=»");
        covers("authorization: basic «dXNlcjpwYXNz»");
        covers(r#"{"headers":{"Authorization":"Bearer «abcdef»","Host":"x"}}"#);
        covers("curl -H 'Authorization: token «0123456789abcdef»'");
        covers("sent Bearer «eyxyz0123456789» to it");
        covers("X-Api-Key: «a1b2c3d4e5»");
        covers("Authorization: «0123456789abcdef»");
        covers("Cookie: «session=abc; theme=dark»");
    }

    #[test]
    fn json_web_tokens_are_covered_wherever_they_stand() {
        covers(
            "got «eyJhbGciOiJIUzI1NiJ9.eyJzdWIiOiIxIn0.dozjgNryP4J3jVmNHl0w5N_XgL0n3I9PlFUP0THsR8U» from it",
        );
        assert!(matches!(mask("eyJust a word. Or two."), Cow::Borrowed(_)));
    }

    #[test]
    fn passwords_in_addresses_are_covered() {
        covers("postgresql://app:«s3cr3t»@db.example.com:5432/hydren");
        covers("postgres://app:«p@ss/w#rd»@db:5432/hydren?sslmode=require");
        covers("https://«ghp_0123456789abcdefghijABCDEFGHIJ012345»:«x-oauth-basic»@github.com/a/b");
        covers("https://a:«b»@example.com/img@2x.png");
        covers("redis://:«hunter2»@cache:6379/0 and amqp://a:«b»@c");
        for line in [
            "http://10.0.0.1:8080/a@b",
            "https://user@example.com/x:y@z",
            "https://cdn.example.com:8443/img:1/a@2x.png",
            "https://example.com/",
            "://",
        ] {
            assert!(matches!(mask(line), Cow::Borrowed(_)), "{line}");
        }
    }

    #[test]
    fn values_behind_telling_names_are_covered() {
        covers("login user=alice password=«hunter2» ok");
        covers("/login?user=a&password=«p%40ss»&next=/");
        covers(r#"{"user":"alice","password":"«a \"quoted\" one»","remember":true}"#);
        covers(r#"body: {\"password\": \"«inner»\", \"user\": \"a\"}"#);
        covers("{'api_key': '«k-123»', 'n': 1}");
        covers("PGPASSWORD=«x» psql");
        covers("DB_PASS=«y»");
        covers("config(secret=«abc», debug=True)");
        covers("client_secret: «a1b2c3d4e5f6»");
        covers("password: «hunter2»");
        covers("password=«péß–wörd» next");
        covers(r#"SecretString: "«{\"username\":\"app\",\"password\":\"x\"}»""#);
    }

    #[test]
    fn private_keys_and_tokens_of_services_are_covered() {
        covers(
            "-----BEGIN RSA PRIVATE KEY-----«\nMIIEow\nIBAAK\n»-----END RSA PRIVATE KEY-----\nafter",
        );
        covers(r"key -----BEGIN PRIVATE KEY-----«\nMIIEow cut off");
        covers(
            "«ghp_0123456789abcdefghijABCDEFGHIJ012345» «xoxb-123456789012-abcdefghij» «sk_live_0123456789abcdefABCDEF»",
        );
        covers("docker login -p «dckr_pat_0123456789abcdefghij»");
    }

    #[test]
    fn long_lines_made_to_hurt_are_masked_to_their_end() {
        for part in [
            "token:",
            "secret={",
            "eyJ-AKIAIOSFODNN7EXAMPLE-",
            "://a:",
            "authorization:'AWS4-",
            "password=",
            "Authorization: x",
            "-----BEGIN PRIVATE KEY-----",
            "ghp_a-",
            "pass=\\\"",
            "Bearer ",
            "secret: \\\\'",
        ] {
            // A second look at every byte for every mark would take minutes.
            let text = part.repeat(200_000 / part.len()) + " AKIAIOSFODNN7EXAMPLE";
            assert!(!mask(&text).contains("AKIA"), "{part}");
        }
    }

    proptest::proptest! {
        #[test]
        fn the_head_of_a_line_is_masked_as_the_whole_is(
            parts in proptest::collection::vec(
                proptest::sample::select(vec![
                    "token: abcdefghijklmnop ", "password=\"two words", "\" ", "é–", "AKIAIOSFODNN7EXAMPLE ", "://user:pa:ss@host/",
                    "eyJhbGciOi.eyJzdWIi.c2ln ", "-----BEGIN PRIVATE KEY-----", "-----END", "Bearer abc.def ", "ghp_abcdefghijklmnopqrst",
                    "://ghp_abcdefghijklmnopqrst:x@", "plain words ", "Cookie: a=b; c=d ", "\n", "secret={\"a\":",
                ]),
                0..12,
            ),
            limit in 0_usize..160,
        ) {
            let text = parts.concat();
            let (head, whole) = (mask_head(&text, limit), mask(&text));
            proptest::prop_assert!(whole.starts_with(&*head), "{head:?} of {whole:?}");
            if whole == text {
                proptest::prop_assert_eq!(&*head, &text[..text.floor_char_boundary(limit)]);
            }
        }
    }

    #[test]
    fn words_of_a_command_are_covered_by_the_flag_before_them_too() {
        let words = [
            "sh",
            "-c",
            "API_TOKEN=abc ./run",
            "--password",
            "hunter2",
            "-v",
        ];
        let masked = mask_words(&words.map(str::to_owned));
        let shown = [
            "sh",
            "-c",
            "API_TOKEN=•••••••• ./run",
            "--password",
            COVER,
            "-v",
        ];
        assert_eq!(masked, shown);
    }

    #[test]
    fn a_value_apart_from_its_name_is_covered_by_what_the_name_tells() {
        for (name, value) in [
            ("password", "hunter2"),
            ("password", "two words"),
            ("user.api_key", "abc"),
            ("@message", "AKIAIOSFODNN7EXAMPLE"),
        ] {
            assert_eq!(mask_field(name, value), COVER, "{name}");
        }
        for (name, value) in [("path", "/api/items"), ("tokens", "5"), ("token.kind", "x")] {
            assert_eq!(mask_field(name, value), value);
        }
    }

    #[test]
    fn what_only_sounds_like_a_secret_is_left_alone_and_borrowed() {
        for line in [
            r#"{"time":"2026-11-22T03:14:15.123Z","level":"ERROR","path":"/api/items","status":500}"#,
            "FATAL:  password authentication failed for user \"app\"",
            "Unexpected token: < in JSON at position 0",
            "invalid token: expired",
            "max_tokens=100 tokens: 5",
            r#"{"password":null,"token":"","secret":false}"#,
            "Basic authentication is off",
            "the secret: it depends",
            "SELECT password FROM users",
            "bypass: 3",
            "",
        ] {
            assert!(matches!(mask(line), Cow::Borrowed(_)), "{}", mask(line));
        }
    }
}
