//! `hydren image build` and `push` where engines and registries fail: what is said, what helps, the exit code, and that nothing is claimed
//! or half done. Everything ends by itself: [`Console::command`] kills what does not.

#![allow(clippy::unwrap_used, reason = "a test may fail where it stands")]

#[path = "support/console.rs"]
mod console;
#[path = "support/engine.rs"]
mod engine;

use aws_smithy_types::base64;
use console::{Console, exit_code};
use engine::{Answer, Fake, IMAGE, Request, engine, version};
use serde_json::{Value, json};
use std::{
    fs,
    io::Read as _,
    os::unix::{
        fs::{MetadataExt as _, PermissionsExt as _, chown, symlink},
        net::UnixListener,
        process::CommandExt as _,
    },
    path::Path,
    process::{Command, Output},
    sync::atomic::{AtomicU32, Ordering},
    thread,
    time::Duration,
};
use tempfile::TempDir;

const PROJECT: &str = "[environments.test.resources]\ncluster = \"none\"\n";

/// Nothing listens there.
const NOWHERE: &str = "http://127.0.0.1:9";

/// Longer than any command may take.
const PATIENCE: Duration = Duration::from_mins(3);

/// Commands that need an engine.
const COMMANDS: [&[&str]; 2] = [
    &["image", "build", "backend", "--tag", "1.2"],
    &["image", "push", "registry.test/shop/backend:1.2"],
];

/// How a command failed.
struct Failure {
    message: String,
    hint: String,
    /// All of stderr.
    said: String,
}

/// Makes sure that a command ended with `code`, claimed nothing, and said `message` and `hint`.
#[track_caller]
fn failed(output: &Output, code: i32, message: &str, hint: &str) -> Failure {
    let said = String::from_utf8_lossy(&output.stderr).into_owned();
    assert_eq!(exit_code(output), code, "{said}");
    assert!(output.stdout.is_empty(), "it claims something: {output:?}");
    let (_, error) = said.rsplit_once("hydren: ").unwrap_or_default();
    let (told, helps) = error.split_once("\n  hint: ").unwrap_or((error, ""));
    let failure = Failure {
        message: told.trim_end().to_owned(),
        hint: helps.trim_end().to_owned(),
        said: said.clone(),
    };
    assert!(failure.message.contains(message), "not `{message}`: {said}");
    assert!(!failure.hint.is_empty(), "nothing helps: {said}");
    assert!(failure.hint.contains(hint), "no hint `{hint}`: {said}");
    failure
}

/// The code of a component `backend`, and a console that knows it.
struct Bench {
    code: TempDir,
    console: Console,
}

impl Bench {
    fn new() -> Self {
        Self::with("")
    }

    /// `settings` are lines of the component's table.
    fn with(settings: &str) -> Self {
        let code = tempfile::tempdir().unwrap();
        let arch = if cfg!(target_arch = "aarch64") {
            "arm64"
        } else {
            "amd64"
        };
        let project = format!(
            "{PROJECT}\n[components.backend]\ncontext = \"{}\"\nrepository = \"shop/backend\"\nplatform = \"linux/{arch}\"\n{settings}\n",
            code.path().display()
        );
        let bench = Self {
            code,
            console: Console::configured(NOWHERE, &project),
        };
        bench.write("Dockerfile", "FROM scratch\nCOPY . /app\n");
        bench
    }

    fn write(&self, name: &str, text: &str) {
        fs::write(self.code.path().join(name), text).unwrap();
    }

    fn run(&self, host: &str, arguments: &[&str]) -> Output {
        run(&self.console, host, arguments)
    }

    fn build(&self, engine: &Fake) -> Output {
        self.run(&engine.host(), COMMANDS[0])
    }

    /// Runs `hydren ARGUMENTS` as somebody to whom nothing here belongs, with the engine at `host`. Root may be refused nothing.
    fn run_as_nobody(&self, host: &str, arguments: &[&str]) -> Output {
        const NOBODY: u32 = 65_534;
        let process = self.console.process(arguments);
        let home = self.console.project_file();
        let home = home.parent().unwrap();
        let program = home.join("hydren");
        let original = Path::new(process.get_program());
        // The folder of the original may be closed to others.
        if fs::hard_link(original, &program).is_err() {
            fs::copy(original, &program).unwrap();
        }
        let variables = process.get_envs();
        let variables = variables.filter_map(|(name, value)| Some((name, value?)));
        let mut command = Command::new(&program);
        command
            .args(arguments)
            .current_dir(home)
            .env_clear()
            .envs(variables)
            .env("DOCKER_HOST", host)
            .env("DOCKER_BUILDKIT", "0");
        if fs::metadata("/proc/self").unwrap().uid() == 0 {
            chown(home, Some(NOBODY), Some(NOBODY)).unwrap();
            open_to_all(self.code.path());
            command.uid(NOBODY).gid(NOBODY);
        }
        let output = ended(command);
        fs::remove_file(program).unwrap();
        output
    }
}

