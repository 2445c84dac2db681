//! Sizes, times and numbers as Compose writes them.

use serde_json::Value;

/// Bytes: a number, or a text such as `512m`, `1.5g` or `1024`.
pub(super) fn bytes(value: &Value) -> Option<i64> {
    if let Some(number) = value.as_i64() {
        return (number >= 0).then_some(number);
    }
    let text = value.as_str()?.trim().to_ascii_lowercase();
    let end = text
        .find(|c: char| !(c.is_ascii_digit() || c == '.'))
        .unwrap_or(text.len());
    let (number, unit) = text.split_at(end);
    let unit = unit.trim().trim_end_matches("ib").trim_end_matches('b');
    let power = match unit {
        "" => return number.parse().ok(),
        "k" => 1,
        "m" => 2,
        "g" => 3,
        "t" => 4,
        _ => return None,
    };
    let factor = 1024_f64.powi(power);
    whole(number.parse::<f64>().ok()? * factor)
}

/// Cores in billionths, from a number or a text such as `0.5`.
pub(super) fn nano_cpus(value: &Value) -> Option<i64> {
    whole(decimal(value)? * 1e9)
}

/// A number that may be written as a text.
pub(super) fn integer(value: &Value) -> Option<i64> {
    match value {
        Value::Number(number) => number.as_i64(),
        Value::String(text) => text.trim().parse().ok(),
        _ => None,
    }
}

/// A file's mode: a text in octal, or a number.
pub(super) fn mode(value: &Value) -> Option<u32> {
    let mode = match value {
        Value::Number(number) => u32::try_from(number.as_u64()?).ok()?,
        Value::String(text) => u32::from_str_radix(text.trim().trim_start_matches("0o"), 8).ok()?,
        _ => return None,
    };
    (mode <= 0o7777).then_some(mode)
}

/// Nanoseconds of a duration such as `1m30s`, `500ms` or `1.5h`.
pub(super) fn nanoseconds(value: &Value) -> Option<i64> {
    let mut rest = value.as_str()?.trim();
    if rest == "0" {
        return Some(0);
    }
    let mut total = 0.0;
    if rest.is_empty() {
        return None;
    }
    while !rest.is_empty() {
        let end = rest.find(|c: char| !(c.is_ascii_digit() || c == '.'))?;
        let number: f64 = rest[..end].parse().ok()?;
        rest = &rest[end..];
        let end = rest
            .find(|c: char| c.is_ascii_digit() || c == '.')
            .unwrap_or(rest.len());
        let factor = match &rest[..end] {
            "ns" => 1.0,
            "us" | "µs" => 1e3,
            "ms" => 1e6,
            "s" => 1e9,
            "m" => 60e9,
            "h" => 3600e9,
            "d" => 86_400e9,
            "w" => 604_800e9,
            _ => return None,
        };
        rest = &rest[end..];
        total += number * factor;
    }
    whole(total)
}

/// Nanoseconds as whole seconds, rounded up.
pub(super) fn seconds(nanoseconds: i64) -> u32 {
    u32::try_from(nanoseconds.max(0).saturating_add(999_999_999) / 1_000_000_000)
        .unwrap_or(u32::MAX)
}

fn decimal(value: &Value) -> Option<f64> {
    let number = match value {
        Value::Number(number) => number.as_f64()?,
        Value::String(text) => text.trim().parse().ok()?,
        _ => return None,
    };
    (number.is_finite() && number >= 0.0).then_some(number)
}

fn whole(number: f64) -> Option<i64> {
    if !(0.0..9e18).contains(&number) {
        return None;
    }
    format!("{number:.0}").parse().ok()
}

#[cfg(test)]
mod tests {
    use super::{bytes, integer, mode, nano_cpus, nanoseconds, seconds};
    use serde_json::json;

    #[test]
    fn amounts_are_read_as_compose_writes_them() {
        assert_eq!(bytes(&json!("536870912")), Some(536_870_912));
        assert_eq!(bytes(&json!("1.5g")), Some(1_610_612_736));
        assert_eq!(bytes(&json!("10MB")), Some(10 * 1024 * 1024));
        assert_eq!(bytes(&json!("ten")), None);
        assert_eq!(bytes(&json!(-1)), None);
        assert_eq!(nano_cpus(&json!(0.5)), Some(500_000_000));
        assert_eq!(nano_cpus(&json!("2")), Some(2_000_000_000));
        assert_eq!(nanoseconds(&json!("1m30s")), Some(90_000_000_000));
        assert_eq!(nanoseconds(&json!("500ms")), Some(500_000_000));
        assert_eq!(nanoseconds(&json!("5")), None);
        assert_eq!(seconds(1), 1);
        assert_eq!(seconds(2_000_000_000), 2);
        assert_eq!(mode(&json!("0400")), Some(0o400));
        assert_eq!(mode(&json!(288)), Some(0o440));
        assert_eq!(integer(&json!("5")), Some(5));
    }
}
