//! The build context on its way to the engine: walked, packed and sent at once, so that no more of it than [`IN_FLIGHT`] is ever in
//! memory.
//!
//! What is sent and how follows the `docker` command (docker/cli `cli/command/image/build/context.go`, moby `pkg/archive`): symbolic links
//! as links, owner 0:0, modes and times as they are, sockets and devices left out, the Dockerfile and `.dockerignore` always in.

pub mod ignore;

use crate::error::{Error, ErrorKind, Result};
use bytes::Bytes;
use ignore::{Ignore, Sent};
use std::{
    fs, io,
    io::{Read as _, Write},
    os::unix::fs::MetadataExt as _,
    path::{Component, Path, PathBuf},
    sync::{Arc, OnceLock},
};
use tokio::sync::{mpsc, watch};

/// Bytes that are packed before they are handed on.
pub const CHUNK: usize = 256 << 10;

/// Chunks that wait to be sent.
const WAITING: usize = 4;

/// Bytes of a context that are in memory at most: those that wait, one that is packed and one that is sent.
pub const IN_FLIGHT: usize = CHUNK * (WAITING + 2);

/// Bits of a mode that a tar archive keeps.
const MODE: u32 = 0o7777;

/// A context that was looked at and can be sent.
#[derive(Debug)]
pub struct Context {
    /// The folder, without links.
    root: PathBuf,
    /// The Dockerfile, relative to it.
    dockerfile: PathBuf,
    ignore: Ignore,
}

/// A context on its way.
#[derive(Debug)]
pub struct Sending {
    /// The archive. It ends early when something went wrong: see [`Sending::fault`].
    pub chunks: mpsc::Receiver<Result<Bytes, io::Error>>,
    /// Bytes handed on so far.
    pub sent: watch::Receiver<u64>,
    /// What went wrong.
    pub fault: Arc<OnceLock<Error>>,
}

impl Context {
    /// Looks at the folder `root` and the `dockerfile` in it.
    ///
    /// # Errors
    /// `Config` for a folder or Dockerfile that is not there, is none, or lies outside the folder; for a `.dockerignore` with a pattern that
    /// is none.
    pub fn open(root: &Path, dockerfile: &Path) -> Result<Self> {
        let named = root;
        let root = fs::canonicalize(named)
            .ok()
            .filter(|root| root.is_dir())
            .ok_or_else(|| {
                let what = format!("the build context {} is no folder", named.display());
                Error::new(ErrorKind::Config, what).hint("check `context` of the component")
            })?;
        let outside = |what: &Path| {
            let what = format!(
                "the Dockerfile {} is not in the build context {}",
                what.display(),
                root.display()
            );
            Error::new(ErrorKind::Config, what)
                .hint("name it by its path in the context, or take a context that holds it")
        };
        let dockerfile = match dockerfile.strip_prefix(&root) {
            Ok(inside) => inside,
            Err(_) => dockerfile,
        };
        let plain = |part| matches!(part, Component::Normal(_) | Component::CurDir);
        if !dockerfile.components().all(plain) {
            return Err(outside(dockerfile));
        }
        let path = root.join(dockerfile);
        match fs::canonicalize(&path) {
            Ok(real) if !real.starts_with(&root) => return Err(outside(&real)),
            Ok(real) if real.is_file() => {}
            _ => {
                let what = format!("there is no Dockerfile {}", path.display());
                return Err(
                    Error::new(ErrorKind::Config, what).hint("check `dockerfile` of the component")
                );
            }
        }
        let ignore = Ignore::read(&root, dockerfile)?;
        Ok(Self {
            dockerfile: dockerfile.components().collect(),
            root,
            ignore,
        })
    }

    /// The Dockerfile, relative to the context.
    #[must_use]
    pub fn dockerfile(&self) -> &Path {
        &self.dockerfile
    }

    /// Begins to send it, by a thread of its own that ends with the receiver.
    #[must_use]
    pub fn send(self) -> Sending {
        let (chunks, receiver) = mpsc::channel(WAITING);
        let (counted, sent) = watch::channel(0);
        let fault = Arc::new(OnceLock::new());
        let told = fault.clone();
        tokio::task::spawn_blocking(move || {
            let outlet = Outlet {
                chunks: chunks.clone(),
                counted,
                filled: Vec::with_capacity(CHUNK),
            };
            if let Err(Stop::Fault(error)) = self.pack(outlet) {
                let broken = io::Error::other(error.clone());
                // Whoever waits for chunks may be gone: the fault is told all the same.
                let _ = told.set(error);
                let _ = chunks.blocking_send(Err(broken));
            }
        });
        Sending {
            chunks: receiver,
            sent,
            fault,
        }
    }

    /// Packs everything that is sent into `outlet`.
    fn pack(&self, outlet: Outlet) -> Result<(), Stop> {
        let mut archive = tar::Builder::new(outlet);
        self.pack_folder(&mut archive, Path::new(""))?;
        let mut outlet = archive.into_inner().map_err(Stop::of_outlet)?;
        outlet.flush().map_err(Stop::of_outlet)
    }