/// Runs `hydren ARGUMENTS` with the engine at `host`, by the classic builder.
fn run(console: &Console, host: &str, arguments: &[&str]) -> Output {
    let mut command = console.process(arguments);
    command.env("DOCKER_HOST", host).env("DOCKER_BUILDKIT", "0");
    ended(command)
}

/// Runs a command to its end.
fn ended(command: Command) -> Output {
    let mut command = assert_cmd::Command::from_std(command);
    command.timeout(PATIENCE).output().unwrap()
}

fn set_mode(path: &Path, mode: u32) {
    fs::set_permissions(path, fs::Permissions::from_mode(mode)).unwrap();
}

fn open_to_all(folder: &Path) {
    set_mode(folder, 0o755);
}

/// Makes sure that commands fail with the engine at `host`.
#[track_caller]
fn every_command_fails(host: &str, code: i32, message: &str, hint: &str) {
    let bench = Bench::new();
    for command in COMMANDS {
        failed(&bench.run(host, command), code, message, hint);
    }
}

// Engines.

#[test]
fn an_engine_that_is_not_there_is_named_with_who_named_it_and_how_to_start_one() {
    let folder = tempfile::tempdir().unwrap();
    let left = folder.path().join("left.sock");
    drop(UnixListener::bind(&left).unwrap());
    for host in [
        format!("unix://{}", folder.path().join("none.sock").display()),
        format!("unix://{}", left.display()),
        NOWHERE.replace("http", "tcp"),
    ] {
        let what = format!("no container engine answers at {host} (DOCKER_HOST)");
        every_command_fails(&host, 1, &what, "sudo systemctl start docker");
    }
}

#[test]
fn a_socket_without_permission_is_refused_with_how_to_get_it() {
    let folder = tempfile::tempdir().unwrap();
    open_to_all(folder.path());
    let socket = folder.path().join("docker.sock");
    let fake = Fake::listen_at(&socket, engine(&[], |_| None));
    let bench = Bench::new();
    for command in COMMANDS {
        // Without any bit, so that it refuses its owner too where that is not root.
        set_mode(&socket, 0);
        let refused = bench.run_as_nobody(&fake.host(), command);
        let what = format!("you may not use the container engine at {}", fake.host());
        failed(&refused, 5, &what, "sudo usermod -aG docker $USER");
        assert!(fake.asked().is_empty(), "{:?}", fake.asked());
    }
    // Nothing but its mode was in the way.
    set_mode(&socket, 0o666);
    bench.run_as_nobody(&fake.host(), COMMANDS[0]);
    assert_eq!(fake.count(|request| request.is("POST /build")), 1);
}

#[test]
fn an_engine_that_is_too_old_is_told_its_version_and_the_one_that_is_needed() {
    let fake = Fake::listen(engine(&[], |request| {
        request.is("GET /version").then(|| version("1.24", "1.12"))
    }));
    let what = format!(
        "the engine at {} speaks API 1.24, and 1.40 is needed",
        fake.host()
    );
    every_command_fails(&fake.host(), 1, &what, "upgrade it to Docker Engine");
    let only = fake.count(|request| request.is("GET /version"));
    assert_eq!(fake.asked().len(), only, "{:?}", fake.asked());
}

#[test]
fn a_page_in_place_of_an_engine_is_told_without_the_page() {
    let page = format!(
        "<html>\n<head><title>502 Bad Gateway</title></head>\n<body>{}</body>\n</html>\n",
        "<p>filler</p>\n".repeat(400)
    );
    // A proxy before an engine answers 403 where it lets nobody through.
    for (status, code) in [(200, 1), (403, 5), (502, 1)] {
        let answer = Answer::page(status, &page);
        let fake = Fake::listen(move |_| answer.clone());
        let bench = Bench::new();
        for command in COMMANDS {
            let output = bench.run(&fake.host(), command);
            let failure = failed(&output, code, &fake.host(), "docker info");
            assert!(
                !failure.said.contains("filler"),
                "{status}: {}",
                failure.said
            );
        }
    }
}

