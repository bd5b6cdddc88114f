//! What a text of SQL would destroy. No grammar: statements, their first words, and whether there is a `WHERE`.

/// The worst that a statement does.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Loss {
    /// `DROP` of tables, schemas, databases, columns.
    Drop,
    /// `TRUNCATE`, or `DELETE` without a condition.
    AllRows,
    /// `UPDATE` without a condition.
    Overwrite,
}

/// What the text would destroy, if anything.
pub(crate) fn loss_in(text: &str) -> Option<(Loss, String)> {
    statements(text).into_iter().find_map(|words| {
        let loss = loss_of(&words)?;
        Some((loss, words.iter().take(4).map(String::as_str).collect::<Vec<_>>().join(" ")))
    })
}

/// What statements would destroy that a program prints: they stand in quoted parts of its text.
pub(crate) fn loss_in_parts(text: &str) -> Option<(Loss, String)> {
    let has_condition = text.to_ascii_uppercase().contains("WHERE");
    let parts = text.split(['\'', '"', '/', '|', '{', '}', '(', ')', '`', '#']);
    parts.filter_map(loss_in).find(|(loss, _)| *loss == Loss::Drop || !has_condition)
}

/// What a text would destroy that may be no SQL at all: its statements name what they work on.
pub(crate) fn says_loss(text: &str) -> Option<(Loss, String)> {
    const KINDS: &[&str] = &["TABLE", "DATABASE", "SCHEMA", "VIEW", "USER", "ROLE", "KEYSPACE", "TABLESPACE", "OWNED"];
    const VERBS: &[&str] = &["drop", "truncate", "delete", "update", "alter"];
    let begins = |line: &str, verb: &str| line.get(..verb.len()).is_some_and(|start| start.eq_ignore_ascii_case(verb));
    if !text.split([';', '\n']).any(|line| VERBS.iter().any(|verb| begins(line.trim_start(), verb))) {
        return None;
    }
    statements(text).into_iter().find_map(|words| {
        let second = words.get(1).map_or("", String::as_str);
        let is_plain = match words.first().map(String::as_str)? {
            "DROP" | "ALTER" | "TRUNCATE" => KINDS.contains(&second),
            "DELETE" => second == "FROM",
            "UPDATE" => words.get(2).is_some_and(|word| word == "SET"),
            _ => false,
        };
        let loss = loss_of(&words).filter(|_| is_plain)?;
        Some((loss, words.iter().take(4).map(String::as_str).collect::<Vec<_>>().join(" ")))
    })
}

fn loss_of(words: &[String]) -> Option<Loss> {
    let word = |at: usize| words.get(at).map_or("", String::as_str);
    let has = |name: &str| words.iter().any(|word| word == name);
    let first = match word(0) {
        // A common table expression ends in the statement that does something.
        "WITH" if has("DELETE") => return all_rows(words),
        "BEGIN" | "DO" | "CALL" | "IF" | "GO" => {
            return words.get(1..).filter(|rest| !rest.is_empty()).and_then(loss_of);
        }
        other => other,
    };
    match first {
        "DROP" => match word(1) {
            "INDEX" | "TEMPORARY" | "TEMP" | "TRIGGER" | "POLICY" | "CONSTRAINT" => None,
            "" => None,
            _ => Some(Loss::Drop),
        },
        "ALTER" if has("DISABLE") && (has("SECURITY") || has("TRIGGER")) => Some(Loss::Drop),
        "ALTER" if has("DELETE") && !is_limited(words) => Some(Loss::AllRows),
        "ALTER" if has("DROP") && !has("CONSTRAINT") && !has("DEFAULT") && !has("NOT") => Some(Loss::Drop),
        "TRUNCATE" if !word(1).is_empty() => Some(Loss::AllRows),
        "DELETE" => all_rows(words),
        "UPDATE" if has("SET") && !is_limited(words) => Some(Loss::Overwrite),
        "FLUSHALL" | "FLUSHDB" => Some(Loss::AllRows),
        _ => None,
    }
}

fn all_rows(words: &[String]) -> Option<Loss> {
    let has_from = words.iter().any(|word| word == "FROM" || word == "DELETE");
    (has_from && words.len() > 1 && !is_limited(words)).then_some(Loss::AllRows)
}

