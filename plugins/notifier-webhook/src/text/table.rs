//! Tables, which most services do not know: a narrow one becomes a grid in a fence, a wide one a line for each row.

use super::{Block, Mark, Run, Shape};

/// In characters: what a chat shows in one line of a fence.
const WIDEST: usize = 60;

/// Rows of cells, the first being the head.
#[derive(Debug, Default)]
pub(super) struct Table {
    pub(super) rows: Vec<Vec<String>>,
}

impl Table {
    pub(super) fn blocks(&self) -> Vec<Block> {
        let widths = self.widths();
        if widths.iter().map(|width| width + 3).sum::<usize>() <= WIDEST + 3 {
            let text = self.grid(&widths);
            let runs = vec![Run { text, marks: Vec::new() }];
            return vec![Block { shape: Shape::Fence("".into()), ..Block::paragraph(runs) }];
        }
        self.rows.iter().enumerate().map(|(index, row)| line(index, row)).collect()
    }

    fn widths(&self) -> Vec<usize> {
        let columns = self.rows.iter().map(Vec::len).max().unwrap_or(0);
        let width =
            |column: usize| self.rows.iter().filter_map(|row| row.get(column)).map(|cell| cell.chars().count()).max();
        (0..columns).map(|column| width(column).unwrap_or(0)).collect()
    }

    fn grid(&self, widths: &[usize]) -> String {
        let mut lines = Vec::new();
        for (index, row) in self.rows.iter().enumerate() {
            let cells = row.iter().zip(widths).map(|(cell, width)| format!("{cell:<width$}"));
            lines.push(cells.collect::<Vec<_>>().join(" │ ").trim_end().to_owned());
            if index == 0 {
                lines.push(widths.iter().map(|width| "─".repeat(*width)).collect::<Vec<_>>().join("─┼─"));
            }
        }
        lines.join("\n")
    }
}

/// The head in bold.
fn line(index: usize, row: &[String]) -> Block {
    let marks = if index == 0 { vec![Mark::Bold] } else { Vec::new() };
    Block { is_close: index > 0, ..Block::paragraph(vec![Run { text: row.join(" · "), marks }]) }
}