#[test]
fn an_engine_that_closes_the_connection_is_told_with_how_to_look_at_it() {
    let fake = Fake::listen(|_| Answer::Nothing);
    let what = format!("the engine at {}, DOCKER_HOST: ", fake.host());
    every_command_fails(
        &fake.host(),
        1,
        &what,
        "look whether it runs and can be reached: `docker info`",
    );
}

/// Engines that answer with `answer` when they are asked for their version, for their images, and for what a registry holds.
fn engines_that_stop_with(answer: &Answer) -> Vec<Fake> {
    let asked = ["GET /version", "GET /images/json", "GET /distribution/"];
    let stop = asked.map(|line| {
        let answer = answer.clone();
        Fake::listen(engine(&[OWN], move |request| {
            if request.line.starts_with(line) {
                return Some(answer.clone());
            }
            is_push(request).then(pushed)
        }))
    });
    stop.into()
}

/// A push ends by itself, whenever its engine stops with `answer`.
fn every_stop_is_bounded(answer: &Answer) {
    let engines = engines_that_stop_with(answer);
    thread::scope(|scope| {
        for fake in &engines {
            scope.spawn(|| {
                let console = Console::configured(NOWHERE, PROJECT);
                let output = push(&console, fake, OWN);
                let what = format!("the engine at {} does not answer", fake.host());
                failed(
                    &output,
                    1,
                    &what,
                    "look whether it still runs: `docker info`",
                );
            });
        }
    });
}

#[test]
fn an_engine_that_never_answers_is_left_in_bounded_time() {
    every_stop_is_bounded(&Answer::Never);
}

#[test]
fn an_engine_that_begins_to_answer_and_stops_is_left_in_bounded_time() {
    every_stop_is_bounded(&Answer::Head);
}

/// `DOCKER_HOST` of `hosts` is refused before anybody is asked.
#[track_caller]
fn none_is_an_address(hosts: &[&str]) {
    for host in hosts {
        let what = format!("DOCKER_HOST: `{host}` is no address of an engine");
        let hint = "write unix:///path/to/docker.sock, tcp://host:2376 or ssh://user@host";
        every_command_fails(host, 2, &what, hint);
    }
}

#[test]
fn a_docker_host_that_is_no_address_is_a_configuration_that_is_wrong() {
    none_is_an_address(&[
        "engine",
        "127.0.0.1:2375",
        "unix://",
        "tcp://",
        "fd://3",
        "npipe:////./pipe/docker_engine",
    ]);
}

#[test]
fn a_docker_host_without_a_host_or_a_port_that_can_be_is_no_address_either() {
    none_is_an_address(&[
        "tcp://127.0.0.1:99999",
        "tcp://:2375",
        "tcp://not a host:2375",
        "tcp://127.0.0.1:2375/path",
    ]);
}

#[test]
fn a_docker_context_that_does_not_exist_is_named_whoever_asks_for_it() {
    let bench = Bench::new();
    let what = "there is no Docker context `staging`";
    for command in COMMANDS {
        let mut asked = bench.console.process(command);
        asked.env("DOCKER_CONTEXT", "staging");
        failed(&ended(asked), 2, what, "`docker context ls` lists them");
    }
    let folder = bench.console.project_file().with_file_name(".docker");
    fs::create_dir_all(&folder).unwrap();
    let config = json!({ "currentContext": "staging" }).to_string();
    fs::write(folder.join("config.json"), config).unwrap();
    for command in COMMANDS {
        let asked = bench.console.process(command);
        failed(&ended(asked), 2, what, "`docker context use`");
    }
}

// Builds.

/// An engine whose builds are answered by `answer`.
fn builder(answer: Answer) -> Fake {
    Fake::listen(engine(&[], move |request| {
        if request.line.contains("/tag?") {
            return Some(Answer::empty(201, &[]));
        }
        request.is("POST /build").then(|| answer.clone())
    }))
}

/// What the classic builder says of two steps, the second of which has not ended.
fn steps() -> Vec<Value> {
    vec![
        json!({ "stream": "Step 1/2 : FROM scratch" }),
        json!({ "stream": "\n ---> \n" }),
        json!({ "stream": "Step 2/2 : COPY . /app\n" }),
    ]
}

/// How a builder fails with `message`.
fn error(message: &str) -> Value {
    json!({ "errorDetail": { "message": message }, "error": message })
}

#[track_caller]
fn nothing_was_tagged(fake: &Fake) {
    let tagged = fake.count(|request| request.line.contains("/tag?"));
    assert_eq!(tagged, 0, "{:?}", fake.asked());
}

