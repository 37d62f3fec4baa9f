#![allow(clippy::unwrap_used, reason = "a test may fail where it stands")]

use super::*;
use crate::{
    audit::AuditLog,
    cloud::{
        Call, Registration, Revision,
        call::{
            Apply, DatabaseCall, Destination, EdgeCall, Listing, NewInstance, Reboot, RegistryCall,
            RuleMode, ScalableTarget, ScaledService, Scaling, ScalingCall, SessionCall, Shown,
            Switch, TrackedMetric, TrackingPolicy,
        },
        session::{Peer, Session},
        sim,
    },
    config::PROJECT_FILE,
    error::{Error, ErrorKind},
    model::{
        edge::WafScope,
        environment::{Access, WebAclName},
        hidden::Hidden,
        ip_set::IpSetName,
        task_document::Edit,
    },
};
use futures::StreamExt as _;
use serde_json::Value;
use std::{
    fs::{File, OpenOptions, Permissions},
    os::unix::fs::PermissionsExt as _,
    sync::{Mutex, PoisonError},
};
use tempfile::TempDir;

/// A cloud that notes what it is asked to execute and what the audit log says at that moment.
struct Witness {
    meter: Arc<Meter>,
    identity: Result<Identity>,
    answer: Result<CallOutcome>,
    /// Executed calls, each with the log as it stood before.
    executed: Mutex<Vec<(Call, String)>>,
    audit_log: PathBuf,
    /// Dropped by the first call: the reading end of a log that is a pipe.
    reader: Mutex<Option<File>>,
}

impl Witness {
    fn executed(&self) -> Vec<(Call, String)> {
        let executed = self.executed.lock();
        executed.unwrap_or_else(PoisonError::into_inner).clone()
    }
}

fn silent<T>() -> Result<T> {
    Err(Error::new(ErrorKind::Unsupported, "the witness has none"))
}

#[async_trait]
impl Cloud for Witness {
    fn now(&self) -> Timestamp {
        "2026-11-22T03:14:15Z".parse().unwrap()
    }

    fn meter(&self) -> &Arc<Meter> {
        &self.meter
    }

    async fn identity(&self) -> Result<Identity> {
        self.identity.clone()
    }

    async fn read(&self, _: Tier) -> Result<Snapshot> {
        silent()
    }

    async fn metrics(&self, _: &[MetricId], _: Window) -> Result<Metrics> {
        silent()
    }

    async fn logs(&self, _: &LogQuery) -> Result<Vec<LogEvent>> {
        silent()
    }

    fn follow(&self, _: Follow) -> BoxStream<'_, Followed> {
        futures::stream::empty().boxed()
    }

    async fn start_query(&self, _: &InsightsQuery) -> Result<String> {
        silent()
    }

    async fn query_answer(&self, _: &str) -> Result<InsightsAnswer> {
        silent()
    }

    async fn stop_query(&self, _: &str) -> Result<()> {
        silent()
    }

    async fn task_document(&self, _: &str) -> Result<TaskDocument> {
        silent()
    }

    async fn manifest(&self, _: &str) -> Result<Option<Manifest>> {
        silent()
    }

    async fn registry_login(&self, _: &str) -> Result<Credentials> {
        silent()
    }

    async fn denied(&self, _: &[Permission]) -> Result<Vec<Permission>> {
        silent()
    }

    async fn secret(&self, _: &str) -> Result<()> {
        silent()
    }

    async fn ledger(&self, _: &[String]) -> Result<Ledger> {
        silent()
    }

    async fn spend(&self, _: Date, _: Date) -> Result<Spend> {
        silent()
    }

    async fn products(&self, _: &PriceQuery) -> Result<Vec<Product>> {
        silent()
    }

    async fn discover(&self, _: &Start) -> Result<Discovery> {
        silent()
    }

    async fn execute(&self, order: &Order) -> Result<CallOutcome> {
        let call = &order.call;
        drop(self.reader.lock().unwrap().take());
        // A pipe cannot be looked into.
        let before = if self.audit_log.is_file() {
            std::fs::read_to_string(&self.audit_log).unwrap()
        } else {
            String::new()
        };
        self.executed.lock().unwrap().push((call.clone(), before));
        self.answer.clone()
    }
}

/// A guarded witness with its audit log in a folder that does not exist yet.
struct Stage {
    home: TempDir,
    environment: Environment,
    witness: Witness,
}

