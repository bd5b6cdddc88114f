//! Which of two versions is newer.

use std::cmp::Ordering;

/// As semantic versioning says, but that suffixes are compared as texts. What is no version is older than any.
pub(super) fn compare(left: &str, right: &str) -> Ordering {
    read(left).cmp(&read(right))
}

/// Numbers, then whether it is a whole release, then the suffix. What stands behind `+` says nothing.
fn read(text: &str) -> Option<([u64; 3], bool, &str)> {
    let text = text.split('+').next().unwrap_or_default();
    let (numbers, suffix) = text.split_once('-').unwrap_or((text, ""));
    let mut parsed = numbers.split('.').map(|part| part.parse().ok());
    let numbers = [parsed.next()??, parsed.next()??, parsed.next()??];
    Some((numbers, suffix.is_empty(), suffix))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn versions_follow_each_other() {
        let order = ["nothing", "0.1.0-dev", "0.1.0", "0.2.0", "0.10.0", "1.0.0-alpha", "1.0.0-beta", "1.0.0"];
        for pair in order.windows(2) {
            assert_eq!(compare(pair[0], pair[1]), Ordering::Less, "{pair:?}");
        }
        assert_eq!(compare("1.0.0+a", "1.0.0+b"), Ordering::Equal);
    }
}
