//! What a first start offers: nothing is configured yet, and somebody sits at the terminal.

use std::io::{self, BufRead, Write};

/// What the newcomer wants.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Choice {
    /// Look around in the simulated environment.
    Demo,
    /// Find an existing environment and write it down.
    Connect {
        /// The ECS cluster to start from; `None` looks for it.
        cluster: Option<String>,
    },
    /// Leave.
    Leave,
}

const OFFER: &str = "\
No environment is configured yet. What would you like to do?

  1  look around in the demo: a simulated environment, no account needed
  2  connect to an existing environment: find it in AWS, write hydren.toml
  q  leave

";

/// Offers the choices until one is made. The end of the input leaves.
///
/// # Errors
/// The terminal cannot be read or written.
pub fn ask(input: &mut impl BufRead, output: &mut impl Write) -> io::Result<Choice> {
    output.write_all(OFFER.as_bytes())?;
    loop {
        let Some(answer) = line(input, output, "1, 2 or q [1]: ")? else {
            return Ok(Choice::Leave);
        };
        match answer.to_lowercase().as_str() {
            "" | "1" | "demo" => return Ok(Choice::Demo),
            "2" | "connect" => break,
            "q" | "quit" => return Ok(Choice::Leave),
            _ => output.write_all(b"That is none of them.\n")?,
        }
    }
    let cluster = line(
        input,
        output,
        "ECS cluster to start from (empty: find it): ",
    )?;
    Ok(cluster.map_or(Choice::Leave, |name| Choice::Connect {
        cluster: (!name.is_empty()).then_some(name),
    }))
}

/// Asks for a line; `None` at the end of the input.
fn line(
    input: &mut impl BufRead,
    output: &mut impl Write,
    prompt: &str,
) -> io::Result<Option<String>> {
    output.write_all(prompt.as_bytes())?;
    output.flush()?;
    let mut answer = Vec::new();
    let read = input.read_until(b'\n', &mut answer)?;
    Ok((read > 0).then(|| String::from_utf8_lossy(&answer).trim().to_owned()))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn answered(typed: &str) -> (Choice, String) {
        let mut output = Vec::new();
        let choice = ask(&mut typed.as_bytes(), &mut output).expect("memory can be read");
        (choice, String::from_utf8(output).expect("UTF-8"))
    }

    #[test]
    fn return_alone_looks_around_in_the_demo() {
        assert_eq!(answered("\n").0, Choice::Demo);
        assert_eq!(answered(" 1 \n").0, Choice::Demo);
    }

    #[test]
    fn connecting_asks_for_the_cluster_and_looks_for_it_when_none_is_given() {
        let named = Some("shop".to_owned());
        assert_eq!(answered("2\nshop\n").0, Choice::Connect { cluster: named });
        assert_eq!(answered("2\n\n").0, Choice::Connect { cluster: None });
    }

    #[test]
    fn q_and_the_end_of_the_input_leave() {
        assert_eq!(answered("Q\n").0, Choice::Leave);
        assert_eq!(answered("").0, Choice::Leave);
        assert_eq!(answered("2\n").0, Choice::Leave);
    }

    #[test]
    fn anything_else_is_asked_again() {
        let (choice, said) = answered("deploy\n1\n");
        assert_eq!(choice, Choice::Demo);
        assert!(said.contains("none of them"), "{said}");
    }
}
