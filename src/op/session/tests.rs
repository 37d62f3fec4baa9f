//! Sessions as they are planned and opened against the simulation, and what has to be so before.

#![allow(clippy::unwrap_used, reason = "a test may fail where it stands")]

use super::*;
use crate::{
    cloud::{
        Cloud,
        call::{Destination, Shown, Switch},
        session::Peer,
        sim::{Facts, Purpose, environment},
    },
    model::{Snapshot, Tier, environment::Environment},
    op::{
        CheckState, Outcome, Told, Watch, carry_out,
        tests::{cloud, run},
    },
};
use std::sync::Arc;
use tokio_util::sync::CancellationToken;

fn into(service: &str) -> Whereto {
    Whereto {
        service: service.to_owned(),
        ..Whereto::default()
    }
}

fn shell(whereto: Whereto) -> Request {
    let command = Shown::new(DEFAULT_COMMAND);
    OpenShell { whereto, command }.into()
}

async fn plan(request: &Request) -> Result<Plan> {
    let cloud = cloud();
    request.plan(&Desk::new(&cloud, &environment())).await
}

async fn compute() -> Compute {
    let Snapshot::Compute(compute) = cloud().read(Tier::Ecs).await.unwrap() else {
        panic!("it is ECS that was asked for");
    };
    Arc::unwrap_or_clone(compute)
}

/// The checks of a shell in the backend, once `spoil` was done to it: those that do not pass.
async fn wrong(plugin: &Plugin, spoil: impl FnOnce(&mut Service)) -> Vec<(CheckState, String)> {
    let mut compute = compute().await;
    let backend = compute.services.iter_mut().find(|s| s.name == "backend");
    let backend = backend.unwrap();
    backend.tasks.truncate(1);
    spoil(backend);
    let whereto = Whereto {
        task: Some(backend.tasks[0].id.clone()),
        ..into("backend")
    };
    let place = whereto.find(&compute).unwrap();
    prerequisites::checks(plugin, &place)
        .into_iter()
        .filter(|check| check.state != CheckState::Passed)
        .map(|check| (check.state, format!("{}: {}", check.what, check.found)))
        .filter(|(_, text)| !text.starts_with("connection to Systems Manager"))
        .collect()
}

/// What is done to a service.
type Spoil = fn(&mut Service);

#[tokio::test]
async fn each_thing_that_is_missing_is_named_with_what_helps() {
    let new = Plugin::Found("1.2.707.0".to_owned());
    assert_eq!(wrong(&new, |_| ()).await, []);
    let cases: [(Plugin, Spoil, CheckState, &str); 11] = [
        (
            Plugin::Missing,
            |_| (),
            CheckState::Failed,
            "not on PATH: install it, https://docs.aws.amazon.com/",
        ),
        (
            Plugin::Found("1.2.339.0".to_owned()),
            |_| (),
            CheckState::Failed,
            "1.2.339.0: up to 1.2.497.0",
        ),
        (
            Plugin::Found(String::new()),
            |_| (),
            CheckState::Failed,
            "does not tell its version",
        ),
        (
            new.clone(),
            |s| s.exec_enabled = false,
            CheckState::Warned,
            "no longer for backend",
        ),
        (
            new.clone(),
            |s| s.tasks[0].exec_enabled = false,
            CheckState::Failed,
            "this task was started before",
        ),
        (
            new.clone(),
            |s| s.tasks[0].last_status = "PENDING".into(),
            CheckState::Failed,
            "it is PENDING",
        ),
        (
            new.clone(),
            |s| s.tasks[0].containers[0].exec_agent = Some("STOPPED".into()),
            CheckState::Failed,
            "ExecuteCommandAgent in backend: STOPPED",
        ),
        (
            new.clone(),
            |s| s.tasks[0].containers[0].exec_agent = None,
            CheckState::Warned,
            "ExecuteCommandAgent in backend: not known",
        ),
        (
            new.clone(),
            |s| s.tasks[0].platform_version = Some("1.3.0".to_owned()),
            CheckState::Failed,
            "1.3.0: ECS Exec needs a newer one",
        ),
        (
            new.clone(),
            |s| s.task_definition.as_mut().unwrap().task_role = None,
            CheckState::Failed,
            "task role: none",
        ),
        (
            new,
            |s| s.task_definition.as_mut().unwrap().containers[0].read_only = true,
            CheckState::Warned,
            "writable root filesystem",
        ),
    ];
    for (plugin, spoil, state, says) in cases {
        let found = wrong(&plugin, spoil).await;
        let [(found, text)] = found.as_slice() else {
            panic!("{says}: {found:?}");
        };
        assert_eq!(*found, state, "{text}");
        assert!(text.contains(says), "{says} in {text}");
    }
}

