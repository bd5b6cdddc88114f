//! The first pass: where in a text might something begin? It reads each byte once and forgets nearly all of them.
//!
//! Every rule names its anchors, texts that no find is without. Four bytes of each are folded to small letters and
//! hashed into one table when this is compiled, so that a fresh instance has nothing to prepare.

use crate::class::Class;
use crate::rules::{GROUPS, Rule};

/// What the finds of a rule begin with.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Anchors {
    pub texts: &'static [&'static str],
    /// What follows a text of less than four bytes, byte by byte up to the fourth.
    pub then: &'static [Class],
    pub any_case: bool,
}

/// One text of one rule of one group.
type Place = (u8, u8, u8);

const BITS: u32 = 14;
const SIZE: usize = 1 << BITS;

/// Whether an anchor may begin with four bytes of this hash.
static TABLE: [bool; SIZE] = table();
/// For each byte, where in `ORDER` the anchors stand that begin with it.
static STARTS: [u16; 257] = starts();
static ORDER: [Place; count()] = order();

/// Small letters and capital ones look alike; so do a few signs, which the anchor itself tells apart.
const fn fold(byte: u8) -> u8 {
    byte | 0x20
}

const fn hash(four: u32) -> usize {
    ((four | 0x2020_2020).wrapping_mul(0x9e37_79b1) >> (32 - BITS)) as usize
}

/// Calls `visit` with each place at which an anchor stands, and its rule.
pub(crate) fn each(text: &[u8], mut visit: impl FnMut(usize, &'static Rule)) {
    for (at, four) in text.windows(4).enumerate() {
        let four = u32::from_le_bytes([four[0], four[1], four[2], four[3]]);
        if TABLE[hash(four)] {
            at_place(text, at, &mut visit);
        }
    }
}

#[inline(never)]
fn at_place(text: &[u8], at: usize, visit: &mut impl FnMut(usize, &'static Rule)) {
    let first = usize::from(fold(text[at]));
    let (from, to) = (usize::from(STARTS[first]), usize::from(STARTS[first + 1]));
    for &place in &ORDER[from..to] {
        let rule = rule(place);
        if rule.anchors.stand_at(text, at, place.2) {
            visit(at, rule);
        }
    }
}

const fn rule(place: Place) -> &'static Rule {
    &GROUPS[place.0 as usize][place.1 as usize]
}

const fn text(place: Place) -> &'static [u8] {
    rule(place).anchors.texts[place.2 as usize].as_bytes()
}

impl Anchors {
    fn stand_at(&self, text: &[u8], at: usize, index: u8) -> bool {
        let anchor = self.texts[usize::from(index)].as_bytes();
        let Some(there) = text.get(at..at + anchor.len()) else { return false };
        let is_same = if self.any_case { there.eq_ignore_ascii_case(anchor) } else { there == anchor };
        let missing = 4_usize.saturating_sub(anchor.len());
        is_same && (0..missing).all(|step| self.then[step].has(text[at + anchor.len() + step]))
    }
}

/// Shorter anchors are entered with everything that may follow.
const fn table() -> [bool; SIZE] {
    let mut table = [false; SIZE];
    let mut number = 0;
    while number < ORDER.len() {
        let anchor = text(ORDER[number]);
        let mut known = 0;
        let mut at = 0;
        while at < anchor.len() && at < 4 {
            known |= (anchor[at] as u32) << (8 * at);
            at += 1;
        }
        enter(&mut table, known, at, rule(ORDER[number]).anchors.then);
        number += 1;
    }
    table
}

/// `known` are the first `length` bytes; the others are each of what `then` allows.
const fn enter(table: &mut [bool; SIZE], known: u32, length: usize, then: &[Class]) {
    if length == 4 {
        table[hash(known)] = true;
        return;
    }
    let Some((next, others)) = then.split_first() else {
        panic!("an anchor of less than four bytes says what follows");
    };
    let mut byte = 0;
    while byte < 128 {
        if next.has(byte) {
            enter(table, known | (byte as u32) << (8 * length), length + 1, others);
        }
        byte += 1;
    }
}

/// The place behind `place`, in the order in which rules are written.
const fn after(place: Place) -> Option<Place> {
    let (group, index, anchor) = place;
    if anchor as usize + 1 < rule(place).anchors.texts.len() {
        Some((group, index, anchor + 1))
    } else if index as usize + 1 < GROUPS[group as usize].len() {
        Some((group, index + 1, 0))
    } else if group as usize + 1 < GROUPS.len() {
        Some((group + 1, 0, 0))
    } else {
        None
    }
}

const fn count() -> usize {
    let mut count = 1;
    let mut place = (0, 0, 0);
    while let Some(next) = after(place) {
        count += 1;
        place = next;
    }
    count
}

const fn starts() -> [u16; 257] {
    let mut starts = [0; 257];
    let mut next = Some((0, 0, 0));
    while let Some(place) = next {
        starts[fold(text(place)[0]) as usize + 1] += 1;
        next = after(place);
    }
    let mut byte = 0;
    while byte < 256 {
        starts[byte + 1] += starts[byte];
        byte += 1;
    }
    starts
}

/// All anchors, sorted by their first byte.
const fn order() -> [Place; count()] {
    let mut order = [(0, 0, 0); count()];
    let mut free = STARTS;
    let mut next = Some((0, 0, 0));
    while let Some(place) = next {
        let first = fold(text(place)[0]) as usize;
        order[free[first] as usize] = place;
        free[first] += 1;
        next = after(place);
    }
    order
}
