//! The way of something that was said: to a session, to a command, or nowhere.

use std::path::Path;

use instar_core::attention::ItemStatus;
use instar_core::conversation::{Course, Deed, Place, Spoken, WaitsFor};
use instar_core::decide::SpawnRequest;
use instar_core::id::{JobSlug, SessionName};
use instar_core::inbound::{Happening, Mark, Said};
use instar_core::job::Model;
use instar_core::plan::StepRequest;
use instar_core::run::Run;
use instar_core::session::Session;
use instar_core::state::{Pending, State};
use instar_core::thread::Subject;
use instar_core::users::Role;
use jiff::Timestamp;
use serde_json::json;

use crate::commands::{Command, Parsed, parse};
use crate::inject::{BroughtFile, Desk, NoteFile, beginning, history, message, stem, text_of};
use crate::{answers, names};

/// What has to be known to find the way.
#[derive(Debug)]
pub struct Scene<'a> {
    pub state: &'a State,
    pub now: Timestamp,
    pub pending: &'a Pending,
    /// The sessions that live.
    pub sessions: &'a [Session],
    pub protected: &'a [String],
    pub started_at: Timestamp,
    pub version: &'a str,
    /// The last messages of the conversation, oldest first.
    pub history: &'a [Spoken],
    /// The end of what its last session printed, if that has ended.
    pub last_words: Option<&'a str>,
    /// The files that came along.
    pub files: &'a [BroughtFile],
    /// Where files for sessions go.
    pub tmp: &'a Path,
    /// What an agent calls to answer: the path of this program.
    pub program: &'a str,
}

/// A course, and the files that must be there before it is carried out.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct Plan {
    pub course: Course,
    pub notes: Vec<NoteFile>,
}

impl Plan {
    fn answer(text: impl Into<String>) -> Self {
        Self { course: Course { answer: Some(text.into()), ..Course::default() }, notes: Vec::new() }
    }

    fn refusal(text: impl Into<String>) -> Self {
        let course = Course { answer: Some(text.into()), mark: Some(Mark::Refused), ..Course::default() };
        Self { course, notes: Vec::new() }
    }

    fn deed(deed: Deed, answer: impl Into<String>) -> Self {
        let course = Course { deeds: vec![deed], answer: Some(answer.into()), ..Course::default() };
        Self { course, notes: Vec::new() }
    }

    fn wait(waits: WaitsFor, deeds: Vec<Deed>) -> Self {
        Self { course: Course { waits: Some(waits), deeds, ..Course::default() }, notes: Vec::new() }
    }
}

/// What something that was said leads to.
pub fn plan(scene: &Scene<'_>) -> Plan {
    let place = scene.pending.place();
    match &scene.pending.inbound.happening {
        Happening::Said(said) => match parse(&said.text) {
            Parsed::Command(row, _) if scene.pending.speaker.role < row.role => Plan::refusal(answers::needs_role(row)),
            Parsed::Command(row, rest) => command(scene, &place, row.command, rest),
            Parsed::Talk => talk(scene, &place, said, false),
        },
        Happening::Corrected(said) => talk(scene, &place, said, true),
        Happening::Chose(token) => pressed(scene, token),
        Happening::ThreadOpened(name) | Happening::ThreadRenamed(name) => {
            let deeds = vec![Deed::Name { name: name.clone() }];
            Plan { course: Course { deeds, ..Course::default() }, notes: Vec::new() }
        }
        Happening::ThreadClosed | Happening::ThreadReopened => Plan::default(),
        Happening::Other(what) => {
            Plan::refusal(format!("I cannot read this ({what}). Text, files and pictures I can."))
        }
    }
}

fn pressed(scene: &Scene<'_>, token: &str) -> Plan {
    if let Some((open, yes)) = scene.state.conversations().pressed(token) {
        return answer(scene, &open.question.id, yes);
    }
    match scene.state.pressed_item(token) {
        Some((item, status)) => turn(scene, &item.wanted.id, status),
        None => Plan::refusal("This button is not good any more."),
    }
}