#[tokio::test]
async fn a_service_without_ecs_exec_is_told_the_command_that_brings_it() {
    let found = plan(&shell(into("frontend"))).await.unwrap();
    let check = found.forbidden().unwrap();
    assert!(
        check.found.contains("`hydren exec frontend --enable`"),
        "{check:?}"
    );
}

#[tokio::test]
async fn the_task_whose_agent_runs_comes_first_and_an_unknown_one_is_an_error() {
    let mut compute = compute().await;
    let backend = compute.services.iter_mut().find(|s| s.name == "backend");
    let backend = backend.unwrap();
    let newest = backend
        .tasks
        .iter()
        .max_by_key(|t| t.started_at)
        .unwrap()
        .id
        .clone();
    let found =
        |compute: &Compute, whereto: Whereto| whereto.find(compute).map(|p| p.task.id.clone());
    for task in backend.tasks.iter_mut().filter(|t| t.id == newest) {
        task.containers[0].exec_agent = Some("STOPPED".into());
    }
    assert_ne!(found(&compute, into("backend")).unwrap(), newest);
    let named = |task: &str| Whereto {
        task: Some(task.to_owned()),
        ..into("backend")
    };
    assert_eq!(found(&compute, named(&newest[..8])).unwrap(), newest);
    for unknown in ["", "zzz"] {
        let error = found(&compute, named(unknown)).unwrap_err();
        assert_eq!(error.kind, ErrorKind::NotFound, "{error}");
    }
    let other = Whereto {
        container: Some("sidecar".to_owned()),
        ..into("backend")
    };
    let error = found(&compute, other).unwrap_err();
    assert_eq!(error.hint.unwrap(), "there is backend");
}

#[tokio::test]
async fn a_service_of_one_task_asks_nothing_and_one_of_several_which() {
    let cloud = cloud();
    let environment = environment();
    let desk = Desk::new(&cloud, &environment);
    let form = async |service| shell(into(service)).operation().form(&desk).await.unwrap();
    assert_eq!(form("frontend").await, None);
    let mut form = form("backend").await.unwrap();
    let Kind::OneOf(choices) = &form.fields[0].kind else {
        panic!("tasks are chosen from a list: {form:?}");
    };
    let other = choices[1].value.clone();
    form.fields[0].value = other.clone();
    let filled = shell(into("backend")).operation().filled(&form).unwrap();
    let plan = filled.plan(&desk).await.unwrap();
    assert!(plan.title.ends_with(&other), "{}", plan.title);
}

