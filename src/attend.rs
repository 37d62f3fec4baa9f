//! Attending a session: the child that has the terminal while a shell or a forwarded port is open.
//!
//! As the AWS CLI does it (aws/aws-cli, `customizations/sessionmanager.py`): the plugin finds what AWS answered in a variable that it is
//! told the name of, because every process of the machine can read a command line. Interrupts are the child's: who waits for it lets
//! them pass.

pub mod demo;

use crate::{
    cloud::session::{Peer, Session},
    error::{Error, ErrorKind, Result},
    format,
};
use rustix::{
    stdio::stdin,
    termios::{OptionalActions, Termios, tcgetattr, tcsetattr},
};
use serde_json::json;
use signal_hook::consts::SIGTSTP;
use std::{
    ffi::OsString,
    os::unix::process::ExitStatusExt as _,
    process::ExitStatus,
    time::{Duration, Instant},
};
use tokio::{
    process::{Child, Command},
    signal::unix::{SignalKind, signal},
    time::timeout,
};

/// AWS's plugin.
const PLUGIN: &str = "session-manager-plugin";
/// The variable that it takes what AWS answered from.
const VARIABLE: &str = "AWS_SSM_START_SESSION_RESPONSE";
/// The last version that takes it on its command line only (aws-cli, `StartSessionCaller`).
pub const LAST_WITHOUT_VARIABLE: &str = "1.2.497.0";
/// How it is installed.
pub const INSTALL: &str = "https://docs.aws.amazon.com/systems-manager/latest/userguide/session-manager-working-with-install-plugin.html";
/// How long it may take to tell its version.
const PATIENCE: Duration = Duration::from_secs(5);

/// What is known of the plugin on this machine.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Plugin {
    /// It is not on `PATH`.
    Missing,
    /// It is, in this version; empty where it does not tell.
    Found(String),
    /// A simulated container needs none.
    Needless,
}

impl Plugin {
    /// Looks for it.
    pub async fn look() -> Self {
        let asked = Command::new(PLUGIN)
            .arg("--version")
            .kill_on_drop(true)
            .output();
        match timeout(PATIENCE, asked).await {
            Ok(Err(_)) => Self::Missing,
            Ok(Ok(told)) => {
                let version = String::from_utf8_lossy(&told.stdout);
                let version = version.trim();
                let known = !version.is_empty() && numbers(version).is_some();
                Self::Found(if known {
                    version.to_owned()
                } else {
                    String::new()
                })
            }
            Err(_) => Self::Found(String::new()),
        }
    }

    /// Whether it takes a session's token where other processes do not see it.
    #[must_use]
    pub fn keeps_the_token(&self) -> bool {
        match self {
            Self::Needless => true,
            Self::Missing => false,
            Self::Found(version) => numbers(version) > numbers(LAST_WITHOUT_VARIABLE),
        }
    }
}

fn numbers(version: &str) -> Option<Vec<u32>> {
    version.split('.').map(|part| part.parse().ok()).collect()
}

/// What is to be run for a session.
#[derive(Debug, PartialEq, Eq)]
struct Line {
    program: OsString,
    arguments: Vec<String>,
    variables: Vec<(&'static str, String)>,
}

impl Line {
    fn of(session: &Session) -> Result<Self> {
        Ok(match &session.peer {
            Peer::Plugin {
                stream_url,
                token,
                region,
                profile,
                request,
                endpoint,
            } => Self {
                program: PLUGIN.into(),
                arguments: vec![
                    VARIABLE.to_owned(),
                    region.clone(),
                    "StartSession".to_owned(),
                    profile.clone().unwrap_or_default(),
                    request.to_string(),
                    endpoint.clone(),
                ],
                variables: vec![(
                    VARIABLE,
                    json!({ "SessionId": session.id, "TokenValue": token.reveal(), "StreamUrl": stream_url.reveal() }).to_string(),
                )],
            },
            Peer::Demo(facts) => Self {
                program: std::env::current_exe()
                    .map_err(|e| Error::new(ErrorKind::Io, "hydren cannot find itself").source(e))?
                    .into(),
                arguments: vec!["simulated-session".to_owned(), facts.clone()],
                variables: Vec::new(),
            },
        })
    }
}

/// A session that is attended. Dropping it ends the child.
pub struct Attended {
    child: Child,
    what: OsString,
    since: Instant,
    /// The terminal's settings before, which a child that crashes does not bring back.
    settings: Option<Termios>,
}

impl Attended {
    /// Starts the child, which has the terminal from now on.
    ///
    /// # Errors
    /// `Io`: it cannot be started.
    pub fn start(session: &Session) -> Result<Self> {
        let line = Line::of(session)?;
        let settings = tcgetattr(stdin()).ok();
        let child = Command::new(&line.program)
            .args(&line.arguments)
            .envs(line.variables)
            .kill_on_drop(true)
            .spawn();
        let child = child.map_err(|e| {
            let program = line.program.display();
            Error::new(ErrorKind::Io, format!("{program} cannot be started: {e}"))
                .hint(format!(
                    "the session ends by itself; install the plugin: {INSTALL}"
                ))
                .source(e)
        })?;
        Ok(Self {
            child,
            what: line.program,
            since: Instant::now(),
            settings,
        })
    }