fn talk(scene: &Scene<'_>, place: &Place, said: &Said, is_correction: bool) -> Plan {
    if scene.pending.speaker.role < Role::User {
        return Plan::refusal("You may look, but not speak with agents: that needs the role user in `users.json`.");
    }
    let text = text_of(said, scene.files, is_correction);
    if text.is_empty() {
        return Plan::refusal("There is nothing in this that I can read.");
    }
    match bound_run(scene, place) {
        Bound::Lives(run) if run.stopping.is_some() => Plan::wait(WaitsFor::End, Vec::new()),
        Bound::Lives(run) if run.talk.is_some() => tell(scene, place, run, &text),
        Bound::Lives(run) if run.session().is_some() => Plan::refusal(format!(
            "Session `{}` takes no messages. `/unlink` frees this conversation.",
            run.session_name().map_or("?", SessionName::as_str)
        )),
        Bound::Lives(_) => Plan::wait(WaitsFor::Beginning, Vec::new()),
        Bound::Ended(name) if scene.last_words.is_some_and(is_about_quota) => {
            Plan::refusal(answers::quota_is_gone(name.as_str()))
        }
        Bound::Ended(name) => begin(scene, place, name.clone(), &text),
        Bound::No => begin(scene, place, names::session_name(scene.state, place), &text),
    }
}

enum Bound<'a> {
    No,
    Lives(&'a Run),
    Ended(&'a SessionName),
}

fn bound_run<'a>(scene: &Scene<'a>, place: &Place) -> Bound<'a> {
    match scene.state.conversations().session_of(place) {
        None => Bound::No,
        Some(name) => scene.state.run_named(name).map_or(Bound::Ended(name), Bound::Lives),
    }
}

fn tell(scene: &Scene<'_>, place: &Place, run: &Run, text: &str) -> Plan {
    let stem = stem(place, &scene.pending.inbound);
    let (typed, note) = message(Desk { tmp: scene.tmp, stem: &stem }, place, text);
    let deeds = vec![Deed::Tell { run: run.id, text: typed }];
    let course = Course { deeds, mark: Some(Mark::Received), is_talk: true, ..Course::default() };
    Plan { course, notes: note.into_iter().collect() }
}

/// A session of the conversation that lives no more, or never did. It knows what was said before.
fn begin(scene: &Scene<'_>, place: &Place, name: SessionName, text: &str) -> Plan {
    let stem = stem(place, &scene.pending.inbound);
    let (typed, note) = message(Desk { tmp: scene.tmp, stem: &stem }, place, text);
    let mut notes: Vec<_> = note.into_iter().collect();
    let past = (!scene.history.is_empty()).then(|| scene.tmp.join(format!("history-{stem}.txt")));
    if let Some(path) = &past {
        notes.push(NoteFile { path: path.clone(), text: history(scene.history) });
    }
    let about = scene.state.conversations().subject_of(place);
    let prompt = beginning(scene.program, place, about, &typed, past.as_deref());
    let execute = json!({ "type": "prompt", "value": prompt, "interactive": true });
    let model = Model::default().as_str().to_owned();
    let step = StepRequest { execute_json: execute.to_string(), model, previous: None };
    let by = format!("{}:{}", place.channel(), scene.pending.speaker.user);
    // A name that somebody else's session has meanwhile is left to it.
    let is_free = !scene.state.is_name_taken(&name);
    let name = if is_free { name } else { names::session_name(scene.state, place) };
    let request = Box::new(SpawnRequest { name, works_for: None, step, by });
    let course =
        Course { deeds: vec![Deed::Begin { request }], mark: Some(Mark::Received), is_talk: true, ..Course::default() };
    Plan { course, notes }
}

/// What agents say when their account is used up.
fn is_about_quota(last_words: &str) -> bool {
    const SIGNS: [&str; 6] = [
        "usage limit reached",
        "hit your limit",
        "quota exceeded",
        "out of extra usage",
        "limit will reset",
        "rate limit exceeded",
    ];
    let text = last_words.to_lowercase();
    SIGNS.iter().any(|sign| text.contains(sign))
}

