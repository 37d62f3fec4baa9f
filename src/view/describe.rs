//! Everything known of a thing, as lines of name and value.

use serde_json::Value;

/// Lays a serialised thing out as indented lines of name and value; empty values are left out.
#[must_use]
pub fn describe(value: &Value) -> Vec<(String, String)> {
    let mut lines = Vec::new();
    walk(value, 0, &mut lines);
    lines
}

fn walk(value: &Value, depth: usize, lines: &mut Vec<(String, String)>) {
    let Value::Object(map) = value else {
        lines.push((String::new(), scalar(value)));
        return;
    };
    for (name, value) in map {
        let label = format!(
            "{:indent$}{}",
            "",
            name.replace('_', " "),
            indent = depth * 2
        );
        match value {
            Value::Null => {}
            Value::Array(items) if items.is_empty() => {}
            Value::Array(items) if items.iter().all(|i| !i.is_object() && !i.is_array()) => {
                lines.push((
                    label,
                    items.iter().map(scalar).collect::<Vec<_>>().join(", "),
                ));
            }
            Value::Array(items) => {
                for (i, item) in items.iter().enumerate() {
                    if let Value::Array(parts) = item {
                        let text = parts.iter().map(scalar).collect::<Vec<_>>().join(" ");
                        lines.push((if i == 0 { label.clone() } else { String::new() }, text));
                    } else {
                        lines.push((format!("{label} {}", i + 1), String::new()));
                        walk(item, depth + 1, lines);
                    }
                }
            }
            Value::Object(inner) if inner.is_empty() => {}
            Value::Object(_) => {
                lines.push((label, String::new()));
                walk(value, depth + 1, lines);
            }
            _ => lines.push((label, scalar(value))),
        }
    }
}

fn scalar(value: &Value) -> String {
    match value {
        Value::String(text) => text.clone(),
        Value::Null => "–".to_owned(),
        Value::Bool(true) => "yes".to_owned(),
        Value::Bool(false) => "no".to_owned(),
        other => other.to_string(),
    }
}

#[cfg(test)]
mod tests {
    use super::describe;
    use serde_json::json;

    #[test]
    fn nested_things_are_indented_and_empty_ones_left_out() {
        let thing = json!({"name": "backend", "none": null, "ports": [80, 443], "owner": {"arn": "a", "tags": []}});
        let lines: Vec<String> = describe(&thing)
            .into_iter()
            .map(|(n, v)| format!("{n}|{v}"))
            .collect();
        assert_eq!(
            lines,
            ["name|backend", "ports|80, 443", "owner|", "  arn|a"]
        );
    }
}
