//! Options and operands of one command, as the usual parsers of options read them.

use crate::scene::Cmd;

/// Which options of a program take the next word.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Spec {
    /// Letters: with `u`, `-u root` and `-uroot` are one option.
    pub(crate) short: &'static str,
    /// Names without dashes; one dash before a long name counts too, as in `terraform -chdir x`.
    pub(crate) long: &'static [&'static str],
}

/// No option takes a word.
pub(crate) const NO_VALUES: Spec = Spec { short: "", long: &[] };

/// An option as it was found.
#[derive(Debug)]
enum Opt<'a> {
    Short(char, Option<&'a str>),
    Long(&'a str, Option<&'a str>),
}

/// What stands behind the name of the program.
#[derive(Debug, Default)]
pub(crate) struct Args<'a> {
    options: Vec<Opt<'a>>,
    /// Where in `argv` each operand stands.
    pub(crate) operands: Vec<usize>,
    words: &'a [String],
    /// An option that stands where the value of another one belongs: it may be no option at all.
    doubtful: Vec<usize>,
    /// The last option takes a word and did not get one.
    wants: bool,
}

impl<'a> Args<'a> {
    pub(crate) fn of(cmd: &Cmd<'a>, spec: &Spec) -> Self {
        let words = cmd.it.argv.as_slice();
        let mut args = Self { words, ..Self::default() };
        let mut at = cmd.from + 1;
        while at < words.len() {
            let word = words[at].as_str();
            if word == "--" {
                args.operands.extend(at + 1..words.len());
                break;
            }
            if std::mem::take(&mut args.wants) && word.starts_with('-') {
                args.doubtful.push(args.options.len());
            }
            at += if let Some(long) = word.strip_prefix("--") {
                args.long(long, at, spec)
            } else if word.len() > 1 && word.starts_with('-') {
                args.short(&word[1..], at, spec)
            } else {
                args.operands.push(at);
                1
            };
        }
        args
    }

    fn long(&mut self, long: &'a str, at: usize, spec: &Spec) -> usize {
        if let Some((name, value)) = long.split_once('=') {
            self.options.push(Opt::Long(name, Some(value)));
            return 1;
        }
        let takes = spec.long.contains(&long);
        let value = self.value_at(at + 1).filter(|_| takes);
        self.wants = takes && value.is_none();
        self.options.push(Opt::Long(long, value));
        1 + usize::from(value.is_some())
    }

