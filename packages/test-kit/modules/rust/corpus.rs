//! What Rust's compiler and standard library make of ordinary work: every export takes a seed and a size, and answers with
//! a checksum of what it computed.

use std::cell::RefCell;
use std::collections::{BTreeMap, HashMap};
use std::fmt::Write;

thread_local! {
    /// What earlier calls wrote, so that a later one depends on them.
    static JOURNAL: RefCell<String> = RefCell::new(String::new());
}

const JOURNAL_MAX_BYTES: usize = 4096;

/// xorshift32 (Marsaglia, 2003).
struct Random(u32);

impl Random {
    fn new(seed: u32) -> Self {
        Random(seed | 1)
    }

    fn next(&mut self) -> u32 {
        self.0 ^= self.0 << 13;
        self.0 ^= self.0 >> 17;
        self.0 ^= self.0 << 5;
        self.0
    }

    fn below(&mut self, limit: u32) -> u32 {
        self.next() % limit
    }
}

fn fold(sum: u32, value: u32) -> u32 {
    (sum ^ value).wrapping_mul(0x0100_0193).rotate_left(5)
}

#[no_mangle]
pub extern "C" fn sort(seed: u32, size: u32) -> u32 {
    let mut random = Random::new(seed);
    let mut values: Vec<u32> = (0..size).map(|_| random.next()).collect();
    values.sort_unstable();
    let mut pairs: Vec<(u32, String)> = values.iter().map(|value| (value % 100, value.to_string())).collect();
    pairs.sort_by(|a, b| b.0.cmp(&a.0).then_with(|| a.1.cmp(&b.1)));
    values.iter().chain(pairs.iter().map(|(key, _)| key)).fold(size, |sum, &value| fold(sum, value))
}

#[no_mangle]
pub extern "C" fn words(seed: u32, size: u32) -> u32 {
    let mut random = Random::new(seed);
    let mut counts: HashMap<String, u32> = HashMap::new();
    for _ in 0..size {
        let length = 1 + random.below(3);
        let word: String = (0..length).map(|_| char::from(b'a' + random.below(12) as u8)).collect();
        *counts.entry(word).or_insert(0) += 1;
    }
    counts.retain(|_, count| *count % 5 != 0);
    let ordered: BTreeMap<&str, u32> = counts.iter().map(|(word, count)| (word.as_str(), *count)).collect();
    ordered.iter().fold(seed, |sum, (word, count)| word.bytes().fold(fold(sum, *count), |sum, byte| fold(sum, byte.into())))
}

/// Builds text out of numbers of every kind, and keeps the end of it.
#[no_mangle]
pub extern "C" fn text(seed: u32, size: u32) -> u32 {
    let mut random = Random::new(seed);
    JOURNAL.with(|journal| {
        let mut journal = journal.borrow_mut();
        for index in 0..size {
            let value = random.next();
            write!(journal, "{index:>4} {value:08x} {:.3} {:?}; ", f64::from(value) / 7.0, char::from_u32(value % 0x3000)).unwrap();
        }
        let reversed: String = journal.chars().rev().take(JOURNAL_MAX_BYTES / 4).collect();
        *journal = reversed.replace("; ", ";").to_uppercase();
        journal.bytes().fold(seed, |sum, byte| fold(sum, byte.into()))
    })
}

#[no_mangle]
pub extern "C" fn floats(seed: u32, size: u32) -> f64 {
    let mut random = Random::new(seed);
    let mut sum = 0.0f64;
    for _ in 0..size {
        let x = f64::from(random.next()) / f64::from(u32::MAX);
        sum += (x * 3.1).sin() * x.powf(1.7) + (1.0 + x).ln().sqrt() - x.atan2(0.5);
        sum += f64::from(((x * 1e6) as i32 as f32).mul_add(0.25, 3.0)).floor().rem_euclid(11.0);
    }
    sum
}

trait Node {
    fn total(&self, depth: u64) -> u64;
}

struct Leaf(u32);
struct Branch(Vec<Box<dyn Node>>);

impl Node for Leaf {
    fn total(&self, depth: u64) -> u64 {
        u64::from(self.0) * depth
    }
}

impl Node for Branch {
    fn total(&self, depth: u64) -> u64 {
        self.0.iter().fold(depth, |sum, child| sum.rotate_left(7) ^ child.total(depth + 1))
    }
}

fn grow(random: &mut Random, depth: u32) -> Box<dyn Node> {
    if depth == 0 || random.below(8) == 0 {
        return Box::new(Leaf(random.next()));
    }
    let children = 1 + random.below(3);
    Box::new(Branch((0..children).map(|_| grow(random, depth - 1)).collect()))
}

/// Builds a tree by recursion, asks it for its total through virtual calls, and gives it back.
#[no_mangle]
pub extern "C" fn tree(seed: u32, size: u32) -> u64 {
    grow(&mut Random::new(seed), size.min(12)).total(1)
}

/// Panics in the ways that ordinary mistakes do, each of which ends in a trap; one in five returns.
#[no_mangle]
pub extern "C" fn fail(seed: u32, size: u32) -> u32 {
    let values: Vec<u32> = (0..size).collect();
    match seed % 5 {
        0 => values[size as usize],
        1 => size / values.iter().filter(|&&value| value > size).count() as u32,
        2 => values.iter().find(|&&value| value > size).copied().unwrap(),
        3 => "nonsense".parse::<u32>().expect("a number"),
        _ => values.len() as u32,
    }
}

/// A plugin's entry: takes nothing, and answers with a checksum of everything above.
#[no_mangle]
pub extern "C" fn run() -> u32 {
    let sums = [sort(1, 100), words(2, 100), text(3, 20), floats(4, 50) as u32, tree(5, 6) as u32];
    sums.iter().fold(0, |sum, &value| fold(sum, value))
}