#[test]
fn a_full_disk_is_named_with_what_frees_room_and_the_image_gets_no_tag() {
    let full = "write /var/lib/docker/tmp/docker-builder1/big.bin: no space left on device";
    let in_step = [steps(), vec![error(full)]].concat();
    for (answer, step) in [
        (Answer::Stream(in_step), "COPY . /app"),
        (Answer::Stream(vec![error(full)]), ""),
        (Answer::json(500, &json!({ "message": full })), ""),
    ] {
        let fake = builder(answer);
        let output = Bench::new().build(&fake);
        let failure = failed(&output, 1, "no space left on device", "docker system df");
        assert!(failure.message.contains(step), "{}", failure.said);
        assert!(
            failure.hint.contains("docker builder prune"),
            "{}",
            failure.said
        );
        nothing_was_tagged(&fake);
    }
}

#[test]
fn a_build_whose_end_is_not_heard_has_failed_and_its_image_gets_no_tag() {
    let image = json!({ "aux": { "ID": IMAGE } });
    // The classic builder names an image at the end of each stage.
    let stage = [steps(), vec![image]].concat();
    let lost = "building the image: the engine at";
    let ended = "the engine ended the build without an image";
    for (answer, what, hint) in [
        (Answer::Cut(vec![]), lost, "docker info"),
        (Answer::Cut(steps()), lost, "docker info"),
        (Answer::Cut(stage), lost, "docker info"),
        (Answer::Nothing, lost, "docker info"),
        (Answer::Stream(vec![]), ended, "then build again"),
        (Answer::Stream(steps()), ended, "then build again"),
    ] {
        let fake = builder(answer);
        failed(&Bench::new().build(&fake), 1, what, hint);
        assert_eq!(fake.count(|request| request.is("POST /build")), 1);
        nothing_was_tagged(&fake);
    }
}

#[test]
fn a_file_that_cannot_be_read_ends_the_build_and_can_be_left_out() {
    let steps = [steps(), vec![json!({ "aux": { "ID": IMAGE } })]].concat();
    let fake = builder(Answer::Stream(steps));
    let bench = Bench::new();
    bench.write("server.key", "secret");
    set_mode(&bench.code.path().join("server.key"), 0);
    let output = bench.run_as_nobody(&fake.host(), COMMANDS[0]);
    let file = bench.code.path().join("server.key");
    let what = format!(
        "{} of the build context cannot be read: Permission denied",
        file.display()
    );
    let hint = "make it readable, or leave it out in .dockerignore";
    failed(&output, 1, &what, hint);
    nothing_was_tagged(&fake);

    bench.write(".dockerignore", "*.key\n");
    let output = bench.run_as_nobody(&fake.host(), COMMANDS[0]);
    let said = String::from_utf8_lossy(&output.stderr);
    assert_eq!(exit_code(&output), 0, "{said}");
    let out = String::from_utf8_lossy(&output.stdout);
    assert!(out.contains("shop/backend:1.2"), "{out}");
    assert_eq!(fake.count(|request| request.line.contains("/tag?")), 1);
}

#[test]
fn a_dockerfile_that_links_out_of_the_context_is_refused_before_anything_is_sent() {
    let outside = tempfile::tempdir().unwrap();
    fs::write(outside.path().join("Dockerfile"), "FROM scratch\n").unwrap();
    let fake = builder(Answer::Stream(vec![]));
    for settings in ["", "dockerfile = \"deploy/Dockerfile\""] {
        let bench = Bench::with(settings);
        fs::remove_file(bench.code.path().join("Dockerfile")).unwrap();
        if settings.is_empty() {
            let target = outside.path().join("Dockerfile");
            symlink(target, bench.code.path().join("Dockerfile")).unwrap();
        } else {
            symlink(outside.path(), bench.code.path().join("deploy")).unwrap();
        }
        let output = bench.build(&fake);
        let what = format!(
            "the Dockerfile {} is not in the build context {}",
            outside.path().join("Dockerfile").display(),
            bench.code.path().display()
        );
        failed(&output, 2, &what, "take a context that holds it");
    }
    assert_eq!(fake.count(|request| request.is("POST /build")), 0);
}

// Pushes.

const PUSHED: &str = "sha256:2222222222222222222222222222222222222222222222222222222222222222";

const OTHER: &str = "sha256:3333333333333333333333333333333333333333333333333333333333333333";

const ECR: &str = "123456789012.dkr.ecr.eu-west-1.amazonaws.com/shop/backend:1.2";

const OWN: &str = "registry.test/shop/backend:1.2";

