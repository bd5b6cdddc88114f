//! The first pass: where in a text might something begin? It reads each byte once and forgets nearly all of them.
//!
//! Every rule names its anchors, texts that no find is without. The first and the second three bytes of each are
//! folded to small letters and hashed into one table when this is compiled, so that a fresh instance has nothing to
//! prepare, and looking at every other place of a text misses none of them.

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

/// An anchor as it is compared: its first four bytes, folded, of which those that are known count.
#[derive(Clone, Copy)]
struct Entry {
    four: u32,
    mask: u32,
    place: Place,
}

/// 16 KiB: small enough for the nearest cache, large enough that few texts hash to an anchor by chance.
const BITS: u32 = 17;
const WORDS: usize = 1 << (BITS - 6);

/// One bit for each hash: whether an anchor may have three bytes of it at its beginning, or one further.
static TABLE: [u64; WORDS] = tables().0;
/// The same for the first four bytes, which tells most chance hits from anchors.
static FOURS: [u64; WORDS] = tables().1;
/// For each byte, where in `ENTRIES` the anchors stand that begin with it.
static STARTS: [u16; 257] = starts();
static ENTRIES: [Entry; count()] = entries();

/// Small letters and capital ones look alike; so do a few signs, which the anchor itself tells apart.
const fn fold(byte: u8) -> u8 {
    byte | 0x20
}

const fn fold_all(four: u32) -> u32 {
    four | 0x2020_2020
}

/// The word of the table and the bit in it, for the first three of folded bytes.
const fn hash_three(folded: u32) -> (usize, u32) {
    hash(folded << 8)
}

/// The same for all four.
const fn hash(folded: u32) -> (usize, u32) {
    let hash = folded.wrapping_mul(0x9e37_79b1) >> (32 - BITS);
    ((hash >> 6) as usize, hash & 63)
}

/// Calls `visit` with each place at which an anchor stands, and its rule.
pub(crate) fn each(text: &[u8], mut visit: impl FnMut(usize, &'static Rule)) {
    let mut at = 0;
    // One reading of eight bytes serves three places.
    while let Some(eight) = text[at..].first_chunk::<8>() {
        let eight = u64::from_le_bytes(*eight) | 0x2020_2020_2020_2020;
        let bits = [may_begin(eight), may_begin(eight >> 16), may_begin(eight >> 32)];
        if (bits[0] | bits[1] | bits[2]) & 1 == 1 {
            for (step, bit) in bits.into_iter().enumerate() {
                if bit & 1 == 1 {
                    at_places(text, at + 2 * step, &mut visit);
                }
            }
        }
        at += 6;
    }
    for place in at.saturating_sub(1)..text.len() {
        at_place(text, place, &mut visit);
    }
}

/// In the lowest bit, whether an anchor may begin with these bytes or one byte before.
fn may_begin(folded: u64) -> u64 {
    let (word, bit) = hash_three(folded as u32);
    TABLE[word] >> bit
}

fn at_places(text: &[u8], at: usize, visit: &mut impl FnMut(usize, &'static Rule)) {
    if at > 0 {
        at_place(text, at - 1, visit);
    }
    at_place(text, at, visit);
}

fn at_place(text: &[u8], at: usize, visit: &mut impl FnMut(usize, &'static Rule)) {
    let Some(four) = text[at..].first_chunk::<4>() else { return };
    let four = fold_all(u32::from_le_bytes(*four));
    let (word, bit) = hash(four);
    if FOURS[word] >> bit & 1 == 1 {
        compare(text, at, four, visit);
    }
}

#[inline(never)]
fn compare(text: &[u8], at: usize, four: u32, visit: &mut impl FnMut(usize, &'static Rule)) {
    let first = (four & 0xff) as usize;
    let (from, to) = (usize::from(STARTS[first]), usize::from(STARTS[first + 1]));
    for entry in &ENTRIES[from..to] {
        let rule = rule(entry.place);
        if four & entry.mask == entry.four && rule.anchors.stand_at(text, at, entry.place.2) {
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

/// What is known of the first four bytes of an anchor: the bytes, and how many.
const fn known(place: Place) -> (u32, usize) {
    let anchor = text(place);
    let mut known = 0;
    let mut at = 0;
    while at < anchor.len() && at < 4 {
        known |= (fold(anchor[at]) as u32) << (8 * at);
        at += 1;
    }
    (known, at)
}

type Table = [u64; WORDS];

/// `TABLE` and `FOURS`. Shorter anchors are entered with everything that may follow.
const fn tables() -> (Table, Table) {
    let mut tables = ([0; WORDS], [0; WORDS]);
    let mut number = 0;
    while number < ENTRIES.len() {
        let place = ENTRIES[number].place;
        let (bytes, length) = known(place);
        enter(&mut tables, bytes, length, rule(place).anchors.then);
        number += 1;
    }
    tables
}

/// `known` are the first `length` bytes; the others are each of what `then` allows.
const fn enter(tables: &mut (Table, Table), known: u32, length: usize, then: &[Class]) {
    if length == 4 {
        let folded = fold_all(known);
        mark(&mut tables.0, hash_three(folded));
        mark(&mut tables.0, hash_three(folded >> 8));
        mark(&mut tables.1, hash(folded));
        return;
    }
    let Some((next, others)) = then.split_first() else {
        panic!("an anchor of less than four bytes says what follows");
    };
    let mut byte = 0;
    while byte < 128 {
        if next.has(byte) {
            enter(tables, known | (byte as u32) << (8 * length), length + 1, others);
        }
        byte += 1;
    }
}

const fn mark(table: &mut Table, (word, bit): (usize, u32)) {
    table[word] |= 1 << bit;
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
const fn entries() -> [Entry; count()] {
    let mut entries = [Entry { four: 0, mask: 0, place: (0, 0, 0) }; count()];
    let mut free = STARTS;
    let mut next = Some((0, 0, 0));
    while let Some(place) = next {
        let first = fold(text(place)[0]) as usize;
        let (four, length) = known(place);
        let mask = if length == 4 { u32::MAX } else { (1 << (8 * length)) - 1 };
        entries[free[first] as usize] = Entry { four, mask, place };
        free[first] += 1;
        next = after(place);
    }
    entries
}
