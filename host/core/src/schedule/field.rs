//! One field of an expression: which of its values a text names.
//!
//! The grammar is that of crontab(5): lists of `*`, values and ranges, each with a step or without.
//! What only the two fields of days know (`L`, `W`, `#`, `?`) is left to `days`.

/// What a field is called, and what may stand in it.
#[derive(Debug)]
pub(super) struct Field {
    name: &'static str,
    least: u8,
    most: u8,
    /// Names of the values, the first of them for `least`.
    names: &'static [&'static str],
}

const MONTHS: &[&str] = &["jan", "feb", "mar", "apr", "may", "jun", "jul", "aug", "sep", "oct", "nov", "dec"];
const WEEKDAYS: &[&str] = &["sun", "mon", "tue", "wed", "thu", "fri", "sat"];

pub(super) const MINUTE: Field = Field { name: "minute", least: 0, most: 59, names: &[] };
pub(super) const HOUR: Field = Field { name: "hour", least: 0, most: 23, names: &[] };
pub(super) const DAY: Field = Field { name: "day of month", least: 1, most: 31, names: &[] };
pub(super) const MONTH: Field = Field { name: "month", least: 1, most: 12, names: MONTHS };
/// Sunday is 0 and 7.
pub(super) const WEEKDAY: Field = Field { name: "day of week", least: 0, most: 7, names: WEEKDAYS };

/// Cron asks of four fields how they begin: `*/2` counts as open as well, and `2,*` does not.
pub(super) fn begins_with_star(text: &str) -> bool {
    text.starts_with('*')
}

impl Field {
    /// The values of a list, one bit each.
    pub(super) fn values(&self, text: &str) -> Result<u64, String> {
        text.split(',').try_fold(0, |bits, item| Ok(bits | self.item(item)?))
    }

    /// The values of one item of a list: `*`, `5`, `1-5`, and each with a step as in `*/2`.
    ///
    /// `5/15` is not cron's, but common: from 5 to the end in steps of 15.
    pub(super) fn item(&self, text: &str) -> Result<u64, String> {
        let (range, step) = match text.split_once('/') {
            Some((range, step)) => (range, Some(self.step(step)?)),
            None => (text, None),
        };
        let (first, last) = match range.split_once('-') {
            _ if range == "*" => (self.least, self.most),
            Some((first, last)) => self.range(first, last)?,
            None if step.is_some() => (self.value(range)?, self.most),
            None => (self.value(range)?, self.value(range)?),
        };
        if first > last {
            return Err(self.wrong(&format!("the range {} goes backwards", shown(range))));
        }
        let values = (first..=last).step_by(step.unwrap_or(1));
        Ok(values.fold(0, |bits, value| bits | 1 << value))
    }

    /// One value, by its number or its name.
    pub(super) fn value(&self, text: &str) -> Result<u8, String> {
        if let Some(value) = (self.least..).zip(self.names).find(|(_, name)| name.eq_ignore_ascii_case(text)) {
            return Ok(value.0);
        }
        let number = is_number(text).then(|| text.parse().ok()).flatten();
        let value = number.filter(|value| (self.least..=self.most).contains(value));
        value.ok_or_else(|| self.wrong(&format!("{} is not {}", shown(text), self.allowed())))
    }

    /// The field's name before what is wrong with it.
    pub(super) fn wrong(&self, what: &str) -> String {
        format!("{}: {what}", self.name)
    }

    /// `fri-sun` ends on the Sunday after, not on the one before.
    fn range(&self, first: &str, last: &str) -> Result<(u8, u8), String> {
        let (from, to) = (self.value(first)?, self.value(last)?);
        let ends_week = from > to && last.eq_ignore_ascii_case("sun");
        Ok((from, if ends_week { self.most } else { to }))
    }

    fn step(&self, text: &str) -> Result<usize, String> {
        let step = is_number(text).then(|| text.parse().ok()).flatten();
        step.filter(|step| (1..=1000).contains(step))
            .ok_or_else(|| self.wrong(&format!("the step {} is not a number above 0", shown(text))))
    }

    fn allowed(&self) -> String {
        let names = match self.names {
            [first, .., last] => format!(", nor a name from {first} to {last}"),
            _ => String::new(),
        };
        format!("a number from {} to {}{names}", self.least, self.most)
    }
}

/// `parse` alone would take `+5`.
fn is_number(text: &str) -> bool {
    !text.is_empty() && text.bytes().all(|byte| byte.is_ascii_digit())
}

/// As it stands in a message.
fn shown(text: &str) -> String {
    format!("`{}`", text.chars().take(20).collect::<String>())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[track_caller]
    fn check(field: &Field, text: &str, expected: &[u32]) {
        let bits = field.values(text).unwrap();
        let values: Vec<_> = (0..64).filter(|value| bits >> value & 1 == 1).collect();
        assert_eq!(values, expected, "{} {text:?}", field.name);
    }

    #[test]
    fn values_ranges_steps_and_lists_are_read() {
        check(&HOUR, "7", &[7]);
        check(&HOUR, "007", &[7]);
        check(&HOUR, "1-4", &[1, 2, 3, 4]);
        check(&HOUR, "*/6", &[0, 6, 12, 18]);
        check(&HOUR, "1-9/4,22", &[1, 5, 9, 22]);
        check(&HOUR, "5/9", &[5, 14, 23]);
        check(&MINUTE, "*/90", &[0]);
        check(&DAY, "*/15", &[1, 16, 31]);
        check(&MONTH, "Jan,6-AUG", &[1, 6, 7, 8]);
        check(&WEEKDAY, "fri-sun", &[5, 6, 7]);
        check(&WEEKDAY, "sun-tue", &[0, 1, 2]);
        check(&WEEKDAY, "sun-sun", &[0]);
        check(&WEEKDAY, "*/3", &[0, 3, 6]);
    }

    #[track_caller]
    fn check_refused(field: &Field, text: &str, expected: &str) {
        assert_eq!(field.values(text).unwrap_err(), expected, "{text:?}");
    }

    #[test]
    fn what_is_wrong_is_named_with_what_would_be_right() {
        check_refused(&MINUTE, "60", "minute: `60` is not a number from 0 to 59");
        check_refused(&MONTH, "0", "month: `0` is not a number from 1 to 12, nor a name from jan to dec");
        check_refused(&WEEKDAY, "jan", "day of week: `jan` is not a number from 0 to 7, nor a name from sun to sat");
        check_refused(&HOUR, "22-6", "hour: the range `22-6` goes backwards");
        check_refused(&HOUR, "1,,2", "hour: `` is not a number from 0 to 23");
        check_refused(&HOUR, "*/0", "hour: the step `0` is not a number above 0");
        check_refused(&HOUR, "*-5", "hour: `*` is not a number from 0 to 23");
        for text in
            ["", ",", "-1", "+1", "1-", "-", "/5", "1/", "1//2", "1-sun", "1-2-3", "**", "99999999999999999999", "１"]
        {
            assert!(HOUR.values(text).is_err(), "{text:?} was taken");
        }
    }
}