impl Stage {
    fn new() -> Self {
        let home = tempfile::tempdir().unwrap();
        let audit_log = home.path().join("state/hydren/audit.jsonl");
        Self {
            home,
            environment: Environment {
                name: "prod".to_owned(),
                ..sim::environment()
            },
            witness: Witness {
                meter: Arc::default(),
                identity: Ok(Identity {
                    account: "111122223333".to_owned(),
                    arn: "arn:aws:sts::111122223333:assumed-role/ops/jo".to_owned(),
                    region: "eu-west-1".to_owned(),
                    expires_at: None,
                }),
                answer: Ok(CallOutcome {
                    summary: "accepted by AWS".to_owned(),
                    resource: None,
                    session: None,
                }),
                executed: Mutex::default(),
                audit_log,
                reader: Mutex::default(),
            },
        }
    }

    fn read_only(mut self) -> Self {
        self.environment.access = Access::ReadOnly;
        self.environment.access_reason = Some(format!("{PROJECT_FILE}:3 says so"));
        self
    }

    fn answering(mut self, answer: Result<CallOutcome>) -> Self {
        self.witness.answer = answer;
        self
    }

    fn logging_to(mut self, path: impl Into<PathBuf>) -> Self {
        self.witness.audit_log = path.into();
        self
    }

    /// Guards the witness and executes `calls`; gives what each came to, what was executed, and the folder.
    async fn execute(self, calls: &[Call]) -> (Vec<Result<CallOutcome>>, Arc<Witness>, TempDir) {
        let log = self.witness.audit_log.clone();
        let witness = Arc::new(self.witness);
        let cloud = guarded(
            Arc::clone(&witness) as Arc<dyn Cloud>,
            &self.environment,
            log,
        );
        let mut outcomes = Vec::new();
        for call in calls {
            outcomes.push(cloud.execute(&call.clone().into()).await);
        }
        (outcomes, witness, self.home)
    }
}

/// The call after `call`, until every kind was there: a new kind does not compile before it has its place here.
fn next(call: Option<&Call>) -> Option<Call> {
    let (cluster, service) = ("shop".to_owned(), "backend".to_owned());
    match call {
        None => Some(Call::ScaleService {
            cluster,
            service,
            desired: 4,
        }),
        Some(Call::ScaleService { .. }) => Some(Call::RestartService { cluster, service }),
        Some(Call::RestartService { .. }) => Some(Call::SwitchExec {
            cluster,
            service,
            to: Switch::Enabled,
        }),
        Some(Call::SwitchExec { .. }) => Some(next_session(None)?.into()),
        Some(Call::Session(call)) => next_session(Some(call)).map_or_else(
            || {
                Some(Call::StopTask {
                    cluster,
                    task: "9f2c".to_owned(),
                    reason: "stuck\n{\"result\":\"accepted\"}".to_owned(),
                })
            },
            |call| Some(call.into()),
        ),
        Some(Call::StopTask { .. }) => Some(Call::SnapshotDatabase {
            database: "shop".to_owned(),
            snapshot: "before-upgrade".to_owned(),
        }),
        Some(Call::SnapshotDatabase { .. }) => Some(Call::RegisterRevision(registration())),
        Some(Call::RegisterRevision(_)) => Some(Call::DeployRevision {
            cluster,
            service,
            revision: Revision::Newest("backend".to_owned()),
        }),
        Some(Call::DeployRevision { .. }) => Some(Call::StopDeployment {
            service,
            deployment: "arn:aws:ecs:eu-west-1:111122223333:service-deployment/x".to_owned(),
        }),
        Some(Call::StopDeployment { deployment, .. }) => Some(Call::ContinueDeployment {
            service,
            deployment: deployment.clone(),
            hook: "hook-1".to_owned(),
        }),
        Some(Call::ContinueDeployment { .. }) => Some(next_edge(None)?.into()),
        Some(Call::Edge(call)) => next_edge(Some(call))
            .map(Call::Edge)
            .or_else(|| next_of_database(None).map(Call::Database)),
        Some(Call::Database(call)) => next_of_database(Some(call))
            .map(Call::Database)
            .or_else(|| next_of_scaling(None).map(Call::Scaling)),
        Some(Call::Scaling(call)) => next_of_scaling(Some(call))
            .map(Call::Scaling)
            .or_else(|| next_of_registry(None).map(Call::Registry)),
        Some(Call::Registry(call)) => next_of_registry(Some(call)).map(Call::Registry),
    }
}

