//! Tables, for a screen as wide as a hand.

use super::{Mark, Text};

/// In characters: what a phone shows in one line of a fence.
const NARROW: usize = 42;

/// A table whose cells are plain text, the first row being its head.
#[derive(Debug, Default)]
pub(super) struct Table {
    pub(super) rows: Vec<Vec<String>>,
}

impl Table {
    /// A narrow table stays one, in a fence; of a wide one each row becomes a few lines.
    pub(super) fn write(&self, text: &mut Text, marks: &[Mark]) {
        let widths = self.widths();
        let whole: usize = widths.iter().map(|width| width + 3).sum();
        if whole <= NARROW + 3 { self.write_grid(text, marks, &widths) } else { self.write_records(text, marks) }
    }

    fn widths(&self) -> Vec<usize> {
        let columns = self.rows.first().map_or(0, Vec::len);
        let width =
            |column: usize| self.rows.iter().filter_map(|row| row.get(column)).map(|cell| cell.chars().count()).max();
        (0..columns).map(|column| width(column).unwrap_or(0)).collect()
    }

    fn write_grid(&self, text: &mut Text, marks: &[Mark], widths: &[usize]) {
        let mut lines = Vec::new();
        for (index, row) in self.rows.iter().enumerate() {
            let cells = row.iter().zip(widths).map(|(cell, width)| format!("{cell:<width$}"));
            lines.push(cells.collect::<Vec<_>>().join(" │ ").trim_end().to_owned());
            if index == 0 {
                let rules: Vec<String> = widths.iter().map(|width| "─".repeat(*width)).collect();
                lines.push(rules.join("─┼─"));
            }
        }
        let mut marks = marks.to_vec();
        marks.push(Mark::Pre("".into()));
        text.push(&lines.join("\n"), &marks);
    }

    fn write_records(&self, text: &mut Text, marks: &[Mark]) {
        let Some((head, rows)) = self.rows.split_first() else { return };
        let bold = [marks, &[Mark::Bold]].concat();
        if rows.is_empty() {
            text.push(&head.join(" · "), &bold);
        }
        for (index, row) in rows.iter().enumerate() {
            if index > 0 {
                text.push("\n\n", marks);
            }
            for (column, cell) in row.iter().enumerate().filter(|(column, cell)| *column == 0 || !cell.is_empty()) {
                if column > 0 {
                    text.push("\n", marks);
                    text.push(head.get(column).map_or("", String::as_str), marks);
                    text.push(": ", marks);
                }
                text.push(cell, if column == 0 { &bold } else { marks });
            }
        }
    }
}
