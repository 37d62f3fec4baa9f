//! Where the code of an image comes from: the commit, and whether the folder is what was committed.
//!
//! Read by the `git` command, which knows the user's own settings. Nothing is changed: optional locks are not taken.

use crate::text::neutral;
use serde::Serialize;
use std::{path::Path, process::Stdio};
use tokio::process::Command;

/// Digits of a commit's short id; Git's own default grows with the repository, and the same commit shall always have the same tag.
const SHORT: usize = 12;

/// What is known of the code in a folder.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Source {
    /// It is in a repository of Git.
    Commit(Commit),
    /// It is not, or Git cannot tell: why.
    Unknown(String),
}

/// A commit.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Commit {
    /// Id, 40 or 64 hexadecimal digits.
    pub id: String,
    /// Whether the folder is what was committed.
    pub tree: Tree,
    /// Tag of the commit, the nearest to a version.
    pub tag: Option<String>,
    /// URL of the remote `origin`, without credentials.
    pub remote: Option<String>,
}

/// Whether a folder is what was committed.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Tree {
    /// It is.
    Clean,
    /// Something was changed, added or deleted since.
    Dirty,
}

impl Commit {
    /// The first digits of its id, and `-dirty` where the folder is not what was committed.
    #[must_use]
    pub fn short(&self) -> String {
        let id = self.id.get(..SHORT).unwrap_or(&self.id);
        match self.tree {
            Tree::Clean => id.to_owned(),
            Tree::Dirty => format!("{id}-dirty"),
        }
    }
}

impl Source {
    /// Reads what Git knows of `folder`.
    pub async fn read(folder: &Path) -> Self {
        let (id, status, tag, remote) = futures::join!(
            git(folder, &["rev-parse", "--verify", "HEAD"]),
            git(folder, &["status", "--porcelain", "--", "."]),
            git(folder, &["describe", "--tags", "--exact-match", "HEAD"]),
            git(folder, &["remote", "get-url", "origin"]),
        );
        match (id, status) {
            (Ok(id), Ok(status)) => Self::Commit(Commit {
                id,
                tree: if status.is_empty() {
                    Tree::Clean
                } else {
                    Tree::Dirty
                },
                // A commit without tag and a repository without origin are nothing unusual.
                tag: tag.ok(),
                remote: remote.ok().map(|url| without_credentials(&url)),
            }),
            (Err(why), _) | (_, Err(why)) => Self::Unknown(why),
        }
    }
}

/// Runs Git in `folder`: what it says, or why it does not.
async fn git(folder: &Path, arguments: &[&str]) -> Result<String, String> {
    let output = Command::new("git")
        .arg("-C")
        .arg(folder)
        .args(arguments)
        .envs([("GIT_OPTIONAL_LOCKS", "0"), ("LC_ALL", "C")])
        .stdin(Stdio::null())
        .kill_on_drop(true)
        .output()
        .await
        .map_err(|e| format!("git cannot be run: {e}"))?;
    let text = |bytes: &[u8]| String::from_utf8_lossy(bytes).trim().to_owned();
    if output.status.success() {
        return Ok(neutral(&text(&output.stdout)).into_owned());
    }
    let said = text(&output.stderr);
    let first = said.lines().next().unwrap_or_default();
    let first = first.strip_prefix("fatal: ").unwrap_or(first);
    Err(if first.is_empty() {
        format!("git ended with {}", output.status)
    } else {
        neutral(first).into_owned()
    })
}

/// A URL without the name and password in it. What is no URL (`git@host:path`) has no password.
fn without_credentials(url: &str) -> String {
    let Some((scheme, rest)) = url.split_once("://") else {
        return url.to_owned();
    };
    let (authority, path) = rest.find('/').map_or((rest, ""), |at| rest.split_at(at));
    let host = authority
        .rsplit_once('@')
        .map_or(authority, |(_, host)| host);
    format!("{scheme}://{host}{path}")
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::fs;

    fn run(folder: &Path, arguments: &[&str]) {
        let identity = ["-c", "user.name=t", "-c", "user.email=t@example.com"];
        let status = std::process::Command::new("git")
            .arg("-C")
            .arg(folder)
            .args(identity)
            .args(arguments)
            .stdout(Stdio::null())
            .status();
        assert!(status.unwrap().success(), "git {arguments:?}");
    }

    #[tokio::test]
    async fn the_commit_is_read_and_a_change_makes_it_dirty() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path();
        run(path, &["init", "-q"]);
        fs::create_dir(path.join("app")).unwrap();
        fs::write(path.join("app/main.py"), "1").unwrap();
        run(path, &["add", "."]);
        run(path, &["commit", "-qm", "first"]);
        run(path, &["tag", "v1.2.0"]);
        let url = "https://ops:hunter2@git.example.com/acme/shop.git";
        run(path, &["remote", "add", "origin", url]);
        let app = path.join("app");
        let Source::Commit(clean) = Source::read(&app).await else {
            panic!("it is a repository");
        };
        assert_eq!((clean.tree, clean.id.len()), (Tree::Clean, 40));
        assert_eq!(clean.short(), clean.id[..12]);
        assert_eq!(clean.tag.as_deref(), Some("v1.2.0"));
        let remote = "https://git.example.com/acme/shop.git";
        assert_eq!(clean.remote.as_deref(), Some(remote));
        fs::write(path.join("elsewhere"), "").unwrap();
        assert_eq!(Source::read(&app).await, Source::Commit(clean.clone()));
        fs::write(app.join("main.py"), "2").unwrap();
        let Source::Commit(dirty) = Source::read(&app).await else {
            panic!("it is a repository");
        };
        assert_eq!(dirty.short(), format!("{}-dirty", &clean.id[..12]));
    }

    #[tokio::test]
    async fn a_folder_without_repository_says_so() {
        let folder = tempfile::tempdir().unwrap();
        let Source::Unknown(why) = Source::read(folder.path()).await else {
            panic!("it is no repository");
        };
        assert!(why.contains("not a git repository"), "{why}");
    }

    #[test]
    fn credentials_never_stay_in_an_address() {
        let cases = [
            ("https://a:b@h/p", "https://h/p"),
            ("ssh://git@h:22/p@q", "ssh://h:22/p@q"),
            ("git@h:acme/p.git", "git@h:acme/p.git"),
            ("https://h", "https://h"),
        ];
        for (url, clean) in cases {
            assert_eq!(without_credentials(url), clean);
        }
    }
}