fn next_of_registry(call: Option<&RegistryCall>) -> Option<RegistryCall> {
    let repository = "shop/backend".to_owned();
    match call {
        None => Some(RegistryCall::CreateRepository { repository }),
        Some(RegistryCall::CreateRepository { .. }) => Some(RegistryCall::DeleteImages {
            repository,
            digests: vec!["sha256:1".to_owned()],
        }),
        Some(RegistryCall::DeleteImages { .. }) => None,
    }
}

fn next_of_scaling(call: Option<&ScalingCall>) -> Option<ScalingCall> {
    let scaled = ScaledService {
        cluster: "shop".to_owned(),
        service: "backend".to_owned(),
    };
    let name = "hold-cpu".to_owned();
    Some(match call {
        None => ScalingCall::RegisterTarget {
            scaled,
            target: ScalableTarget {
                min: 1,
                max: 6,
                suspended: [Scaling::In].into(),
            },
        },
        Some(ScalingCall::RegisterTarget { .. }) => ScalingCall::PutPolicy {
            scaled,
            policy: TrackingPolicy {
                name,
                metric: TrackedMetric::Cpu,
                target: "60".parse().unwrap(),
                in_cooldown: Some(300),
                out_cooldown: None,
                scale_in: Switch::Enabled,
            },
        },
        Some(ScalingCall::PutPolicy { .. }) => ScalingCall::DeletePolicy {
            scaled,
            policy: name,
        },
        Some(ScalingCall::DeletePolicy { .. }) => ScalingCall::DeregisterTarget { scaled },
        Some(ScalingCall::DeregisterTarget { .. }) => return None,
    })
}

fn next_session(call: Option<&SessionCall>) -> Option<SessionCall> {
    let (task, container) = ("9f2c".to_owned(), "backend".to_owned());
    let target = "ecs:shop_9f2c_9f2c-1".to_owned();
    match call {
        None => Some(SessionCall::Shell {
            cluster: "shop".to_owned(),
            task,
            container,
            command: Shown::new("flask login --password hush-hush"),
            target,
        }),
        Some(SessionCall::Shell { .. }) => Some(SessionCall::Forward {
            task,
            container,
            target,
            to: Destination::Task(8_000),
            local: 8_000,
        }),
        Some(SessionCall::Forward { .. }) => None,
    }
}

fn next_edge(call: Option<&EdgeCall>) -> Option<EdgeCall> {
    let switch = |to| EdgeCall::SwitchAlarm {
        alarm: "shop-5xx".to_owned(),
        region: "eu-west-1".to_owned(),
        to,
    };
    match call {
        None => Some(EdgeCall::InvalidatePaths {
            distribution: "E1".to_owned(),
            paths: vec!["/*".to_owned()],
            reference: "hydren-1".to_owned(),
        }),
        Some(EdgeCall::InvalidatePaths { .. }) => Some(EdgeCall::SetRule {
            web_acl: WebAclName {
                name: "edge".to_owned(),
                id: "1a2b".to_owned(),
                scope: WafScope::CloudFront,
            },
            rule: "common".to_owned(),
            to: RuleMode::Count,
        }),
        Some(EdgeCall::SetRule { .. }) => Some(EdgeCall::ListAddress {
            set: IpSetName {
                name: "blocked".to_owned(),
                id: "3c4d".to_owned(),
                scope: WafScope::CloudFront,
            },
            address: "203.0.113.7/32".to_owned(),
            listing: Listing::Listed,
            until: None,
        }),
        Some(EdgeCall::ListAddress { .. }) => Some(switch(Switch::Enabled)),
        Some(EdgeCall::SwitchAlarm {
            to: Switch::Enabled,
            ..
        }) => Some(switch(Switch::Disabled)),
        Some(EdgeCall::SwitchAlarm {
            to: Switch::Disabled,
            ..
        }) => None,
    }
}

