//! Jitter: how long after its due time a job starts, so that not all start at the top of the hour.

use jiff::{SignedDuration, Timestamp};

use crate::id::JobSlug;

/// The same for a job and a due time, whoever asks and whenever: less than `most`.
pub(crate) fn jitter(slug: &JobSlug, due: Timestamp, most: SignedDuration) -> SignedDuration {
    let Ok(most) = u64::try_from(most.as_millis()) else { return SignedDuration::ZERO };
    if most == 0 {
        return SignedDuration::ZERO;
    }
    let bytes = slug.as_str().bytes().chain(due.as_millisecond().to_be_bytes());
    // FNV-1a, whose values are the same in every version of everything; its low bits are mixed once more.
    let hash =
        bytes.fold(0xcbf2_9ce4_8422_2325_u64, |hash, byte| (hash ^ u64::from(byte)).wrapping_mul(0x100_0000_01b3));
    let mixed = (hash ^ (hash >> 32)).wrapping_mul(0x9e37_79b9_7f4a_7c15) >> 16;
    SignedDuration::from_millis(i64::try_from(mixed % most).unwrap_or(0))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn it_is_the_same_each_time_and_spreads_over_the_whole_width() {
        let most = SignedDuration::from_secs(300);
        let due: Timestamp = "2026-03-01T12:00:00Z".parse().unwrap();
        let of = |name: usize| jitter(&format!("job-{name}").parse().unwrap(), due, most);
        let found: Vec<_> = (0..100).map(of).collect();
        assert_eq!(found, (0..100).map(of).collect::<Vec<_>>());
        assert!(found.iter().all(|wait| *wait >= SignedDuration::ZERO && *wait < most));
        for fifth in 0..5 {
            let (from, to) = (SignedDuration::from_secs(60 * fifth), SignedDuration::from_secs(60 * (fifth + 1)));
            assert!(found.iter().filter(|wait| **wait >= from && **wait < to).count() >= 8, "{found:?}");
        }
        assert_eq!(jitter(&"a".parse().unwrap(), due, SignedDuration::ZERO), SignedDuration::ZERO);
    }
}