fn is_push(request: &Request) -> bool {
    request.line.starts_with("POST /images/") && request.line.contains("/push?tag=1.2")
}

/// A push that succeeds, as an engine tells it.
fn pushed() -> Answer {
    Answer::Stream(vec![
        json!({ "status": "The push refers to repository [registry.test/shop/backend]" }),
        json!({ "status": "Preparing", "progressDetail": {}, "id": "0123456789ab" }),
        json!({ "status": "Pushed", "progressDetail": {}, "id": "0123456789ab" }),
        json!({ "status": format!("1.2: digest: {PUSHED} size: 528") }),
        json!({ "progressDetail": {}, "aux": { "Tag": "1.2", "Digest": PUSHED, "Size": 528 } }),
    ])
}

/// A push that a registry refuses with `message`, as an engine passes it on.
fn refused(message: &str) -> Answer {
    Answer::Stream(vec![
        json!({ "status": "The push refers to repository [registry.test/shop/backend]" }),
        json!({ "status": "Preparing", "progressDetail": {}, "id": "0123456789ab" }),
        error(message),
    ])
}

/// An engine that has the image `reference`, answers the first pushes of it with `answers`, and others with the last of them; its registry
/// holds `held`.
fn pusher(reference: &str, answers: Vec<Answer>, held: Answer) -> Fake {
    let count = AtomicU32::new(0);
    Fake::listen(engine(&[reference], move |request| {
        if request.line.starts_with("GET /distribution/") {
            return Some(held.clone());
        }
        is_push(request).then(|| {
            let number = count.fetch_add(1, Ordering::Relaxed) as usize;
            answers[number.min(answers.len() - 1)].clone()
        })
    }))
}

/// What an engine reads from a registry.
fn held(digest: &str) -> Answer {
    let kind = "application/vnd.docker.distribution.manifest.v2+json";
    Answer::json(
        200,
        &json!({
            "Descriptor": { "mediaType": kind, "digest": digest, "size": 528 },
            "Platforms": [{ "architecture": "amd64", "os": "linux" }],
        }),
    )
}

/// Pushes the image `reference`.
fn push(console: &Console, engine: &Fake, reference: &str) -> Output {
    run(console, &engine.host(), &["image", "push", reference])
}

/// The last line of the audit log says that the push of `reference` ended in this `result`.
#[track_caller]
fn written_down(console: &Console, reference: &str, result: &str) {
    let log = ".local/state/hydren/audit.jsonl";
    let log = fs::read_to_string(console.project_file().with_file_name(log)).unwrap();
    let last: Value = serde_json::from_str(log.lines().last().unwrap()).unwrap();
    assert_eq!(last["reference"], reference, "{last}");
    assert_eq!(last["result"], result, "{last}");
}

/// Pushes `reference` to a registry that refuses it with `message`; there is no AWS.
#[track_caller]
fn refusal(reference: &str, message: &str, code: i32, what: &str, hint: &str) -> Failure {
    let console = Console::configured(NOWHERE, PROJECT);
    refusal_of(&console, reference, message, code, what, hint)
}

#[track_caller]
fn refusal_of(
    console: &Console,
    reference: &str,
    message: &str,
    code: i32,
    what: &str,
    hint: &str,
) -> Failure {
    let fake = pusher(reference, vec![refused(message)], held(PUSHED));
    let failure = failed(&push(console, &fake, reference), code, what, hint);
    // The registry's own words follow.
    assert!(failure.message.contains(message), "{}", failure.said);
    assert_eq!(fake.count(is_push), 1, "{:?}", fake.asked());
    written_down(console, reference, "failed");
    failure
}

#[test]
fn a_rate_limit_says_when_the_registry_takes_requests_again() {
    let limit = "toomanyrequests: You have reached your pull rate limit. You may increase the limit by authenticating and \
                 upgrading: https://www.docker.com/increase-rate-limit";
    for reference in ["acme/backend:1.2", "docker.io/acme/backend:1.2"] {
        let what = "docker.io: it takes no more requests now";
        refusal(
            reference,
            limit,
            1,
            what,
            "Docker Hub counts over six hours",
        );
    }
    let failure = refusal(
        OWN,
        limit,
        1,
        "registry.test: it takes no more requests now",
        "try again in a few minutes",
    );
    assert!(!failure.hint.contains("Docker Hub"), "{}", failure.said);
    let abuse = "toomanyrequests: too many requests";
    let what = "docker.io: it takes no more requests now";
    refusal("acme/backend:1.2", abuse, 1, what, "in a minute");
}