    fn pack_folder(&self, archive: &mut tar::Builder<Outlet>, below: &Path) -> Result<(), Stop> {
        let folder = self.root.join(below);
        let entries = fs::read_dir(&folder).and_then(Iterator::collect::<io::Result<Vec<_>>>);
        let mut names: Vec<_> = entries
            .map_err(|e| unreadable(&folder, &e))?
            .into_iter()
            .map(|entry| entry.file_name())
            .collect();
        // Folders list in any order, and two builds of the same files shall send the same bytes.
        names.sort();
        for name in names {
            let path = below.join(name);
            let full = self.root.join(&path);
            let about = fs::symlink_metadata(&full).map_err(|e| unreadable(&full, &e))?;
            match self.ignore.sent(&path) {
                Sent::Yes => add(archive, &full, &path, &about)?,
                Sent::No => continue,
                Sent::PartsOfIt => {}
            }
            if about.is_dir() {
                self.pack_folder(archive, &path)?;
            }
        }
        Ok(())
    }
}

/// Adds one file, folder or link.
fn add(
    archive: &mut tar::Builder<Outlet>,
    full: &Path,
    path: &Path,
    about: &fs::Metadata,
) -> Result<(), Stop> {
    let mut header = tar::Header::new_gnu();
    header.set_mode(about.mode() & MODE);
    header.set_uid(0);
    header.set_gid(0);
    header.set_mtime(u64::try_from(about.mtime()).unwrap_or_default());
    header.set_size(0);
    if about.is_symlink() {
        header.set_entry_type(tar::EntryType::Symlink);
        let target = fs::read_link(full).map_err(|e| unreadable(full, &e))?;
        return archive
            .append_link(&mut header, path, target)
            .map_err(Stop::of_outlet);
    }
    if about.is_dir() {
        header.set_entry_type(tar::EntryType::Directory);
        let named = path.join("");
        return archive
            .append_data(&mut header, named, io::empty())
            .map_err(Stop::of_outlet);
    }
    if !about.is_file() {
        return Ok(());
    }
    header.set_size(about.len());
    let file = fs::File::open(full).map_err(|e| unreadable(full, &e))?;
    let mut exact = Exact {
        file: file.take(about.len()),
        path: full,
        fault: None,
    };
    let added = archive.append_data(&mut header, path, &mut exact);
    match exact.fault {
        Some(error) => Err(Stop::Fault(error)),
        None => added.map_err(Stop::of_outlet),
    }
}

/// A file of the length that was announced. One that is shorter by now must not let the archive go on: all after it would be read wrong.
struct Exact<'p> {
    file: io::Take<fs::File>,
    path: &'p Path,
    fault: Option<Error>,
}

impl io::Read for Exact<'_> {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        let fault = match self.file.read(buffer) {
            Ok(0) if self.file.limit() > 0 && !buffer.is_empty() => Error::new(
                ErrorKind::Conflict,
                format!("{} became shorter while it was sent", self.path.display()),
            )
            .hint("build again, or leave it out in .dockerignore"),
            Ok(read) => return Ok(read),
            Err(e) => unreadable_file(self.path, &e),
        };
        self.fault = Some(fault);
        Err(io::ErrorKind::Other.into())
    }
}

/// Why packing ended early.
enum Stop {
    /// Nobody wants the rest.
    Gone,
    /// Something is wrong with the context.
    Fault(Error),
}

impl Stop {
    /// The archive's own failures: the outlet's, which only fails when nobody listens, and names that no archive can hold.
    fn of_outlet(e: io::Error) -> Self {
        if e.kind() == io::ErrorKind::BrokenPipe {
            return Self::Gone;
        }
        let what = format!("the build context cannot be packed: {e}");
        Self::Fault(Error::new(ErrorKind::Io, what).source(e))
    }
}

fn unreadable(path: &Path, e: &io::Error) -> Stop {
    Stop::Fault(unreadable_file(path, e))
}

fn unreadable_file(path: &Path, e: &io::Error) -> Error {
    let what = format!(
        "{} of the build context cannot be read: {e}",
        path.display()
    );
    Error::new(ErrorKind::Io, what).hint("make it readable, or leave it out in .dockerignore")
}

/// Where the archive is written: it waits while enough is in flight.
struct Outlet {
    chunks: mpsc::Sender<Result<Bytes, io::Error>>,
    counted: watch::Sender<u64>,
    filled: Vec<u8>,
}

impl Write for Outlet {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        let taken = bytes.len().min(CHUNK - self.filled.len());
        self.filled.extend_from_slice(&bytes[..taken]);
        if self.filled.len() == CHUNK {
            self.flush()?;
        }
        Ok(taken)
    }

    fn flush(&mut self) -> io::Result<()> {
        if self.filled.is_empty() {
            return Ok(());
        }
        let full = std::mem::replace(&mut self.filled, Vec::with_capacity(CHUNK));
        let length = full.len() as u64;
        self.chunks
            .blocking_send(Ok(full.into()))
            .map_err(|_| io::Error::from(io::ErrorKind::BrokenPipe))?;
        self.counted.send_modify(|sent| *sent += length);
        Ok(())
    }
}

#[cfg(test)]
mod tests;
