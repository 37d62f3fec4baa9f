//! The small steps from SDK values to the model's.

/// The word of an SDK enum as AWS writes it, also for variants that this SDK does not know yet; empty when absent.
pub(super) fn word<E: AsRef<str>>(value: Option<&E>) -> String {
    value.map_or("", AsRef::as_ref).to_owned()
}

/// Text that may be absent; empty then.
pub(super) fn text(value: Option<&str>) -> String {
    value.unwrap_or_default().to_owned()
}

/// Text that may be absent; some endpoints say so with an empty text.
pub(super) fn given(value: Option<&str>) -> Option<String> {
    value.filter(|text| !text.is_empty()).map(str::to_owned)
}
