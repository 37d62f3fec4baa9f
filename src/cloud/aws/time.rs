//! The SDK's times into the model's.

use aws_smithy_types::DateTime;
use jiff::Timestamp;

/// Converts a time that AWS gave; `None` also for a time that no calendar holds.
pub(super) fn timestamp(at: Option<&DateTime>) -> Option<Timestamp> {
    let at = at?;
    let nanoseconds = i32::try_from(at.subsec_nanos()).ok()?;
    Timestamp::new(at.secs(), nanoseconds).ok()
}