fn next_of_database(call: Option<&DatabaseCall>) -> Option<DatabaseCall> {
    let instance = Box::new(NewInstance {
        id: "shop-restored".to_owned(),
        class: "db.t4g.medium".to_owned(),
        storage_type: "gp3".to_owned(),
        subnet_group: None,
        security_groups: Vec::new(),
        parameter_group: None,
        port: None,
        multi_az: false,
        publicly_accessible: false,
        deletion_protection: false,
        log_exports: Vec::new(),
        tags: Vec::new(),
    });
    let (database, snapshot) = ("shop".to_owned(), "before-upgrade".to_owned());
    Some(match call {
        None => DatabaseCall::DeleteSnapshot { snapshot },
        Some(DatabaseCall::DeleteSnapshot { .. }) => {
            DatabaseCall::RestoreSnapshot { snapshot, instance }
        }
        Some(DatabaseCall::RestoreSnapshot { .. }) => DatabaseCall::RestoreToTime {
            source: database,
            time: None,
            instance,
        },
        Some(DatabaseCall::RestoreToTime { .. }) => DatabaseCall::ModifyDatabase {
            database,
            class: Some("db.t4g.large".to_owned()),
            storage_gib: None,
            apply: Apply::Now,
        },
        Some(DatabaseCall::ModifyDatabase { .. }) => DatabaseCall::RebootDatabase {
            database,
            reboot: Reboot::InPlace,
        },
        Some(DatabaseCall::RebootDatabase { .. }) => return None,
    })
}

/// A registration that holds a secret, which is to be found nowhere.
fn registration() -> Registration {
    let base = r#"{"taskDefinition":{"family":"backend","revision":42,"containerDefinitions":[{"name":"backend",
        "environment":[{"name":"KEY","value":"hush-hush"}]}]}}"#;
    let base = TaskDocument::parse(base.as_bytes()).unwrap();
    let set = Edit::SetVariable {
        container: "backend".to_owned(),
        name: "TOKEN".to_owned(),
        value: Hidden::new("hush-hush"),
    };
    Registration::new(&base, vec![set]).unwrap()
}

fn every_call() -> Vec<Call> {
    std::iter::successors(next(None), |call| next(Some(call))).collect()
}

fn lines(witness: &Witness) -> Vec<Value> {
    let text = std::fs::read_to_string(&witness.audit_log).unwrap();
    let lines = text.lines();
    lines
        .map(|line| serde_json::from_str(line).unwrap())
        .collect()
}

fn results(witness: &Witness) -> Vec<String> {
    let lines = lines(witness);
    let results = lines.iter().map(|line| line["result"].as_str().unwrap());
    results.map(str::to_owned).collect()
}

#[tokio::test]
async fn a_read_only_environment_refuses_every_kind_of_call_and_says_why() {
    let calls = every_call();
    let (outcomes, witness, _home) = Stage::new().read_only().execute(&calls).await;
    for (call, outcome) in calls.iter().zip(outcomes) {
        let error = outcome.unwrap_err();
        assert_eq!(error.kind, ErrorKind::ReadOnly, "{call:?}");
        for word in [call.action(), call.resource(), "hydren.toml:3 says so"] {
            assert!(error.message.contains(word), "{word} in {}", error.message);
        }
        assert!(error.hint.is_some());
    }
    assert_eq!(witness.executed(), []);
    assert_eq!(results(&witness), ["tried", "refused"].repeat(calls.len()));
}

#[tokio::test]
async fn an_environment_with_write_access_executes_every_kind_of_call_once() {
    let calls = every_call();
    let (outcomes, witness, _home) = Stage::new().execute(&calls).await;
    assert!(outcomes.iter().all(Result::is_ok), "{outcomes:?}");
    let executed: Vec<Call> = witness.executed().into_iter().map(|(c, _)| c).collect();
    assert_eq!(executed, calls);
    assert_eq!(results(&witness), ["tried", "accepted"].repeat(calls.len()));
}

#[tokio::test]
async fn no_record_and_no_command_holds_the_value_of_a_variable() {
    let call = Call::RegisterRevision(registration());
    let shown = format!("{call:?} {}", call.shell());
    let (_, witness, _home) = Stage::new().execute(&[call]).await;
    let recorded = format!("{:?}", lines(&witness));
    assert!(recorded.contains("TOKEN"), "{recorded}");
    for text in [shown, recorded] {
        assert!(!text.contains("hush-hush"), "{text}");
    }
}

