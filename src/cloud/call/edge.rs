//! Writes to CloudFront and to CloudWatch's alarms.

use serde::Serialize;

/// A write in front of the application, or to what watches it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[serde(tag = "call", rename_all = "kebab-case")]
pub enum EdgeCall {
    /// Drops cached copies (`cloudfront:CreateInvalidation`).
    InvalidatePaths {
        /// Distribution id.
        distribution: String,
        /// Paths, each from the first slash on.
        paths: Vec<String>,
        /// The caller reference: CloudFront makes one invalidation of a reference, however often it is asked.
        reference: String,
    },
    /// Switches an alarm's actions (`cloudwatch:EnableAlarmActions`, `cloudwatch:DisableAlarmActions`).
    SwitchAlarm {
        /// Alarm name.
        alarm: String,
        /// Region that it lives in.
        region: String,
        /// On or off.
        to: Switch,
    },
}

/// Whether an alarm acts.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum Switch {
    /// It acts when it changes its state.
    Enabled,
    /// It changes its state and does nothing else.
    Disabled,
}

impl Switch {
    /// The switch of an alarm whose actions are enabled or not.
    #[must_use]
    pub const fn of(enabled: bool) -> Self {
        if enabled {
            Self::Enabled
        } else {
            Self::Disabled
        }
    }

    /// The other way.
    #[must_use]
    pub const fn other(self) -> Self {
        match self {
            Self::Enabled => Self::Disabled,
            Self::Disabled => Self::Enabled,
        }
    }

    /// In one word.
    #[must_use]
    pub const fn word(self) -> &'static str {
        match self {
            Self::Enabled => "enabled",
            Self::Disabled => "disabled",
        }
    }
}

impl EdgeCall {
    /// The IAM action it needs.
    #[must_use]
    pub const fn action(&self) -> &'static str {
        match self {
            Self::InvalidatePaths { .. } => "cloudfront:CreateInvalidation",
            Self::SwitchAlarm {
                to: Switch::Enabled,
                ..
            } => "cloudwatch:EnableAlarmActions",
            Self::SwitchAlarm {
                to: Switch::Disabled,
                ..
            } => "cloudwatch:DisableAlarmActions",
        }
    }

    /// The name of the resource that it changes.
    #[must_use]
    pub fn resource(&self) -> &str {
        match self {
            Self::InvalidatePaths { distribution, .. } => distribution,
            Self::SwitchAlarm { alarm, .. } => alarm,
        }
    }

    /// The equivalent `aws` command, as words.
    #[must_use]
    pub fn aws_command(&self) -> Vec<String> {
        let words = match self {
            Self::InvalidatePaths {
                distribution,
                paths,
                reference,
            } => {
                let batch = serde_json::json!({
                    "Paths": {"Quantity": paths.len(), "Items": paths},
                    "CallerReference": reference,
                });
                return words(&[
                    "aws",
                    "cloudfront",
                    "create-invalidation",
                    "--distribution-id",
                    distribution,
                    "--invalidation-batch",
                    &batch.to_string(),
                ]);
            }
            Self::SwitchAlarm { alarm, region, to } => [
                "aws",
                "cloudwatch",
                match to {
                    Switch::Enabled => "enable-alarm-actions",
                    Switch::Disabled => "disable-alarm-actions",
                },
                "--alarm-names",
                alarm,
                "--region",
                region,
            ],
        };
        self::words(&words)
    }
}

fn words(words: &[&str]) -> Vec<String> {
    words.iter().map(|word| (*word).to_owned()).collect()
}