/// Counts what AWS is asked, and gives another token each time.
fn aws() -> Fake {
    let count = AtomicU32::new(0);
    Fake::listen(move |request| {
        match request.header("x-amz-target") {
        Some(_) if is_token(request) => {
            let number = count.fetch_add(1, Ordering::Relaxed) + 1;
            let token = base64::encode(format!("AWS:{}", token(number)));
            let host = ECR.split('/').next().unwrap();
            // In the year 2100.
            Answer::json(
                200,
                &json!({ "authorizationData": [{
                    "authorizationToken": token, "expiresAt": 4_102_444_800.0, "proxyEndpoint": format!("https://{host}"),
                }] }),
            )
        }
        Some(_) => Answer::json(
            400,
            &json!({ "__type": "AccessDeniedException", "message": "not here" }),
        ),
        // The only one here that is not asked in JSON is STS, who the caller is.
        None => Answer::Whole(
            200,
            "Content-Type: text/xml".to_owned(),
            "<GetCallerIdentityResponse><GetCallerIdentityResult><Arn>arn:aws:iam::123456789012:user/jo</Arn><UserId>AIDA</UserId>\
             <Account>123456789012</Account></GetCallerIdentityResult></GetCallerIdentityResponse>"
                .to_owned(),
        ),
    }
    })
}

fn token(number: u32) -> String {
    format!("token-number-{number}-of-ecr")
}

fn is_token(request: &Request) -> bool {
    let target = request.header("x-amz-target");
    target.is_some_and(|target| target.ends_with(".GetAuthorizationToken"))
}

/// Passwords that came with pushes, in order.
fn passwords(engine: &Fake) -> Vec<String> {
    let pushes = engine.asked().into_iter().filter(is_push);
    pushes
        .map(|push| {
            let login = push.header("x-registry-auth").unwrap();
            let login = login.replace('-', "+").replace('_', "/");
            let login: Value = serde_json::from_slice(&base64::decode(login).unwrap()).unwrap();
            assert_eq!(login["username"], "AWS");
            login["password"].as_str().unwrap().to_owned()
        })
        .collect()
}

/// As ECR says it.
const EXPIRED: &str = "denied: Your authorization token has expired. Reauthenticate and try again.";

#[test]
fn a_token_of_ecr_that_has_ended_is_renewed_and_the_push_goes_on() {
    let aws = aws();
    let console = Console::configured(&aws.url(), PROJECT);
    let fake = pusher(ECR, vec![refused(EXPIRED), pushed()], held(PUSHED));
    let output = push(&console, &fake, ECR);
    let said = format!("{output:?}");
    assert_eq!(exit_code(&output), 0, "{said}");
    assert!(said.contains(PUSHED), "{said}");
    assert_eq!(aws.count(is_token), 2);
    assert_eq!(passwords(&fake), [token(1), token(2)]);
    assert!(!said.contains("of-ecr"), "the token is told: {said}");
    written_down(&console, ECR, "accepted");
}

#[test]
fn a_token_of_ecr_that_is_refused_again_ends_the_push_with_the_reason_and_a_way_out() {
    let aws = aws();
    let console = Console::configured(&aws.url(), PROJECT);
    let fake = pusher(ECR, vec![refused(EXPIRED)], held(PUSHED));
    let output = push(&console, &fake, ECR);
    assert_eq!(aws.count(is_token), 2);
    assert_eq!(passwords(&fake), [token(1), token(2)]);
    written_down(&console, ECR, "failed");
    let failure = failed(&output, 5, "the login has ended", "");
    assert!(failure.message.contains(EXPIRED), "{}", failure.said);
    assert!(!failure.said.contains("of-ecr"), "{}", failure.said);
}

#[test]
fn an_action_that_is_missing_at_ecr_is_named_and_no_other_token_is_asked_for() {
    let aws = aws();
    let console = Console::configured(&aws.url(), PROJECT);
    let message = "denied: User: arn:aws:iam::123456789012:user/jo is not authorized to perform: ecr:InitiateLayerUpload on resource: \
                   arn:aws:ecr:eu-west-1:123456789012:repository/shop/backend because no identity-based policy allows the \
                   ecr:InitiateLayerUpload action";
    let hint = "the caller needs ecr:InitiateLayerUpload on this repository";
    refusal_of(&console, ECR, message, 5, "may not be pushed", hint);
    assert_eq!(aws.count(is_token), 1);
}

