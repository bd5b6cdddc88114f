//! The commands that people give in a chat: one table, and how a line is read.

use instar_core::users::Role;

/// What a command is, whatever stands behind it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Command {
    Help,
    Sessions,
    New,
    Claim,
    Unlink,
    Interrupt,
    Restart,
    Status,
    Jobs,
    Run,
    Pause,
    Resume,
    Quota,
    SwitchAccount,
    Login,
    Plugins,
    Approve,
    Deny,
    Attention,
    Ack,
    DoneWith,
    WontDo,
    Reopen,
}

/// One line of the table.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Row {
    pub command: Command,
    /// Its name, and others that mean it.
    pub names: &'static [&'static str],
    pub role: Role,
    /// What stands behind it, and what it does.
    pub help: (&'static str, &'static str),
}

/// In the order in which `/help` shows them.
pub const COMMANDS: [Row; 23] = [
    row(Command::Help, &["help", "start"], Role::Viewer, ("", "shows this")),
    row(Command::Sessions, &["sessions"], Role::Viewer, ("[unclaimed]", "lists the sessions and their conversations")),
    row(Command::Status, &["status"], Role::Viewer, ("", "says how the host is")),
    row(Command::Jobs, &["jobs"], Role::Viewer, ("", "lists the jobs")),
    row(Command::Quota, &["quota", "q"], Role::Viewer, ("", "says how much of the account is used")),
    row(Command::Plugins, &["plugins"], Role::Viewer, ("", "lists the notifiers")),
    row(Command::Attention, &["attention"], Role::Viewer, ("", "lists what somebody should look at")),
    row(
        Command::New,
        &["new"],
        Role::User,
        ("[TEXT]", "begins a new session, in a thread of its own if there can be one"),
    ),
    row(Command::Claim, &["claim", "link"], Role::User, ("SESSION", "gives this conversation to a running session")),
    row(Command::Unlink, &["unlink"], Role::User, ("", "takes this conversation from its session")),
    row(Command::Interrupt, &["interrupt"], Role::User, ("", "presses Escape in the session")),
    row(Command::Restart, &["restart"], Role::User, ("", "ends the session and begins it anew")),
    row(Command::Run, &["run"], Role::User, ("JOB", "runs a job now")),
    row(Command::Approve, &["approve"], Role::User, ("ID", "says yes to what a guard asks")),
    row(Command::Deny, &["deny"], Role::User, ("ID", "says no to what a guard asks")),
    row(Command::Ack, &["ack", "acknowledge"], Role::User, ("[ITEM]", "says that somebody looks at it")),
    row(Command::DoneWith, &["done"], Role::User, ("[ITEM]", "says that it is done")),
    row(Command::WontDo, &["wontdo"], Role::User, ("[ITEM]", "says that it will not be done")),
    row(Command::Reopen, &["reopen"], Role::User, ("[ITEM]", "says that it is open again")),
    row(Command::Pause, &["pause"], Role::Admin, ("[JOB]", "lets a job, or all, fire nothing by itself")),
    row(Command::Resume, &["resume"], Role::Admin, ("[JOB]", "ends a pause")),
    row(
        Command::SwitchAccount,
        &["switch-account", "switch_account", "switchaccount", "sa"],
        Role::Admin,
        ("NAME", ""),
    ),
    row(Command::Login, &["login"], Role::Admin, ("", "")),
];

const fn row(command: Command, names: &'static [&'static str], role: Role, help: (&'static str, &'static str)) -> Row {
    Row { command, names, role, help }
}

/// What a text is.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Parsed<'a> {
    /// A command, and what stands behind it.
    Command(Row, &'a str),
    /// It begins like a command, and is none: agents have commands of their own.
    Talk,
}

/// Reads the first word; the name of a bot behind an `@` is passed over.
pub fn parse(text: &str) -> Parsed<'_> {
    let text = text.trim();
    let Some(line) = text.strip_prefix('/') else { return Parsed::Talk };
    let (word, rest) = line.split_once(char::is_whitespace).unwrap_or((line, ""));
    let name = word.split('@').next().unwrap_or(word).to_lowercase();
    let found = COMMANDS.iter().find(|row| row.names.contains(&name.as_str()));
    found.map_or(Parsed::Talk, |row| Parsed::Command(*row, rest.trim()))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[track_caller]
    fn check(text: &str, expected: Option<(Command, &str)>) {
        let found = match parse(text) {
            Parsed::Command(row, rest) => Some((row.command, rest)),
            Parsed::Talk => None,
        };
        assert_eq!(found, expected, "{text:?}");
    }

    #[test]
    fn a_command_is_known_by_its_first_word() {
        check("/sessions", Some((Command::Sessions, "")));
        check("  /Sessions unclaimed ", Some((Command::Sessions, "unclaimed")));
        check("/claim@my_bot research", Some((Command::Claim, "research")));
        check("/claim", Some((Command::Claim, "")));
        check("/new fix the build\nplease", Some((Command::New, "fix the build\nplease")));
        check("/sa work", Some((Command::SwitchAccount, "work")));
        check("/compact", None);
        check("/sessionsx", None);
        check("see /status", None);
        check("/", None);
    }

    #[test]
    fn no_name_means_two_commands() {
        let mut names: Vec<_> = COMMANDS.iter().flat_map(|row| row.names).collect();
        let count = names.len();
        names.sort_unstable();
        names.dedup();
        assert_eq!(names.len(), count);
    }
}