    /// A word that an option takes. One that looks like an option stays one, so that nothing hides in a value.
    fn value_at(&self, at: usize) -> Option<&'a str> {
        let word = self.words.get(at)?.as_str();
        let is_option = word.len() > 1 && word.starts_with('-') && !word.as_bytes()[1].is_ascii_digit();
        (!is_option).then_some(word)
    }

    /// A cluster of letters, or a long name behind one dash.
    fn short(&mut self, letters: &'a str, at: usize, spec: &Spec) -> usize {
        let name = letters.split('=').next().unwrap_or(letters);
        if name.len() > 1 && spec.long.contains(&name) {
            return self.long(letters, at, spec);
        }
        if name.len() > 2 {
            self.options.push(Opt::Long(name, letters.get(name.len() + 1..)));
        }
        for (place, letter) in letters.char_indices() {
            if spec.short.contains(letter) {
                let rest = &letters[place + letter.len_utf8()..];
                let next = if rest.is_empty() { self.value_at(at + 1) } else { Some(rest) };
                self.wants = next.is_none();
                self.options.push(Opt::Short(letter, next));
                return 1 + usize::from(rest.is_empty() && next.is_some());
            }
            self.options.push(Opt::Short(letter, None));
        }
        1
    }

    /// One of these letters is there: `-f`, or `f` in a cluster.
    pub(crate) fn short_is(&self, letters: &str) -> bool {
        self.options.iter().any(|option| matches!(option, Opt::Short(letter, _) if letters.contains(*letter)))
    }

    /// The long option is there, in full or shortened to two letters at least.
    pub(crate) fn long_is(&self, name: &str) -> bool {
        let is_it = |given: &str| given == name || (given.len() >= 2 && name.starts_with(given));
        self.options.iter().any(|option| matches!(option, Opt::Long(given, _) if is_it(given)))
    }

    /// One of the long options is there, in full or shortened.
    pub(crate) fn any_begun(&self, names: &[&str]) -> bool {
        names.iter().any(|name| self.long_is(name))
    }

    /// The long option is there, letter by letter.
    pub(crate) fn exactly(&self, name: &str) -> bool {
        self.options.iter().any(|option| matches!(option, Opt::Long(given, _) if *given == name))
    }

    pub(crate) fn any_long(&self, names: &[&str]) -> bool {
        names.iter().any(|name| self.exactly(name))
    }

    /// The values of an option, by letter or name.
    pub(crate) fn values(&self, letter: char, name: &str) -> impl Iterator<Item = &'a str> {
        self.options.iter().filter_map(move |option| match option {
            Opt::Short(given, value) if *given == letter => *value,
            Opt::Long(given, value) if *given == name => *value,
            _ => None,
        })
    }

    /// The operand at this place; empty if there is none.
    pub(crate) fn operand(&self, at: usize) -> &'a str {
        self.operands.get(at).map_or("", |index| self.words[*index].as_str())
    }

    /// All operands, as words.
    pub(crate) fn operand_words(&self) -> impl Iterator<Item = &'a str> {
        self.operands.iter().map(|index| self.words[*index].as_str())
    }

    /// Nothing is done: it asks for help, for the version, or for a rehearsal.
    pub(crate) fn is_rehearsal(&self) -> bool {
        let is_sure = |(at, option): (usize, &Opt<'_>)| !self.doubtful.contains(&at) && is_rehearsal(option);
        self.options.iter().enumerate().any(is_sure) && !self.exactly("no-dry-run")
    }
}

fn is_rehearsal(option: &Opt<'_>) -> bool {
    let Opt::Long(name, value) = option else { return false };
    match *name {
        "help" => true,
        "version" => value.is_none(),
        "dryrun" | "dry_run" | "what-if" | "whatif" => !matches!(value, Some("false" | "none")),
        name => name.len() >= 3 && "dry-run".starts_with(name) && !matches!(value, Some("false" | "none")),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::tests::with_cmd;

    const SPEC: Spec = Spec { short: "u", long: &["chdir", "user"] };

    #[test]
    fn clusters_values_and_the_end_of_options_are_read() {
        with_cmd(&["p", "-rfv", "-uroot", "--user", "ada", "--x=1", "a", "--", "-b"], |cmd| {
            let args = Args::of(cmd, &SPEC);
            assert!(args.short_is("f") && args.short_is("v") && !args.short_is("b"));
            assert_eq!(args.values('u', "user").collect::<Vec<_>>(), ["root", "ada"]);
            assert_eq!(args.operand_words().collect::<Vec<_>>(), ["a", "-b"]);
        });
    }

    #[test]
    fn a_rehearsal_in_the_place_of_a_value_is_none() {
        let check = |words: &[&str], wanted: bool| {
            with_cmd(words, |cmd| assert_eq!(Args::of(cmd, &SPEC).is_rehearsal(), wanted, "{words:?}"));
        };
        check(&["p", "--user", "ada", "--dry-run"], true);
        check(&["p", "--user", "--dry-run", "-x"], false);
        check(&["p", "-u", "--help"], false);
        check(&["p", "--dry-run", "--no-dry-run"], false);
        check(&["p", "--dry-r"], true);
    }

    #[test]
    fn long_options_may_be_shortened_or_have_one_dash() {
        with_cmd(&["p", "--recurs", "-chdir=x", "-auto-approve", "destroy"], |cmd| {
            let args = Args::of(cmd, &SPEC);
            assert!(args.long_is("recursive") && !args.exactly("recursive"));
            assert!(args.exactly("auto-approve"));
            assert_eq!((args.operand(0), args.operand(1)), ("destroy", ""));
        });
    }
}