#[test]
fn a_login_of_docker_that_has_ended_is_told_with_where_it_came_from() {
    // AWS gives no token, but somebody has logged in with one of `aws ecr get-login-password`.
    let console = Console::configured(NOWHERE, PROJECT);
    let host = ECR.split('/').next().unwrap();
    let folder = console.project_file().with_file_name(".docker");
    fs::create_dir_all(&folder).unwrap();
    let login = base64::encode(format!("AWS:{}", token(0)));
    let config = json!({ "auths": { host: { "auth": login } } });
    fs::write(folder.join("config.json"), config.to_string()).unwrap();
    let failure = refusal_of(
        &console,
        ECR,
        EXPIRED,
        5,
        "the login has ended",
        ".docker/config.json",
    );
    assert!(!failure.said.contains("of-ecr"), "{}", failure.said);
}

#[test]
fn a_repository_that_is_missing_is_told_with_the_command_that_makes_it() {
    let aws = aws();
    let console = Console::configured(&aws.url(), PROJECT);
    let message = "name unknown: The repository with name 'shop/backend' does not exist in the registry with id '123456789012'";
    let what = "there is no repository 123456789012.dkr.ecr.eu-west-1.amazonaws.com/shop/backend";
    let hint = "`hydren image create-repository shop/backend`";
    refusal_of(&console, ECR, message, 1, what, hint);
    let elsewhere = "name unknown: repository shop/backend not found";
    let what = "registry.test: there is no repository registry.test/shop/backend";
    let failure = refusal(OWN, elsewhere, 1, what, "make it at the registry");
    assert!(
        !failure.hint.contains("create-repository"),
        "{}",
        failure.said
    );
}

#[test]
fn a_tag_that_is_taken_for_ever_asks_for_another_one() {
    let aws = aws();
    let console = Console::configured(&aws.url(), PROJECT);
    let message = "tag invalid: The image tag '1.2' already exists in the 'shop/backend' repository and cannot be overwritten because \
                   the tag is immutable.";
    let what = "the tag is taken and cannot be overwritten";
    let hint = "push under another tag than 1.2";
    refusal_of(&console, ECR, message, 1, what, hint);
}

#[test]
fn a_repository_called_immutable_can_be_missing_too() {
    let aws = aws();
    let console = Console::configured(&aws.url(), PROJECT);
    let reference = ECR.replace("shop/backend", "shop/immutable-assets");
    let message = "name unknown: The repository with name 'shop/immutable-assets' does not exist in the registry with id '123456789012'";
    let hint = "`hydren image create-repository shop/immutable-assets`";
    refusal_of(
        &console,
        &reference,
        message,
        1,
        "there is no repository",
        hint,
    );
}

#[test]
fn a_full_disk_of_the_registry_is_named() {
    let message = "write /var/lib/registry/docker/registry/v2/blobs: no space left on device";
    let hint = "the disk of the registry or of the engine is full";
    refusal(OWN, message, 1, "registry.test: no room is left", hint);
}

#[test]
fn a_digest_that_is_not_the_one_pushed_is_told_as_somebody_elses() {
    let console = Console::configured(NOWHERE, PROJECT);
    let fake = pusher(OWN, vec![pushed()], held(OTHER));
    let output = push(&console, &fake, OWN);
    let what = format!("{OWN} is {OTHER} in its registry, but {PUSHED} was pushed");
    failed(
        &output,
        1,
        &what,
        "somebody else pushed the same tag at the same time",
    );
    assert_eq!(fake.count(is_push), 1, "{:?}", fake.asked());
}

#[test]
fn an_image_that_cannot_be_read_back_is_no_success() {
    let console = Console::configured(NOWHERE, PROJECT);
    let broken = "received unexpected HTTP status: 500 Internal Server Error";
    let answer = Answer::json(500, &json!({ "message": broken }));
    let fake = pusher(OWN, vec![pushed()], answer);
    let output = push(&console, &fake, OWN);
    let what = format!("{OWN} was pushed, but cannot be read back");
    let failure = failed(&output, 1, &what, "push again");
    assert!(failure.message.contains(broken), "{}", failure.said);
}

#[test]
fn a_push_whose_end_is_not_heard_is_made_once_more_and_has_failed_then() {
    let begun = json!({ "status": "Preparing", "progressDetail": {}, "id": "0123456789ab" });
    for answer in [
        Answer::Cut(vec![begun.clone()]),
        Answer::Stream(vec![begun]),
        Answer::Nothing,
    ] {
        let console = Console::configured(NOWHERE, PROJECT);
        let fake = pusher(OWN, vec![answer], held(PUSHED));
        let output = push(&console, &fake, OWN);
        failed(&output, 1, OWN, "docker info");
        assert_eq!(fake.count(is_push), 2, "{:?}", fake.asked());
        written_down(&console, OWN, "failed");
    }
}