fn command(scene: &Scene<'_>, place: &Place, command: Command, rest: &str) -> Plan {
    match command {
        Command::Help => Plan::answer(answers::help(scene.pending.speaker.role)),
        Command::Sessions => Plan::answer(answers::sessions(scene, rest)),
        Command::Status => Plan::answer(answers::status(scene)),
        Command::Jobs => Plan::answer(answers::jobs(scene)),
        Command::Quota => Plan::answer(answers::quota(scene)),
        Command::Plugins => Plan::answer(answers::notifiers(scene)),
        Command::New => new(scene, place, rest),
        Command::Claim => claim(scene, place, rest),
        Command::Unlink => unlink(scene, place),
        Command::Interrupt => interrupt(scene, place),
        Command::Restart => restart(scene, place),
        Command::Run => {
            of_job(scene, rest, |slug| (Deed::Trigger { slug: slug.clone() }, format!("Job `{slug}` is asked to run.")))
        }
        Command::Pause if rest.is_empty() => {
            Plan::deed(Deed::Pause { slug: None }, "Nothing fires by itself now. `/resume` ends this.")
        }
        Command::Pause => {
            of_job(scene, rest, |slug| (Deed::Pause { slug: Some(slug.clone()) }, format!("Job `{slug}` is paused.")))
        }
        Command::Resume if rest.is_empty() => Plan::deed(Deed::Resume { slug: None }, "Jobs fire by themselves again."),
        Command::Resume => of_job(scene, rest, |slug| {
            (Deed::Resume { slug: Some(slug.clone()) }, format!("Job `{slug}` is not paused any more."))
        }),
        Command::Approve => answer(scene, rest, true),
        Command::Deny => answer(scene, rest, false),
        Command::Attention => Plan::answer(answers::attention(scene)),
        Command::Ack => turn_command(scene, place, rest, ItemStatus::Acknowledged),
        Command::DoneWith => turn_command(scene, place, rest, ItemStatus::Done),
        Command::WontDo => turn_command(scene, place, rest, ItemStatus::WontDo),
        Command::Reopen => turn_command(scene, place, rest, ItemStatus::Open),
        Command::SwitchAccount => Plan::answer("This host cannot switch the agent's account: log in on the machine."),
        Command::Login => Plan::answer("This host cannot log the agent in from here: run `claude` on the machine."),
    }
}

/// Whether it is still open is seen when it is recorded.
fn answer(scene: &Scene<'_>, id: &str, yes: bool) -> Plan {
    if scene.pending.speaker.role < Role::User {
        return Plan::refusal("You may look, but not decide: that needs the role user in `users.json`.");
    }
    let deeds = vec![Deed::Answer { id: id.to_owned(), yes }];
    Plan { course: Course { deeds, mark: Some(Mark::Received), ..Course::default() }, notes: Vec::new() }
}

/// How far somebody is with an item.
fn turn(scene: &Scene<'_>, id: &str, status: ItemStatus) -> Plan {
    if scene.pending.speaker.role < Role::User {
        return Plan::refusal("You may look, but not decide: that needs the role user in `users.json`.");
    }
    let deeds = vec![Deed::Turn { id: id.to_owned(), status }];
    Plan { course: Course { deeds, mark: Some(Mark::Received), ..Course::default() }, notes: Vec::new() }
}

/// The item of this thread, or the one that is named.
fn turn_command(scene: &Scene<'_>, place: &Place, rest: &str, status: ItemStatus) -> Plan {
    match (rest, scene.state.conversations().subject_of(place)) {
        ("", Some(Subject::Item(id))) => turn(scene, id, status),
        ("", _) => Plan::refusal("Name an item: `/attention` lists them."),
        (id, _) => turn(scene, id, status),
    }
}

fn of_job(scene: &Scene<'_>, rest: &str, make: impl FnOnce(JobSlug) -> (Deed, String)) -> Plan {
    let known = rest.parse::<JobSlug>().ok().filter(|slug| scene.state.job(slug).is_some());
    let Some(slug) = known else { return Plan::refusal("There is no such job. `/jobs` lists them.") };
    let (deed, answer) = make(slug);
    Plan::deed(deed, answer)
}

