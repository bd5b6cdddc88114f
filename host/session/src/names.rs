//! The names that tmux knows us by: pure functions of the project, so that every process finds the same ones.

use std::path::Path;

/// A tmux name longer than this says no more to a person.
const LONGEST_SLUG: usize = 32;

/// The name of the project's own tmux socket, for `tmux -L`.
///
/// `instar_dir` must be canonical: two paths to one folder would be two servers.
pub fn socket_name(project: &str, instar_dir: &Path) -> String {
    let hash = stable_hash(instar_dir.as_os_str().as_encoded_bytes());
    format!("instar-{}-{hash:08x}", slug(project))
}

/// The project's part of a tmux name: tmux gives `.` and `:` a meaning of their own, and `#` as well.
pub(crate) fn slug(project: &str) -> String {
    let mut slug = String::new();
    for letter in project.chars() {
        let kept = letter.is_ascii_alphanumeric() || letter == '_';
        if kept {
            slug.push(letter);
        } else if !slug.ends_with('-') {
            slug.push('-');
        }
    }
    let cut: String = slug.trim_matches('-').chars().take(LONGEST_SLUG).collect();
    match cut.trim_end_matches('-') {
        "" => "project".to_owned(),
        slug => slug.to_owned(),
    }
}

/// FNV-1a of 64 bits folded to 32: names a folder the same way in every version of instar.
fn stable_hash(bytes: &[u8]) -> u32 {
    let hash = bytes
        .iter()
        .fold(0xcbf2_9ce4_8422_2325_u64, |hash, byte| (hash ^ u64::from(*byte)).wrapping_mul(0x100_0000_01b3));
    let [a, b, c, d, e, f, g, h] = hash.to_be_bytes();
    u32::from_be_bytes([a ^ e, b ^ f, c ^ g, d ^ h])
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn slugs_hold_nothing_that_tmux_reads_differently() {
        let cases = [
            ("my.app", "my-app"),
            ("a:b", "a-b"),
            ("my project", "my-project"),
            ("#{pane_pid}", "pane_pid"),
            ("..", "project"),
            ("проект", "project"),
            ("snake_case", "snake_case"),
        ];
        for (project, expected) in cases {
            assert_eq!(slug(project), expected, "{project:?}");
        }
        assert_eq!(slug(&"x".repeat(100)).len(), LONGEST_SLUG);
    }

    #[test]
    fn socket_names_are_stable_and_differ_by_folder() {
        assert_eq!(socket_name("my.app", Path::new("/srv/my.app/.instar")), "instar-my-app-51ea6937");
        let other = socket_name("my.app", Path::new("/home/my.app/.instar"));
        assert_ne!(socket_name("my.app", Path::new("/srv/my.app/.instar")), other);
    }
}