// A real engine in front of registries that fail.

/// An image of a real engine, which is taken away in the end.
struct Imported(String);

impl Imported {
    /// An image of `bytes` bytes that cannot be compressed, for the registry at `host`.
    fn new(host: &str, bytes: u64) -> Self {
        static COUNT: AtomicU32 = AtomicU32::new(0);
        let number = COUNT.fetch_add(1, Ordering::Relaxed);
        let reference = format!("{host}/shop/app:f{}-{number}", std::process::id());
        let folder = tempfile::tempdir().unwrap();
        let mut noise = Vec::new();
        let random = fs::File::open("/dev/urandom").unwrap();
        random.take(bytes).read_to_end(&mut noise).unwrap();
        fs::write(folder.path().join("noise"), noise).unwrap();
        let archive = folder.path().join("image.tar");
        let mut tar = Command::new("tar");
        tar.arg("-C").arg(folder.path()).arg("-cf").arg(&archive);
        assert!(tar.arg("noise").status().unwrap().success());
        docker(&["import", archive.to_str().unwrap(), &reference]);
        Self(reference)
    }

    fn push(&self, console: &Console) -> Output {
        let mut command = console.process(&["image", "push", &self.0]);
        if let Some(host) = std::env::var_os("DOCKER_HOST") {
            command.env("DOCKER_HOST", host);
        }
        ended(command)
    }
}

impl Drop for Imported {
    fn drop(&mut self) {
        // A test that has failed already is not to fail a second time here.
        let _ = Command::new("docker").args(["rmi", "-f", &self.0]).output();
    }
}

fn docker(arguments: &[&str]) {
    let output = Command::new("docker").args(arguments).output();
    let output = output.expect("docker can be run (scripts/test starts an engine)");
    let said = String::from_utf8_lossy(&output.stderr);
    assert!(output.status.success(), "docker {arguments:?}: {said}");
}

#[test]
fn a_registry_that_takes_no_requests_at_all_is_told_as_such_by_a_real_engine() {
    let limit = "You have reached your rate limit";
    let body =
        json!({ "errors": [{ "code": "TOOMANYREQUESTS", "message": limit, "detail": null }] });
    let registry = Fake::listen(move |_| Answer::json(429, &body));
    let image = Imported::new(&registry.address, 1_000);
    let console = Console::configured(NOWHERE, PROJECT);
    let output = image.push(&console);
    let what = format!("{}: it takes no more requests now", registry.address);
    let failure = failed(&output, 1, &what, "try again in a few minutes");
    assert!(failure.message.contains(limit), "{}", failure.said);
    assert!(registry.count(|request| request.line.contains(" /v2/")) > 0);
    written_down(&console, &image.0, "failed");
}

#[test]
fn a_proxy_before_a_registry_that_takes_no_requests_is_told_as_such_too() {
    // Neither of them has the form of a registry's own errors.
    for answer in [
        Answer::empty(429, &[]),
        Answer::page(429, "<html>slow down</html>"),
    ] {
        let registry = Fake::listen(move |_| answer.clone());
        let image = Imported::new(&registry.address, 1_000);
        let console = Console::configured(NOWHERE, PROJECT);
        let output = image.push(&console);
        let what = format!("{}: it takes no more requests now", registry.address);
        failed(&output, 1, &what, "try again in a few minutes");
    }
}

#[test]
fn a_registry_that_resets_every_layer_ends_the_push_of_a_real_engine_with_the_reason() {
    let registry = Fake::listen(|request| match request.line.split(' ').next() {
        Some("PATCH") => Answer::Reset,
        Some("POST") => {
            let upload = "Location: /v2/shop/app/blobs/uploads/1";
            Answer::empty(202, &[upload, "Docker-Upload-UUID: 1", "Range: 0-0"])
        }
        Some("GET") => Answer::json(200, &json!({})),
        _ => Answer::empty(404, &[]),
    });
    let image = Imported::new(&registry.address, 4 << 20);
    let console = Console::configured(NOWHERE, PROJECT);
    let output = image.push(&console);
    let what = format!("{}: the connection was lost or not made", registry.address);
    let hint = "layers that have arrived are not sent again";
    let failure = failed(&output, 1, &what, hint);
    assert!(
        failure.said.contains("connection lost, again in"),
        "{}",
        failure.said
    );
    let layers = registry.count(|request| request.line.starts_with("PATCH "));
    assert!(layers > 2, "the layer was sent {layers} times");
    written_down(&console, &image.0, "failed");
}
