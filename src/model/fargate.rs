//! The sizes that a Fargate task can have.
//!
//! Amazon ECS Developer Guide, "Troubleshoot Amazon ECS task definition invalid CPU or memory errors"
//! (docs.aws.amazon.com/AmazonECS/latest/developerguide/task-cpu-memory-error.html), read 2026-11-22; the row of 32 vCPU also in the text of
//! RegisterTaskDefinition's API reference.

use super::task_document::TaskDocument;
use crate::error::{Error, ErrorKind, Result};
use std::fmt;

/// GiB of ephemeral storage that every task has; it is set by setting none.
pub const FREE_STORAGE: u32 = 20;

/// GiB of ephemeral storage at most (ECS Developer Guide, Fargate task ephemeral storage; 21 is the least that can be set).
pub const MOST_STORAGE: u32 = 200;

/// CPU units from which Linux takes platform version 1.4.0 or later, and to which Windows goes.
const LARGE: u32 = 8_192;

/// CPU units below which Windows has no size.
const LEAST_WINDOWS: u32 = 1_024;

/// CPU units and, in GiB but for the first row, the memory that goes with them.
const TABLE: [(u32, Memory); 8] = [
    (256, Memory::These(&[512, 1_024, 2_048])),
    (512, Memory::Steps(1, 4, 1)),
    (1_024, Memory::Steps(2, 8, 1)),
    (2_048, Memory::Steps(4, 16, 1)),
    (4_096, Memory::Steps(8, 30, 1)),
    (8_192, Memory::Steps(16, 60, 4)),
    (16_384, Memory::Steps(32, 120, 8)),
    (32_768, Memory::These(&[61_440, 122_880, 249_856])),
];

/// What memory a row of the table has.
enum Memory {
    /// MiB, each by itself.
    These(&'static [u32]),
    /// GiB from, to, and in steps of.
    Steps(u32, u32, u32),
}

impl Memory {
    fn mib(&self) -> Vec<u32> {
        match *self {
            Self::These(mib) => mib.to_vec(),
            Self::Steps(from, to, by) => (from..=to)
                .step_by(usize::try_from(by).unwrap_or(1))
                .map(|gib| gib * 1_024)
                .collect(),
        }
    }
}

/// The size of a task.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub struct Size {
    /// CPU units, 1024 = 1 vCPU.
    pub cpu: u32,
    /// MiB.
    pub memory: u32,
}

impl fmt::Display for Size {
    /// `0.5 vCPU, 1 GB`, as AWS's pages write it.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let (cpu, memory) = (f64::from(self.cpu), f64::from(self.memory));
        write!(f, "{} vCPU, {} GB", cpu / 1_024.0, memory / 1_024.0)
    }
}

/// Lists every size, least CPU first, then least memory.
pub fn sizes() -> impl Iterator<Item = Size> {
    TABLE.iter().flat_map(|(cpu, memory)| {
        let of = |memory| Size { cpu: *cpu, memory };
        memory.mib().into_iter().map(of)
    })
}

/// Tells whether tasks of `document` on `platform` (`1.4.0`, `LATEST`; `None` is the latest) can have the size, and why not.
///
/// # Errors
/// `Usage` names what the operating system, the platform or the containers ask for.
pub fn fits(size: Size, document: &TaskDocument, platform: Option<&str>) -> Result<()> {
    let refused = |what: String, hint: String| {
        let task = document.name();
        Err(Error::new(
            ErrorKind::Usage,
            format!("{task} cannot have {size}: {what}"),
        )
        .hint(hint))
    };
    let Size { cpu, memory } = size;
    if document.operating_system() != "LINUX" && !(LEAST_WINDOWS..LARGE).contains(&cpu) {
        let hint = "Fargate runs Windows with 1024 to 4096 CPU units".to_owned();
        return refused("it is no size for Windows".to_owned(), hint);
    }
    let old =
        platform.filter(|version| cpu >= LARGE && version.starts_with("1.") && *version < "1.4");
    if let Some(version) = old {
        let what = format!("the service is on platform version {version}");
        return refused(
            what,
            "8 vCPU and more take platform version 1.4.0 or later".to_owned(),
        );
    }
    let reserved = document.reserved();
    for (unit, has, needs) in [
        ("CPU units", cpu, reserved.cpu),
        ("MiB of memory", memory, reserved.memory),
    ] {
        if needs > has {
            let what = format!("its containers reserve {needs} {unit}");
            return refused(
                what,
                format!("a size with at least {needs} {unit} is expected"),
            );
        }
    }
    Ok(())
}