#[tokio::test]
async fn a_session_is_handed_on_and_neither_its_token_nor_a_password_of_its_command_is_recorded() {
    let session = Session {
        id: "ecs-execute-command-1".to_owned(),
        peer: Peer::Plugin {
            stream_url: Hidden::new("wss://hush-hush"),
            token: Hidden::new("hush-hush"),
            region: "eu-west-1".to_owned(),
            profile: None,
            request: Value::Null,
            endpoint: "https://ssm".to_owned(),
        },
    };
    let stage = Stage::new().answering(Ok(CallOutcome {
        summary: "session ecs-execute-command-1 is open".to_owned(),
        resource: None,
        session: Some(session.clone()),
    }));
    let call = Call::from(next_session(None).unwrap());
    let shown = format!("{call:?} {session:?} {}", call.shell());
    let (outcomes, witness, _home) = stage.execute(&[call]).await;
    assert_eq!(outcomes[0].as_ref().unwrap().session, Some(session));
    let recorded = format!("{:?} {outcomes:?}", lines(&witness));
    assert!(recorded.contains("flask login --password"), "{recorded}");
    for text in [shown, recorded] {
        assert!(!text.contains("hush-hush"), "{text}");
    }
}

#[tokio::test]
async fn a_line_says_who_did_what_where_when_and_how_it_ended() {
    let (_, witness, _home) = Stage::new().execute(&every_call()[..1]).await;
    let line = |result, detail| {
        serde_json::json!({
            "at": "2026-11-22T03:14:15Z",
            "environment": "prod",
            "account": "111122223333",
            "who": "arn:aws:sts::111122223333:assumed-role/ops/jo",
            "operation": "test",
            "action": "ecs:UpdateService",
            "changes": [{"field": "size", "before": "1", "after": "2"}],
            "resource": "backend",
            "call": "scale-service",
            "cluster": "shop",
            "service": "backend",
            "desired": 4,
            "result": result,
            "detail": detail,
        })
    };
    assert_eq!(
        lines(&witness),
        [line("tried", ""), line("accepted", "accepted by AWS")]
    );
}