#[tokio::test]
async fn a_shell_of_the_demo_is_a_session_whose_end_is_the_end_of_the_operation() {
    let (cloud, environment) = (cloud(), environment());
    let desk = Desk::new(&cloud, &environment);
    let plan = Arc::new(shell(into("backend")).plan(&desk).await.unwrap());
    let mut watch = Watch::new(Arc::clone(&plan), desk.now());
    carry_out(&desk, &plan, &CancellationToken::new(), |told| {
        if let Told::Refused(_, error) | Told::Stopped(error) = &told {
            panic!("{error}");
        }
        watch.told(told, cloud.now());
    })
    .await;
    let Some(Peer::Demo(facts)) = watch.session.take().map(|s| s.peer) else {
        panic!("the demo opens a session");
    };
    let facts: Facts = serde_json::from_str(&facts).unwrap();
    assert_eq!(facts.purpose, Purpose::Command("/bin/sh".to_owned()));
    assert!(facts.variables.contains(&"DATABASE_URL".to_owned()));
    watch.observe(&crate::observe::Observations::default(), cloud.now());
    assert!(watch.outcome.is_none(), "nobody has left it yet");
    watch.left(Ok("left".to_owned()), cloud.now());
    assert!(matches!(watch.outcome, Some(Outcome::Done(_))));
}

#[tokio::test]
async fn production_wants_the_name_typed_before_a_shell_and_not_before_a_port_of_the_task() {
    use crate::{model::environment::Stage, op::Confirmation};
    let production = Environment {
        stage: Stage::Production,
        ..environment()
    };
    let asks = |plan: &Plan| Confirmation::of(plan, &production);
    let plan_of_shell = plan(&shell(into("backend"))).await.unwrap();
    assert_eq!(
        asks(&plan_of_shell),
        Confirmation::Name("backend".to_owned())
    );
    let port = |to| {
        Request::from(ForwardPort {
            whereto: into("backend"),
            to: Some(to),
            local: None,
        })
    };
    let to_task = plan(&port("8000".parse().unwrap())).await.unwrap();
    assert_eq!(asks(&to_task), Confirmation::Yes);
    let to_database = plan(&port(Toward::Database)).await.unwrap();
    assert_eq!(asks(&to_database), Confirmation::Name("backend".to_owned()));
    assert!(to_database.commands()[0].contains("AWS-StartPortForwardingSessionToRemoteHost"));
}

#[tokio::test]
async fn a_local_port_that_is_taken_is_refused_before_anything_is_opened() {
    let taken = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
    let local = taken.local_addr().unwrap().port();
    let request = ForwardPort {
        whereto: into("backend"),
        to: Some(Toward::Place(Destination::Task(8_000))),
        local: Some(local),
    };
    let plan = plan(&request.into()).await.unwrap();
    let check = plan.forbidden().unwrap();
    assert_eq!(check.what, format!("local port {local} is free"));
    assert!(check.found.contains("--local"), "{check:?}");
}

#[test]
fn places_are_read_as_people_write_them() {
    let read = |text: &str| text.parse::<Toward>().map_err(|e| e.kind);
    assert_eq!(read("database"), Ok(Toward::Database));
    assert_eq!(read("8000"), Ok(Toward::Place(Destination::Task(8_000))));
    let host = Destination::Host("db.internal".to_owned(), 5_432);
    assert_eq!(read("db.internal:5432"), Ok(Toward::Place(host)));
    for wrong in ["", "0", "70000", ":5432", "db;rm:1", "db:", "frontdoor"] {
        assert_eq!(read(wrong), Err(ErrorKind::Usage), "{wrong}");
    }
}

#[tokio::test]
async fn switching_it_on_replaces_the_tasks_and_a_shell_opens_then() {
    let (cloud, environment) = (cloud(), environment());
    let switch = |to| SwitchExec {
        service: "frontend".to_owned(),
        to,
    };
    let watch = run(&cloud, switch(Switch::Enabled)).await;
    assert!(matches!(watch.outcome, Some(Outcome::Done(_))), "{watch:?}");
    let undo = watch.way_back().cloned();
    assert_eq!(undo, Some(switch(Switch::Disabled).into()));
    let desk = Desk::new(&cloud, &environment);
    let plan = shell(into("frontend")).plan(&desk).await.unwrap();
    assert_eq!(plan.forbidden(), None);
    let again = Request::from(switch(Switch::Enabled))
        .plan(&desk)
        .await
        .unwrap();
    assert!(again.is_empty(), "it is on already: {again:?}");
}