    /// Waits until the child has ended, and brings the terminal's settings back.
    pub async fn ended(&mut self) -> Ended {
        let status = self.child.wait().await;
        if let Some(settings) = self.settings.take() {
            // A terminal that went away needs none.
            let _ = tcsetattr(stdin(), OptionalActions::Now, &settings);
        }
        let seconds = i64::try_from(self.since.elapsed().as_secs()).unwrap_or(i64::MAX);
        Ended {
            result: status
                .map_err(|e| {
                    Error::new(ErrorKind::Io, "the session cannot be waited for").source(e)
                })
                .and_then(|status| self.judge(status)),
            seconds,
        }
    }

    /// An interrupt is how a forwarded port is meant to end.
    fn judge(&self, status: ExitStatus) -> Result<String> {
        const INTERRUPT: i32 = 2;
        let what = self.what.display();
        match (status.success(), status.signal()) {
            (true, _) => Ok("ended with exit status 0".to_owned()),
            (_, Some(INTERRUPT)) => Ok("interrupted".to_owned()),
            _ => Err(Error::new(
                ErrorKind::Service,
                format!("{what} ended with {status}"),
            )
            .hint("what it said is on the terminal; ECS or the network may have closed the session")),
        }
    }
}

/// Attends a session to its end. What is typed at it, ctrl-c, ctrl-z and ctrl-\, is the child's; whoever ends this process ends it too.
///
/// # Errors
/// Why it did not end by itself.
pub async fn to_the_end(session: &Session) -> Result<String> {
    let listen = |kind| {
        signal(kind)
            .map_err(|e| Error::new(ErrorKind::Io, "signals cannot be listened to").source(e))
    };
    for typed in [
        SignalKind::interrupt(),
        SignalKind::quit(),
        SignalKind::from_raw(SIGTSTP),
    ] {
        // From now on it does nothing here.
        let _ = listen(typed)?;
    }
    let mut terminate = listen(SignalKind::terminate())?;
    let mut hang_up = listen(SignalKind::hangup())?;
    let mut attended = Attended::start(session)?;
    tokio::select! {
        ended = attended.ended() => ended.told(),
        _ = terminate.recv() => Err(ended_from_outside()),
        _ = hang_up.recv() => Err(ended_from_outside()),
    }
}

fn ended_from_outside() -> Error {
    Error::new(ErrorKind::Interrupted, "a signal ended the session")
}

/// How a session ended.
#[derive(Debug, Clone)]
pub struct Ended {
    /// In a word.
    result: Result<String>,
    seconds: i64,
}

impl Ended {
    /// A session whose child could not be started.
    #[must_use]
    pub const fn before_it_began(error: Error) -> Self {
        Self {
            result: Err(error),
            seconds: 0,
        }
    }

    /// What is to be said of it.
    ///
    /// # Errors
    /// Why it did not end by itself.
    pub fn told(self) -> Result<String> {
        let span = format::duration(self.seconds);
        self.result.map(|how| format!("{how} after {span}"))
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, reason = "a test may fail where it stands")]

    use super::*;
    use crate::model::hidden::Hidden;

    #[test]
    fn the_plugin_is_told_of_the_session_where_no_other_process_reads_it() {
        let session = Session {
            id: "ops-1".to_owned(),
            peer: Peer::Plugin {
                stream_url: Hidden::new("wss://channel"),
                token: Hidden::new("hush-hush"),
                region: "eu-west-1".to_owned(),
                profile: Some("ops".to_owned()),
                request: json!({ "Target": "ecs:shop_9f2c_9f2c-1" }),
                endpoint: "https://ssm.eu-west-1.amazonaws.com".to_owned(),
            },
        };
        let line = Line::of(&session).unwrap();
        assert_eq!(
            line.arguments,
            [
                "AWS_SSM_START_SESSION_RESPONSE",
                "eu-west-1",
                "StartSession",
                "ops",
                r#"{"Target":"ecs:shop_9f2c_9f2c-1"}"#,
                "https://ssm.eu-west-1.amazonaws.com",
            ]
        );
        assert_eq!(
            line.variables,
            [(
                "AWS_SSM_START_SESSION_RESPONSE",
                r#"{"SessionId":"ops-1","TokenValue":"hush-hush","StreamUrl":"wss://channel"}"#
                    .to_owned()
            )]
        );
    }

    #[test]
    fn a_plugin_that_would_show_the_token_is_known_by_its_version() {
        let keeps = |version: &str| Plugin::Found(version.to_owned()).keeps_the_token();
        assert!(keeps("1.2.650.0") && keeps("1.3") && keeps("2.0.0.0"));
        assert!(!keeps("1.2.497.0") && !keeps("1.2.339.0") && !keeps("1.2") && !keeps(""));
        assert!(!Plugin::Missing.keeps_the_token());
    }
}
