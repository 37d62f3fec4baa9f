use super::*;

/// Cases of moby/patternmatcher's own tests (`patternmatcher_test.go`, `TestMatches`): patterns, path, whether it is left out.
const CASES: &[(&str, &str, bool)] = &[
    ("**", "file", true),
    ("**", "file/", true),
    ("**/", "file", true),
    ("**", "/", true),
    ("**", "dir/file", true),
    ("**/", "dir/file", true),
    ("**/**", "dir/file", true),
    ("dir/**", "dir/file", true),
    ("dir/**", "dir/dir2/file", true),
    ("**/dir", "dir", true),
    ("**/dir", "dir/file", true),
    ("**/dir2/*", "dir/dir2/file", true),
    ("**/dir2/**", "dir/dir2/dir3/file", true),
    ("**file", "file", true),
    ("**file", "dir/file", true),
    ("**/file", "dir/file", true),
    ("**file", "dir/dir/file", true),
    ("**/file*", "dir/dir/file", true),
    ("**/file*", "dir/dir/file.txt", true),
    ("**/file*txt", "dir/dir/file.txt", true),
    ("**/file*.txt", "dir/dir/file.txt", true),
    ("**/file*.txt*", "dir/dir/file.txt", true),
    ("**/**/*.txt", "dir/dir/file.txt", true),
    ("**/**/*.txt2", "dir/dir/file.txt", false),
    ("**/*.txt", "file.txt", true),
    ("**/**/*.txt", "file.txt", true),
    ("a**/*.txt", "a/file.txt", true),
    ("a**/*.txt", "a/dir/file.txt", true),
    ("a**/*.txt", "a/dir/dir/file.txt", true),
    ("a/*.txt", "a/dir/file.txt", false),
    ("a/*.txt", "a/file.txt", true),
    ("a/*.txt**", "a/file.txt", true),
    ("a[b-d]e", "ae", false),
    ("a[b-d]e", "ace", true),
    ("a[b-d]e", "aae", false),
    ("a[^b-d]e", "aze", true),
    (".*", ".foo", true),
    (".*", "foo", false),
    ("abc.def", "abcdef", false),
    ("abc.def", "abc.def", true),
    ("abc.def", "abcZdef", false),
    ("abc?def", "abcZdef", true),
    ("abc?def", "abcdef", false),
    ("a\\\\", "a\\", true),
    ("**/foo/bar", "foo/bar", true),
    ("**/foo/bar", "dir/foo/bar", true),
    ("**/foo/bar", "dir/dir2/foo/bar", true),
    ("abc/**", "abc", false),
    ("abc/**", "abc/def", true),
    ("abc/**", "abc/def/ghi", true),
    ("**/.foo", ".foo", true),
    ("**/.foo", "bar.foo", false),
    ("a(b)c/def", "a(b)c/def", true),
    ("a(b)c/def", "a(b)c/xyz", false),
    ("a.|)$(}+{bc", "a.|)$(}+{bc", true),
    (
        "dist/proxy.py-2.4.0rc3.dev36+g08acad9-py3-none-any.whl",
        "dist/proxy.py-2.4.0rc3.dev36+g08acad9-py3-none-any.whl",
        true,
    ),
    (
        "dist/*.whl",
        "dist/proxy.py-2.4.0rc3.dev36+g08acad9-py3-none-any.whl",
        true,
    ),
    ("a\\*b", "a*b", true),
    ("a\\", "a", false),
    ("a\\", "a\\", false),
    ("**\n!file", "file", false),
    ("**\n!dir/file", "dir/file", false),
    ("dir\n!dir/file", "dir/file", false),
    ("dir\n!dir/file", "dir/other", true),
    (
        "*.md\n!README*.md\nREADME-secret.md",
        "README-secret.md",
        true,
    ),
    (
        "*.md\n!README*.md\nREADME-secret.md",
        "README-public.md",
        false,
    ),
    (
        "*.md\nREADME-secret.md\n!README*.md",
        "README-secret.md",
        false,
    ),
];

#[test]
fn patterns_match_as_docker_says() {
    for (patterns, path, expected) in CASES {
        let left_out = match Ignore::parse(patterns) {
            Ok(ignore) => ignore.sent(Path::new(path)) != Sent::Yes,
            Err(_) => false,
        };
        assert_eq!(left_out, *expected, "{patterns:?} on {path:?}");
    }
}

#[test]
fn base_names_are_not_matched_below_the_root() {
    let ignore = Ignore::parse("node_modules\n*.pyc").unwrap();
    assert_eq!(ignore.sent(Path::new("node_modules/a/b")), Sent::No);
    assert_eq!(ignore.sent(Path::new("web/node_modules")), Sent::Yes);
    assert_eq!(ignore.sent(Path::new("app/main.pyc")), Sent::Yes);
}

#[test]
fn comments_blanks_and_slashes_at_the_front_are_read_as_docker_reads_them() {
    let ignore =
        Ignore::parse("\u{feff}# cache\n\n  /cache/  \n!  /cache/keep\n./logs//x").unwrap();
    assert_eq!(ignore.sent(Path::new("cache/a")), Sent::No);
    assert_eq!(ignore.sent(Path::new("cache/keep")), Sent::Yes);
    assert_eq!(ignore.sent(Path::new("logs/x")), Sent::No);
    assert_eq!(ignore.sent(Path::new("# cache")), Sent::Yes);
}

#[test]
fn a_folder_is_looked_into_only_for_what_is_taken_in_again() {
    let ignore = Ignore::parse("vendor\nnode_modules\n!vendor/own/lib").unwrap();
    assert_eq!(ignore.sent(Path::new("vendor")), Sent::PartsOfIt);
    assert_eq!(ignore.sent(Path::new("vendor/own")), Sent::PartsOfIt);
    assert_eq!(ignore.sent(Path::new("vendor/own/lib")), Sent::Yes);
    assert_eq!(ignore.sent(Path::new("vendor/other")), Sent::No);
    assert_eq!(ignore.sent(Path::new("node_modules")), Sent::No);
}

#[test]
fn a_pattern_that_is_none_is_refused_with_its_line() {
    let error = Ignore::parse("ok\n!").unwrap_err();
    assert_eq!(error, "line 2: `!` is no pattern");
    assert!(Ignore::parse("a[").is_err());
}

#[test]
fn the_dockerfile_is_sent_whatever_the_patterns_say_and_its_own_list_is_the_stronger() {
    let folder = tempfile::tempdir().unwrap();
    let write = |name: &str, text: &str| fs::write(folder.path().join(name), text).unwrap();
    write(".dockerignore", "*");
    let read = || Ignore::read(folder.path(), Path::new("web.Dockerfile")).unwrap();
    let ignore = read();
    assert_eq!(ignore.sent(Path::new("web.Dockerfile")), Sent::Yes);
    assert_eq!(ignore.sent(Path::new(".dockerignore")), Sent::Yes);
    assert_eq!(ignore.sent(Path::new("index.html")), Sent::No);
    write("web.Dockerfile.dockerignore", "secret");
    assert_eq!(read().sent(Path::new("index.html")), Sent::Yes);
    assert_eq!(read().sent(Path::new("secret")), Sent::No);
}
