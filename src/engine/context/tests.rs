use super::*;
use std::{collections::BTreeMap, os::unix::fs::symlink};

fn folder(files: &[(&str, &str)]) -> tempfile::TempDir {
    let folder = tempfile::tempdir().unwrap();
    for (name, text) in files {
        let path = folder.path().join(name);
        fs::create_dir_all(path.parent().unwrap()).unwrap();
        fs::write(path, text).unwrap();
    }
    folder
}

/// Everything that is sent.
async fn archive(root: &Path) -> Vec<u8> {
    let mut sending = Context::open(root, Path::new("Dockerfile")).unwrap().send();
    let mut all = Vec::new();
    while let Some(chunk) = sending.chunks.recv().await {
        all.extend_from_slice(&chunk.unwrap());
    }
    all
}

#[tokio::test]
async fn files_links_and_folders_are_sent_as_docker_sends_them() {
    let folder = folder(&[("Dockerfile", "FROM scratch"), ("app/main.py", "print()")]);
    symlink("main.py", folder.path().join("app/run")).unwrap();
    symlink("/etc/passwd", folder.path().join("outside")).unwrap();
    let _socket = std::os::unix::net::UnixListener::bind(folder.path().join("socket")).unwrap();
    let bytes = archive(folder.path()).await;
    let mut archive_read = tar::Archive::new(bytes.as_slice());
    let mut seen = Vec::new();
    for entry in archive_read.entries().unwrap() {
        let entry = entry.unwrap();
        let header = entry.header();
        assert_eq!((header.uid().unwrap(), header.gid().unwrap()), (0, 0));
        let link = entry.link_name().unwrap().map(|l| l.display().to_string());
        seen.push((entry.path().unwrap().display().to_string(), link));
    }
    let named = |name: &str, link: Option<&str>| (name.to_owned(), link.map(str::to_owned));
    let expected = [
        named("Dockerfile", None),
        named("app/", None),
        named("app/main.py", None),
        named("app/run", Some("main.py")),
        named("outside", Some("/etc/passwd")),
    ];
    assert_eq!(seen, expected);
    assert_eq!(bytes, archive(folder.path()).await, "two walks differ");
}

#[tokio::test]
async fn what_is_ignored_is_not_sent() {
    let folder = folder(&[
        ("Dockerfile", "FROM scratch"),
        (".dockerignore", "**/*.log\nvendor\n!vendor/kept"),
        ("a.log", ""),
        ("app/b.log", ""),
        ("app/c.txt", "c"),
        ("vendor/dropped", ""),
        ("vendor/kept", "k"),
    ]);
    let bytes = archive(folder.path()).await;
    let names: BTreeMap<String, u64> = tar::Archive::new(bytes.as_slice())
        .entries()
        .unwrap()
        .map(|entry| {
            let entry = entry.unwrap();
            (entry.path().unwrap().display().to_string(), entry.size())
        })
        .collect();
    let names: Vec<&str> = names.keys().map(String::as_str).collect();
    let expected = [
        ".dockerignore",
        "Dockerfile",
        "app/",
        "app/c.txt",
        "vendor/kept",
    ];
    assert_eq!(names, expected);
}

#[tokio::test]
async fn a_big_context_never_has_more_in_memory_than_the_bound() {
    const BIG: u64 = 300 << 20;
    let folder = folder(&[("Dockerfile", "FROM scratch")]);
    let file = fs::File::create(folder.path().join("big")).unwrap();
    file.set_len(BIG).unwrap();
    let mut sending = Context::open(folder.path(), Path::new("Dockerfile"))
        .unwrap()
        .send();
    let mut received = 0;
    while let Some(chunk) = sending.chunks.recv().await {
        let chunk = chunk.unwrap();
        assert!(chunk.len() <= CHUNK);
        let waiting = sending.chunks.len() * CHUNK;
        assert!(chunk.len() + waiting + CHUNK <= IN_FLIGHT);
        received += chunk.len() as u64;
        let ahead = sending.sent.borrow().saturating_sub(received);
        assert!(ahead <= IN_FLIGHT as u64, "{ahead} bytes are ahead");
    }
    assert!(received > BIG);
    assert_eq!(*sending.sent.borrow(), received);
}

#[tokio::test]
async fn sending_ends_when_nobody_receives() {
    let folder = folder(&[("Dockerfile", "FROM scratch")]);
    let file = fs::File::create(folder.path().join("big")).unwrap();
    file.set_len(1 << 40).unwrap();
    let sending = Context::open(folder.path(), Path::new("Dockerfile"))
        .unwrap()
        .send();
    let mut sent = sending.sent.clone();
    drop(sending.chunks);
    // The sender of the count is the packing thread's: it is gone when the thread is.
    while sent.changed().await.is_ok() {}
    assert!(sending.fault.get().is_none());
}

#[test]
fn what_is_missing_or_outside_is_refused_by_its_name() {
    let folder = folder(&[("Dockerfile", "FROM scratch"), ("app/x", "")]);
    let refused = |root: &Path, dockerfile: &str| {
        let error = Context::open(root, Path::new(dockerfile)).unwrap_err();
        assert_eq!(error.kind, ErrorKind::Config);
        error.message
    };
    let root = folder.path();
    let message = refused(&root.join("gone"), "Dockerfile");
    assert!(message.contains("gone is no folder"), "{message}");
    let message = refused(root, "web/Dockerfile");
    assert!(
        message.contains("there is no Dockerfile") && message.contains("web/Dockerfile"),
        "{message}"
    );
    for outside in ["../Dockerfile", "/etc/passwd"] {
        let message = refused(&root.join("app"), outside);
        assert!(message.contains("is not in the build context"), "{message}");
    }
    symlink("/etc/passwd", root.join("linked")).unwrap();
    let message = refused(root, "linked");
    assert!(message.contains("/etc/passwd is not in"), "{message}");
}

#[test]
fn a_file_that_shrinks_while_it_is_sent_is_named() {
    let folder = folder(&[("shrunk", "123")]);
    let path = folder.path().join("shrunk");
    let mut exact = Exact {
        file: fs::File::open(&path).unwrap().take(10),
        path: &path,
        fault: None,
    };
    io::copy(&mut exact, &mut io::sink()).unwrap_err();
    let message = exact.fault.unwrap().message;
    assert!(message.contains("shrunk became shorter"), "{message}");
}