#[tokio::test]
async fn a_call_is_on_record_before_it_is_made() {
    let (_, witness, _home) = Stage::new().execute(&every_call()).await;
    for (nth, (call, before)) in witness.executed().iter().enumerate() {
        let recorded: Vec<&str> = before.lines().collect();
        assert_eq!(recorded.len(), 2 * nth + 1, "{call:?}");
        assert!(
            recorded[2 * nth].contains(r#""result":"tried""#),
            "{before}"
        );
    }
}

#[tokio::test]
async fn a_call_that_aws_refuses_is_recorded_as_failed_without_the_errors_causes() {
    let cause = std::io::Error::other("x-amz-security-token: hush-hush");
    let error = Error::new(ErrorKind::Service, "ecs:UpdateService on backend failed").source(cause);
    let stage = Stage::new().answering(Err(error));
    let (outcomes, witness, _home) = stage.execute(&every_call()[..1]).await;
    assert_eq!(
        outcomes[0].as_ref().unwrap_err().kind,
        ErrorKind::Service,
        "the caller is told what AWS answered"
    );
    let lines = lines(&witness);
    assert_eq!(lines[1]["result"], "failed");
    assert_eq!(lines[1]["detail"], "ecs:UpdateService on backend failed");
    assert!(!format!("{lines:?}").contains("hush-hush"), "{lines:?}");
}

#[tokio::test]
async fn a_caller_that_cannot_be_named_is_recorded_as_such_and_hinders_nothing() {
    let mut stage = Stage::new();
    stage.witness.identity = Err(Error::new(
        ErrorKind::Unreachable,
        "sts:GetCallerIdentity did not answer",
    ));
    let (outcomes, witness, _home) = stage.execute(&every_call()[..1]).await;
    assert!(outcomes[0].is_ok());
    let lines = lines(&witness);
    assert_eq!(
        (&lines[0]["who"], &lines[0]["account"]),
        (&Value::Null, &Value::Null)
    );
    assert_eq!(
        lines[0]["detail"],
        "the caller is not known: sts:GetCallerIdentity did not answer"
    );
}

#[tokio::test]
async fn lines_are_appended_to_what_was_recorded_before() {
    let stage = Stage::new();
    let log = stage.home.path().join("audit.jsonl");
    std::fs::write(&log, "{\"result\":\"of yesterday\"}\n").unwrap();
    let (_, witness, _home) = stage.logging_to(log).execute(&every_call()[..1]).await;
    assert_eq!(results(&witness), ["of yesterday", "tried", "accepted"]);
}

#[tokio::test]
async fn only_its_owner_may_read_the_log() {
    let (_, witness, _home) = Stage::new().execute(&every_call()[..1]).await;
    let mode = std::fs::metadata(&witness.audit_log)
        .unwrap()
        .permissions()
        .mode();
    assert_eq!(mode & 0o777, 0o600);
}

#[tokio::test]
async fn a_log_that_others_could_read_is_closed_to_them() {
    let stage = Stage::new();
    let log = stage.home.path().join("audit.jsonl");
    std::fs::write(&log, "").unwrap();
    std::fs::set_permissions(&log, Permissions::from_mode(0o644)).unwrap();
    let (_, witness, _home) = stage.logging_to(log).execute(&every_call()[..1]).await;
    let about = std::fs::metadata(&witness.audit_log).unwrap();
    assert_eq!(about.permissions().mode() & 0o777, 0o600);
}

#[tokio::test]
async fn a_line_that_was_not_written_whole_does_not_take_the_next_with_it() {
    let stage = Stage::new();
    let log = stage.home.path().join("audit.jsonl");
    std::fs::write(&log, "{\"at\":\"2026-11").unwrap();
    let (_, witness, _home) = stage.logging_to(log).execute(&every_call()[..1]).await;
    let read = AuditLog::read(&witness.audit_log).unwrap();
    assert_eq!((read.records.len(), read.broken.len()), (1, 1));
}

#[test]
fn several_consoles_append_whole_lines() {
    const WRITERS: usize = 8;
    let stage = Stage::new();
    let log = stage.witness.audit_log.clone();
    let (cloud, home) = (Arc::new(stage.witness), stage.home);
    std::thread::scope(|scope| {
        for _ in 0..WRITERS {
            let own = guarded(
                Arc::clone(&cloud) as Arc<dyn Cloud>,
                &stage.environment,
                log.clone(),
            );
            scope.spawn(move || {
                let runtime = tokio::runtime::Builder::new_current_thread().build();
                runtime.unwrap().block_on(async {
                    for call in every_call() {
                        own.execute(&call.into()).await.unwrap();
                    }
                });
            });
        }
    });
    let read = AuditLog::read(&log).unwrap();
    assert_eq!(read.broken, [""; 0]);
    assert_eq!(read.records.len(), WRITERS * every_call().len());
    assert!(read.records.iter().all(|r| r.result == Trial::Accepted));
    drop(home);
}

#[tokio::test]
async fn a_log_that_cannot_be_opened_or_written_stops_the_call() {
    let stage = Stage::new();
    let folder = stage.home.path().to_owned();
    // A full disk: the file opens, and no byte can be written.
    for log in [folder, "/dev/full".into()] {
        let (outcomes, witness, _home) = Stage::new().logging_to(&log).execute(&every_call()).await;
        for outcome in outcomes {
            let error = outcome.unwrap_err();
            assert_eq!(error.kind, ErrorKind::Io);
            assert!(error.message.contains(log.to_str().unwrap()), "{error}");
        }
        assert_eq!(witness.executed(), []);
    }
}

#[tokio::test]
async fn a_result_that_cannot_be_recorded_is_told_with_the_result() {
    let outcomes = [Stage::new().witness.answer, silent()];
    for answer in outcomes {
        let mut stage = Stage::new().answering(answer.clone());
        let pipe = stage.home.path().join("pipe");
        let made = std::process::Command::new("mkfifo").arg(&pipe).status();
        assert!(made.unwrap().success());
        let reader = OpenOptions::new().read(true).write(true).open(&pipe);
        stage.witness.reader = Mutex::new(Some(reader.unwrap()));
        let (outcomes, witness, _home) = stage.logging_to(pipe).execute(&every_call()[..1]).await;
        assert_eq!(witness.executed().len(), 1);
        match (&outcomes[0], answer) {
            (Ok(done), Ok(_)) => assert_eq!(
                done.summary,
                "accepted by AWS (done, but the audit log could not record the result)"
            ),
            (Err(error), Err(answered)) => assert_eq!(error.kind, answered.kind),
            (outcome, _) => panic!("{outcome:?}"),
        }
    }
}

#[tokio::test]
async fn reads_pass_a_read_only_guard_and_leave_no_record() {
    let mut stage = Stage::new().read_only();
    stage.witness.answer = silent();
    let log = stage.witness.audit_log.clone();
    let cloud = guarded(Arc::new(stage.witness), &stage.environment, log.clone());
    let read = cloud.read(Tier::Ecs).await;
    assert_eq!(read.unwrap_err().kind, ErrorKind::Unsupported);
    assert_eq!(cloud.identity().await.unwrap().account, "111122223333");
    assert!(!log.exists());
}
