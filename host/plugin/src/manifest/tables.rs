//! In the place of a table serde takes a list of its values as well; a manifest says by name what it means.

use toml::{Table, Value};

const TABLES: [&str; 9] = ["capability", "http", "kv", "clock", "jobs", "sessions", "events", "process", "inject"];

/// The first table that is written as a list of its values.
pub(super) fn check(manifest: &Table) -> Result<(), String> {
    check_in("", manifest)
}

fn check_in(outer: &str, table: &Table) -> Result<(), String> {
    // A schema has words of its own.
    let is_ours = |(key, _): &(&String, &Value)| !(outer.is_empty() && key.as_str() == "config");
    for (key, value) in table.iter().filter(is_ours) {
        let is_wrong = TABLES.contains(&key.as_str()) && !value.is_table();
        let is_list_of_tables = matches!((outer, key.as_str()), ("", "secret") | ("http", "allow"));
        let items = value.as_array().filter(|_| is_list_of_tables).map_or(&[][..], Vec::as_slice);
        if is_wrong || !items.iter().all(Value::is_table) {
            return Err(format!("`{key}` is a list of values, and must be written as a table"));
        }
        let inner = value.as_table().into_iter().chain(items.iter().filter_map(Value::as_table));
        inner.into_iter().try_for_each(|table| check_in(key, table))?;
    }
    Ok(())
}
