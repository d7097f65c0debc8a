//! ISO 8601 durations, as `max_expiry_duration` has them.

/// Reads `P[n]Y[n]M[n]W[n]DT[n]H[n]M[n]S` in whole seconds; at least one part, each at most once, in this order.
///
/// A year is 365 days and a month 30. A part may have a fraction (`PT1.5H`); lower case counts as upper case.
///
/// # Errors
///
/// Says what is wrong.
pub(crate) fn parse(text: &str) -> Result<u64, String> {
    let upper = text.to_ascii_uppercase();
    let rest = upper.strip_prefix('P').ok_or("a duration begins with P, as in P30D or PT12H")?;
    let (date, time) = match rest.split_once('T') {
        Some((_, "")) => return Err("nothing follows the T".to_owned()),
        Some((date, time)) => (date, time),
        None => (rest, ""),
    };
    if rest.is_empty() {
        return Err("nothing follows the P".to_owned());
    }
    let date = sum(date, &[('Y', 365 * 86_400), ('M', 30 * 86_400), ('W', 7 * 86_400), ('D', 86_400)])?;
    let time = sum(time, &[('H', 3_600), ('M', 60), ('S', 1)])?;
    date.checked_add(time).ok_or_else(|| "too long".to_owned())
}

fn sum(mut text: &str, units: &[(char, u64)]) -> Result<u64, String> {
    let (mut units, mut total) = (units.iter(), 0_u64);
    while !text.is_empty() {
        let end = text.find(|char: char| char.is_ascii_alphabetic()).ok_or("a number without its unit")?;
        let (number, rest) = text.split_at(end);
        let mut chars = rest.chars();
        let letter = chars.next().unwrap_or_default();
        let (_, seconds) = units.find(|(unit, _)| *unit == letter).ok_or_else(|| {
            format!(
                "{letter} does not stand here: P[n]Y[n]M[n]W[n]DT[n]H[n]M[n]S, each once and in this order"
            )
        })?;
        let part = times(number, *seconds).ok_or_else(|| format!("{number:?} is no number, or too large"))?;
        total = total.checked_add(part).ok_or("too long")?;
        text = chars.as_str();
    }
    Ok(total)
}

/// A decimal number of a unit, in whole seconds, rounded down.
fn times(number: &str, seconds: u64) -> Option<u64> {
    let (whole, fraction) = number.split_once(['.', ',']).unwrap_or((number, "0"));
    let digits = |text: &str| !text.is_empty() && text.bytes().all(|byte| byte.is_ascii_digit());
    if !digits(whole) || !digits(fraction) || fraction.len() > 6 {
        return None;
    }
    let length = u32::try_from(fraction.len()).ok()?;
    let part = fraction.parse::<u64>().ok()?.checked_mul(seconds)? / 10_u64.pow(length);
    whole.parse::<u64>().ok()?.checked_mul(seconds)?.checked_add(part)
}

#[cfg(test)]
mod tests;