/// There is a condition that is not true of every row.
fn is_limited(words: &[String]) -> bool {
    let Some(at) = words.iter().position(|word| word == "WHERE") else { return false };
    let condition: String = words[at + 1..].concat();
    let is_true = matches!(condition.as_str(), "1=1" | "TRUE" | "1" | "" | "'1'='1'" | "NOTFALSE" | "''=''" | "2>1");
    // `id > 0`, `id IS NOT NULL`, `name LIKE '%'`: true of every row that anybody has made.
    let ends = [">0", ">=0", ">=1", "!=0", "<>0", "!=''", "<>''", "ISNOTNULL", "LIKE'%'", "!=-1", "<>-1"];
    let is_of_one = !["AND", "OR"].iter().any(|word| words[at + 1..].iter().any(|given| given == word));
    let is_key =
        words.get(at + 1).is_some_and(|word| word.starts_with("ID") || word.contains(".ID") || word.ends_with("_ID"));
    let is_of_all = is_of_one && is_key && ends.iter().any(|end| condition.ends_with(end));
    !is_true && !is_of_all
}

/// The words of each statement in capitals, without comments; a quoted text is one word.
fn statements(text: &str) -> Vec<Vec<String>> {
    let mut all = vec![Vec::new()];
    let mut word = String::new();
    let mut letters = text.chars().peekable();
    while let Some(letter) = letters.next() {
        let next = letters.peek().copied();
        match letter {
            '-' if next == Some('-') => while letters.next_if(|letter| *letter != '\n').is_some() {},
            '/' if next == Some('*') => {
                let mut last = ' ';
                for inner in letters.by_ref() {
                    if last == '*' && inner == '/' {
                        break;
                    }
                    last = inner;
                }
                end_word(&mut word, &mut all);
            }
            '\'' => {
                end_word(&mut word, &mut all);
                let inner: String = std::iter::from_fn(|| letters.next_if(|letter| *letter != '\'')).collect();
                letters.next();
                word = format!("'{inner}'");
                end_word(&mut word, &mut all);
            }
            ';' | '\\' => {
                end_word(&mut word, &mut all);
                all.push(Vec::new());
            }
            '(' | ')' | ',' | '"' | '`' => end_word(&mut word, &mut all),
            letter if letter.is_whitespace() => end_word(&mut word, &mut all),
            letter => word.extend(letter.to_uppercase()),
        }
    }
    end_word(&mut word, &mut all);
    all
}

fn end_word(word: &mut String, all: &mut [Vec<String>]) {
    if !word.is_empty() {
        all.last_mut().expect("it begins with one").push(std::mem::take(word));
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn loss(text: &str) -> Option<Loss> {
        loss_in(text).map(|(loss, _)| loss)
    }

    #[test]
    fn statements_that_destroy_are_found_anywhere_in_the_text() {
        assert_eq!(loss("drop  table users"), Some(Loss::Drop));
        assert_eq!(loss("SELECT 1; /* x */ DROP SCHEMA public"), Some(Loss::Drop));
        assert_eq!(loss("ALTER TABLE t DROP COLUMN c"), Some(Loss::Drop));
        assert_eq!(loss("truncate orders, items"), Some(Loss::AllRows));
        assert_eq!(loss("DELETE FROM t"), Some(Loss::AllRows));
        assert_eq!(loss("DELETE FROM t WHERE 1 = 1"), Some(Loss::AllRows));
        assert_eq!(loss("update t set a = 1"), Some(Loss::Overwrite));
    }

    #[test]
    fn statements_that_are_printed_are_found_in_their_quotes() {
        let loss = |text| loss_in_parts(text).map(|(loss, _)| loss);
        assert_eq!(loss("select 'drop table ' || name || ';' from t"), Some(Loss::Drop));
        assert_eq!(loss("{ print \"DELETE FROM \" $1 }"), Some(Loss::AllRows));
        assert_eq!(loss("{ print \"DELETE FROM \" $1 \" WHERE id = 1\" }"), None);
        assert_eq!(loss("select 'x' from dropped"), None);
    }

    #[test]
    fn conditions_comments_and_quoted_text_are_no_loss() {
        for text in [
            "DELETE FROM t WHERE id = 5",
            "SELECT 'DROP TABLE t'",
            "-- DROP TABLE t\nSELECT 1",
            "update t set a = 1 where b = 2",
            "DROP INDEX i",
            "EXPLAIN DELETE FROM t",
            "",
        ] {
            assert_eq!(loss(text), None, "{text}");
        }
    }
}
