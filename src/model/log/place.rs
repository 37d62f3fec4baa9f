//! Where the lines of a source are read.

/// What stands behind the instance's name in the name of its log files as a source. A log group's name has no colon
/// (CloudWatch Logs API, CreateLogGroup), so that none is taken for them.
const FILES: &str = ":error/postgresql.log";

/// Where lines are read, as the `group` of a source names it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Place<'a> {
    /// A log group of CloudWatch Logs, named by its name or its ARN.
    Group {
        /// Name.
        name: &'a str,
        /// Region; `None` is the environment's own.
        region: Option<&'a str>,
    },
    /// PostgreSQL's log files, which the DB instance keeps: `rds:INSTANCE:error/postgresql.log`.
    Files {
        /// `DBInstanceIdentifier`.
        instance: &'a str,
    },
}

impl<'a> Place<'a> {
    /// Takes the `group` of a source apart.
    #[must_use]
    pub fn of(group: &'a str) -> Self {
        if let Some(instance) = group
            .strip_prefix("rds:")
            .and_then(|rest| rest.strip_suffix(FILES))
        {
            return Self::Files { instance };
        }
        // arn:aws:logs:eu-west-1:123456789012:log-group:NAME:*
        let arn = group
            .strip_prefix("arn:")
            .and_then(|arn| arn.split_once(":log-group:"));
        let Some((owner, name)) = arn else {
            let region = None;
            return Self::Group {
                name: group,
                region,
            };
        };
        Self::Group {
            name: name.trim_end_matches(":*"),
            region: owner.split(':').nth(2).filter(|region| !region.is_empty()),
        }
    }

    /// Names the log files of `instance` as a source.
    #[must_use]
    pub fn files(instance: &str) -> String {
        format!("rds:{instance}{FILES}")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_group_is_a_name_an_arn_with_its_region_or_the_files_of_an_instance() {
        let group = |name, region| Place::Group { name, region };
        assert_eq!(Place::of("/ecs/backend"), group("/ecs/backend", None));
        let arn = "arn:aws:logs:us-east-1:123456789012:log-group:aws-waf-logs-shop:*";
        let edge = group("aws-waf-logs-shop", Some("us-east-1"));
        assert_eq!(Place::of(arn), edge);
        assert_eq!(Place::of(arn.trim_end_matches(":*")), edge);
        let files = Place::files("shop-db");
        let instance = "shop-db";
        assert_eq!(Place::of(&files), Place::Files { instance });
    }
}