/// A session from the start, beside the one of before.
///
/// It gets a thread of its own where the chat has threads.
fn new(scene: &Scene<'_>, place: &Place, rest: &str) -> Plan {
    let first = if rest.is_empty() { "A new conversation begins. Say hello." } else { rest };
    let first = crate::inject::clean(first);
    let fresh = Scene { history: &[], ..*scene };
    let (state, conversation) = (scene.state, &place.address.conversation);
    let wish = Subject::Wish(scene.pending.inbound.key.clone());
    if let Some(thread) = state.conversations().thread(&place.notifier, &wish) {
        let there = Place { notifier: place.notifier.clone(), address: thread.address.clone() };
        let mut plan = begin(&fresh, &there, names::session_name(state, &there), &first);
        for deed in &mut plan.course.deeds {
            if let Deed::Begin { request } = deed {
                *deed = Deed::BeginThere { place: there.clone(), request: request.clone() };
            }
        }
        plan.course.answer = Some(format!("The new conversation is in “{}”.", thread.name));
        return plan;
    }
    if state.opens_threads(&place.notifier, conversation, scene.now) {
        let name = names::thread_name(rest, scene.now);
        return Plan::wait(WaitsFor::Thread, vec![Deed::OpenThread { name }]);
    }
    begin(&fresh, place, names::session_name(state, place), &first)
}

/// Only sessions that talk, that nobody else has, and that are not set apart.
fn claim(scene: &Scene<'_>, place: &Place, rest: &str) -> Plan {
    if let Bound::Lives(run) = bound_run(scene, place) {
        let name = run.session_name().map_or("?", SessionName::as_str);
        return Plan::refusal(format!("This conversation is session `{name}`'s. `/unlink` frees it."));
    }
    let session = scene.sessions.iter().find(|session| session.name.as_str() == rest);
    let Some(session) = session else {
        return Plan::refusal("Name a session that runs: `/claim NAME`. `/sessions unclaimed` lists them.");
    };
    if !session.interactive || scene.protected.iter().any(|name| name == session.name.as_str()) {
        return Plan::refusal(format!("Session `{}` does not talk with people.", session.name));
    }
    if let Some(other) = scene.state.conversations().place_of(&session.name) {
        return Plan::refusal(format!("Session `{}` is that of {}.", session.name, other.label()));
    }
    let deed = Deed::Bind { session: session.name.clone() };
    Plan::deed(deed, format!("This conversation is session `{}`'s now.", session.name))
}

fn unlink(scene: &Scene<'_>, place: &Place) -> Plan {
    match scene.state.conversations().session_of(place) {
        Some(name) => Plan::deed(Deed::Unbind, format!("This conversation is no longer session `{name}`'s.")),
        None => Plan::refusal("This conversation is no session's."),
    }
}

fn interrupt(scene: &Scene<'_>, place: &Place) -> Plan {
    match bound_run(scene, place) {
        Bound::Lives(run) => match run.session() {
            Some(session) => {
                let deed = Deed::Interrupt { session: session.name.clone() };
                Plan::deed(deed, format!("Escape is pressed in session `{}`.", session.name))
            }
            None => Plan::refusal("Its session is only just beginning."),
        },
        Bound::Ended(_) | Bound::No => Plan::refusal("No session of this conversation runs."),
    }
}

/// Ends the session first; once it has, the command is read again and begins it anew.
fn restart(scene: &Scene<'_>, place: &Place) -> Plan {
    const AGAIN: &str = "You were begun anew. Go on where the conversation stopped.";
    match bound_run(scene, place) {
        Bound::Lives(run) if run.stopping.is_some() => Plan::wait(WaitsFor::End, Vec::new()),
        Bound::Lives(run) => Plan::wait(WaitsFor::End, vec![Deed::Stop { run: run.id }]),
        Bound::Ended(name) => begin(scene, place, name.clone(), AGAIN),
        Bound::No => Plan::refusal("This conversation is no session's: say something, and one begins."),
    }
}