impl Size {
    /// Makes a size that Fargate has.
    ///
    /// # Errors
    /// `Usage` names what goes with the CPU units, or which there are; ECS would say no more than that there is no such configuration.
    pub fn new(cpu: u32, memory: u32) -> Result<Self> {
        let refused = |what: String, hint: String| {
            Err(Error::new(ErrorKind::Usage, what).hint(format!(
                "{hint}; ECS would answer: No Fargate configuration exists for given values"
            )))
        };
        let words = |numbers: &[u32]| {
            let words: Vec<String> = numbers.iter().map(u32::to_string).collect();
            words.join(", ")
        };
        let Some((_, row)) = TABLE.iter().find(|(units, _)| *units == cpu) else {
            let units = TABLE.map(|(units, _)| units);
            return refused(
                format!("Fargate has no task of {cpu} CPU units"),
                format!("there is {}", words(&units)),
            );
        };
        let mib = row.mib();
        if !mib.contains(&memory) {
            return refused(
                format!("Fargate has no task of {cpu} CPU units with {memory} MiB"),
                format!("{cpu} CPU units go with {} MiB", words(&mib)),
            );
        }
        Ok(Self { cpu, memory })
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, reason = "a test may fail where it stands")]

    use super::*;
    use serde_json::json;

    fn size(cpu: u32, memory: u32) -> Size {
        Size::new(cpu, memory).unwrap()
    }

    fn task(definition: &serde_json::Value) -> TaskDocument {
        let answer = json!({ "taskDefinition": definition }).to_string();
        TaskDocument::parse(answer.as_bytes()).unwrap()
    }

    #[test]
    fn there_are_the_seventy_seven_sizes_of_the_developer_guide_and_each_is_one() {
        let all: Vec<Size> = sizes().collect();
        assert_eq!(all.len(), 77);
        assert!(all.is_sorted(), "{all:?}");
        assert!(all.iter().all(|s| Size::new(s.cpu, s.memory).is_ok()));
        let rows = [256, 512, 1_024, 2_048, 4_096, 8_192, 16_384, 32_768];
        let counts = rows.map(|cpu| all.iter().filter(|s| s.cpu == cpu).count());
        assert_eq!(counts, [3, 4, 7, 13, 23, 12, 12, 3]);
        assert_eq!(size(256, 512).to_string(), "0.25 vCPU, 0.5 GB");
        assert_eq!(size(32_768, 249_856).to_string(), "32 vCPU, 244 GB");
    }

    #[test]
    fn a_size_that_is_none_is_answered_with_those_that_are() {
        for (cpu, memory, hint) in [
            (512, 512, "512 CPU units go with 1024, 2048, 3072, 4096 MiB"),
            (
                300,
                1_024,
                "there is 256, 512, 1024, 2048, 4096, 8192, 16384, 32768",
            ),
            (
                16_384,
                33_792,
                "16384 CPU units go with 32768, 40960, 49152",
            ),
        ] {
            let error = Size::new(cpu, memory).unwrap_err();
            assert_eq!(error.kind, ErrorKind::Usage);
            let said = error.hint.unwrap();
            assert!(said.starts_with(hint), "{said}");
            assert!(said.contains("No Fargate configuration exists"), "{said}");
        }
    }

    #[test]
    fn a_size_has_to_hold_what_the_containers_reserve() {
        let reserving = task(
            &json!({ "family": "shop", "revision": 3, "containerDefinitions": [
                { "name": "app", "cpu": 400, "memoryReservation": 900, "memory": 1_500 },
                { "name": "proxy", "cpu": 150, "memory": 300 },
            ]}),
        );
        let refused = |s| fits(s, &reserving, None).unwrap_err().message;
        assert_eq!(
            refused(size(512, 2_048)),
            "shop:3 cannot have 0.5 vCPU, 2 GB: its containers reserve 550 CPU units"
        );
        // A hard limit of one container counts as well as the sum of what is reserved.
        let small = task(
            &json!({ "containerDefinitions": [{ "name": "app", "memoryReservation": 100, "memory": 3_000 }] }),
        );
        assert!(fits(size(1_024, 2_048), &small, None).is_err());
        assert!(fits(size(1_024, 3_072), &small, None).is_ok());
        assert!(fits(size(1_024, 2_048), &reserving, None).is_ok());
    }

    #[test]
    fn windows_and_an_old_platform_leave_sizes_out() {
        let windows = task(
            &json!({ "runtimePlatform": { "operatingSystemFamily": "WINDOWS_SERVER_2022_CORE" } }),
        );
        let fitting = sizes().filter(|s| fits(*s, &windows, None).is_ok());
        assert_eq!(fitting.count(), 7 + 13 + 23);
        let linux = task(&json!({}));
        let large = size(8_192, 16_384);
        assert!(fits(large, &linux, Some("1.3.0")).is_err());
        assert!(fits(large, &linux, Some("1.4.0")).is_ok());
        assert!(fits(large, &linux, Some("LATEST")).is_ok());
    }
}
