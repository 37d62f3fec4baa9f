//! The demo's other end of a session: a container that is played, and says so. No process runs, no variable has a value.

use crate::{
    cloud::sim::{Facts, Purpose},
    error::{Error, ErrorKind, Result},
    model::hidden::COVER,
};
use signal_hook::consts::{SIGINT, SIGQUIT, SIGTSTP};
use std::{
    io::{BufRead, BufReader, Write},
    net::{TcpListener, TcpStream},
    sync::{Arc, atomic::AtomicBool},
    time::Duration,
};

/// What the container understands.
const COMMANDS: &str =
    "cat /proc/meminfo, curl localhost:PORT/health, env, exit, help, hostname, ls, ps, whoami";

/// How long a client of a forwarded port may take for its request.
const PATIENCE: Duration = Duration::from_secs(2);

/// Plays a container until it is left. `facts` are those that the simulation wrote.
///
/// # Errors
/// `Usage` for facts that are none, `Io` for a terminal or port that fails.
pub fn play(facts: &str) -> Result<()> {
    let facts: Facts = serde_json::from_str(facts).map_err(|e| {
        Error::new(
            ErrorKind::Usage,
            "this command is for the demo's own sessions",
        )
        .hint("try `hydren exec backend --demo`")
        .source(e)
    })?;
    let (mut input, mut output) = (std::io::stdin().lock(), std::io::stdout().lock());
    match &facts.purpose {
        Purpose::Forward(local, to) => forward(&facts, *local, to, &mut output),
        Purpose::Command(command) if is_shell(command) => shell(&facts, &mut input, &mut output),
        Purpose::Command(command) => {
            say(&facts, &mut output).and_then(|()| write!(output, "{}", facts.answer(command)))
        }
    }
    .map_err(|e| Error::new(ErrorKind::Io, "the simulated session cannot go on").source(e))
}

fn is_shell(command: &str) -> bool {
    let program = command.split(' ').next().unwrap_or_default();
    !command.contains(' ')
        && program
            .rsplit('/')
            .next()
            .is_some_and(|name| name.ends_with("sh"))
}

fn say(facts: &Facts, output: &mut impl Write) -> std::io::Result<()> {
    writeln!(
        output,
        "This is a simulation: no container runs. Task {} of {}.",
        facts.task, facts.service
    )
}

fn shell(facts: &Facts, input: &mut impl BufRead, output: &mut impl Write) -> std::io::Result<()> {
    // As in a shell, they end a line and not the session.
    for signal in [SIGINT, SIGQUIT, SIGTSTP] {
        signal_hook::flag::register(signal, Arc::new(AtomicBool::new(false)))?;
    }
    say(facts, output)?;
    writeln!(output, "It understands {COMMANDS}.")?;
    loop {
        write!(output, "/app # ")?;
        output.flush()?;
        let mut line = String::new();
        if input.read_line(&mut line)? == 0 {
            return writeln!(output);
        }
        match line.trim() {
            "exit" | "logout" => return Ok(()),
            line => write!(output, "{}", facts.answer(line))?,
        }
    }
}

/// Answers whoever connects to the local port, until it is interrupted.
fn forward(facts: &Facts, local: u16, to: &str, output: &mut impl Write) -> std::io::Result<()> {
    let server = TcpListener::bind(("127.0.0.1", local))?;
    say(facts, output)?;
    writeln!(
        output,
        "Port {local} leads to {to}. Waiting for connections..."
    )?;
    output.flush()?;
    for client in server.incoming() {
        // One that goes away takes nobody with it.
        let _ = client.and_then(|client| facts.serve(client));
        writeln!(output, "Connection accepted")?;
        output.flush()?;
    }
    Ok(())
}

impl Facts {
    fn health(&self) -> (&'static str, &'static str) {
        if self.healthy {
            ("200 OK", "{\"status\":\"ok\",\"simulated\":true}")
        } else {
            (
                "503 Service Unavailable",
                "{\"status\":\"starting\",\"simulated\":true}",
            )
        }
    }

    /// Answers in HTTP, whatever is asked.
    fn serve(&self, mut client: TcpStream) -> std::io::Result<()> {
        client.set_read_timeout(Some(PATIENCE))?;
        let mut request = BufReader::new(client.try_clone()?);
        let mut line = String::new();
        while request.read_line(&mut line)? > 2 {
            line.clear();
        }
        let (status, body) = self.health();
        write!(
            client,
            "HTTP/1.1 {status}\r\ncontent-type: application/json\r\ncontent-length: {}\r\nconnection: close\r\n\r\n{body}",
            body.len()
        )
    }

    fn answer(&self, line: &str) -> String {
        let words: Vec<&str> = line.split_whitespace().collect();
        match words[..] {
            [] => String::new(),
            ["help"] => format!("{COMMANDS}\n"),
            ["env"] => format!("{}={COVER}\n", self.variables.join(&format!("={COVER}\n"))),
            ["hostname"] => format!("ip-{}\n", self.address.replace('.', "-")),
            ["whoami"] => "root\n".to_owned(),
            ["ls", ..] => "Dockerfile  app  entrypoint.sh\n".to_owned(),
            ["ps", ..] => {
                let command = if self.command.is_empty() {
                    &self.image
                } else {
                    &self.command
                };
                format!(
                    "PID   USER     COMMAND\n    1 root     {command}\n   17 root     /managed-agents/execute-command/amazon-ssm-agent\n   41 root     /bin/sh\n"
                )
            }
            ["cat", "/proc/meminfo"] => {
                let total = self.memory * 1_024;
                format!(
                    "MemTotal:       {total:>9} kB\nMemAvailable:   {:>9} kB\n",
                    total / 5 * 3
                )
            }
            ["curl", url]
                if url
                    .trim_start_matches("http://")
                    .starts_with(&format!("localhost:{}/", self.port)) =>
            {
                format!("{}\n", self.health().1)
            }
            ["curl", ..] => format!("curl: (7) Failed to connect: port {} answers\n", self.port),
            [command, ..] => {
                format!("sh: {command}: not found (this container is simulated; try help)\n")
            }
        }
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, reason = "a test may fail where it stands")]

    use super::*;

    fn facts() -> Facts {
        Facts {
            service: "backend".to_owned(),
            task: "9f2c".to_owned(),
            image: "backend:1".to_owned(),
            command: "gunicorn app".to_owned(),
            memory: 2_048,
            port: 8_000,
            address: "10.0.20.7".to_owned(),
            variables: vec!["DATABASE_URL".to_owned()],
            healthy: true,
            purpose: Purpose::Command("/bin/sh".to_owned()),
        }
    }

    #[test]
    fn the_container_says_that_it_is_played_and_hides_its_variables() {
        let mut input =
            "env\ncurl http://localhost:8000/health\nrm -rf /\nexit\nwhoami\n".as_bytes();
        let mut output = Vec::new();
        shell(&facts(), &mut input, &mut output).unwrap();
        let shown = String::from_utf8(output).unwrap();
        for part in [
            "This is a simulation",
            "DATABASE_URL=•••",
            "\"status\":\"ok\"",
            "rm: not found",
        ] {
            assert!(shown.contains(part), "{part} in {shown}");
        }
        assert!(
            !shown.contains("root"),
            "nothing is answered after exit: {shown}"
        );
    }

    #[test]
    fn a_command_is_no_shell_and_a_shell_is_known_by_its_name() {
        assert!(is_shell("/bin/sh") && is_shell("bash"));
        assert!(!is_shell("sh -c ls") && !is_shell("env"));
    }
}
