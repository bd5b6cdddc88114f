//! Phrases by which work is handed back to a person, in six families.

/// The longest text that is looked at.
const LONGEST: usize = 64 * 1024;

/// Begin and end of a phrase: one of the first words, then one of the second within a few words.
type Phrase = (&'static [&'static str], &'static [&'static str]);

const FAMILIES: &[(&str, &[Phrase])] = &[
    (
        "it says that you cannot",
        &[(
            &[
                "i can't ",
                "i cannot ",
                "i can not ",
                "i am unable to ",
                "i'm unable to ",
                "i am not able to ",
                "i'm not able to ",
            ],
            &[""],
        )],
    ),
    (
        "it says that a person is needed",
        &[(
            &["requires ", "require ", "needs ", "need "],
            &["human ", "manual ", "your input", "your intervention", "your action", "your help"],
        )],
    ),
    (
        "it tells the reader what to do",
        &[(
            &["you need to ", "you have to ", "you must ", "you'll need to ", "you will need to "],
            &[
                "do ", "handle", "complete", "enter ", "run ", "execute", "click", "log in", "open ", "go to",
                "install", "create ",
            ],
        )],
    ),
    (
        "it proposes that the reader does it",
        &[(
            &["you can ", "you could ", "you should ", "you might want to ", "you may want to ", "please "],
            &["run ", "execute", "navigate", "open ", "click", "log in", "go to", "enter "],
        )],
    ),
    (
        "it asks whether to go on",
        &[
            (&["want me to ", "would you like me to ", "do you want me to "], &[""]),
            (&["should i ", "shall i "], &["proceed", "continue", "go ahead", "start", "do ", "fix", "try"]),
        ],
    ),
    (
        "it says that you are stuck",
        &[
            (
                &["can't proceed ", "cannot proceed ", "unable to proceed ", "can't continue ", "cannot continue "],
                &[""],
            ),
            (&["i am blocked", "i'm blocked", "this is a blocker", "blocked until ", "blocked on you"], &[""]),
        ],
    ),
];

/// What only a person may do.
const ONLY_PEOPLE: &[&str] = &["password", "captcha", "legal", "billing", "payment", "two-factor", "2fa"];

/// How far apart begin and end of a phrase may stand.
const REACH: usize = 40;

/// What a text hands back, in words; nothing where it is about what only a person may do.
pub(crate) fn phrase_in(text: &str) -> Option<&'static str> {
    let plain: String = text[..text.floor_char_boundary(LONGEST)].to_lowercase().replace(['’', '‘'], "'");
    let plain = plain.split_whitespace().collect::<Vec<_>>().join(" ") + " ";
    if ONLY_PEOPLE.iter().any(|word| plain.contains(word)) {
        return None;
    }
    FAMILIES.iter().find(|(_, phrases)| phrases.iter().any(|phrase| stands_in(&plain, phrase))).map(|(what, _)| *what)
}

fn stands_in(plain: &str, (begins, ends): &Phrase) -> bool {
    begins.iter().any(|begin| {
        plain.match_indices(begin).any(|(at, _)| {
            let is_word = plain[..at].chars().next_back().is_none_or(|before| !before.is_alphanumeric());
            let behind = at + begin.len();
            let reach = plain.floor_char_boundary((behind + REACH).min(plain.len()));
            is_word && ends.iter().any(|end| plain[behind..reach].contains(end))
        })
    })
}
