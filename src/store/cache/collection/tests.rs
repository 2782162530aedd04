use proptest::prelude::{Strategy, any, prop_oneof};
use proptest::test_runner::{Config, TestRunner};

use super::tree::{Tree, Weighed};
use super::*;

impl Weighed for u32 {
    fn weight_bytes(&self) -> usize {
        usize::try_from(self % 7).expect("it is small")
    }
}

/// A change of a sequence; positions are taken by its length.
#[derive(Clone, Debug)]
enum Change {
    Insert(usize, u32),
    Append(u16),
    Prepend(u16),
    Remove(usize),
    Replace(usize, u32),
    RemoveRanges(Vec<usize>),
    RemoveFront(usize),
    /// Goes on with what was when it was last kept.
    GoBack,
    Keep,
}

fn change() -> impl Strategy<Value = Change> {
    prop_oneof![
        6 => (any::<usize>(), any::<u32>()).prop_map(|(at, item)| Change::Insert(at, item)),
        2 => (0_u16..300).prop_map(Change::Append),
        2 => (0_u16..300).prop_map(Change::Prepend),
        6 => any::<usize>().prop_map(Change::Remove),
        2 => (any::<usize>(), any::<u32>()).prop_map(|(at, item)| Change::Replace(at, item)),
        2 => proptest::collection::vec(any::<usize>(), 0..8).prop_map(Change::RemoveRanges),
        1 => any::<usize>().prop_map(Change::RemoveFront),
        1 => proptest::strategy::Just(Change::GoBack),
        2 => proptest::strategy::Just(Change::Keep),
    ]
}

fn at(position: usize, len: usize) -> usize {
    position % len.max(1)
}

fn step(tree: &mut Tree<u32>, model: &mut Vec<u32>, change: &Change) {
    let len = model.len();
    match change {
        Change::Insert(position, item) => {
            tree.insert(position % (len + 1), *item);
            model.insert(position % (len + 1), *item);
        }
        Change::Append(count) => {
            for item in 0..u32::from(*count) {
                tree.push(item);
                model.push(item);
            }
        }
        Change::Prepend(count) => {
            for item in 0..u32::from(*count) {
                tree.insert(0, item);
            }
            model.splice(0..0, (0..u32::from(*count)).rev());
        }
        Change::Remove(position) => {
            let position = at(*position, len);
            assert_eq!(tree.remove(position), (len > 0).then(|| model.remove(position)));
        }
        Change::Replace(position, item) => {
            tree.replace(at(*position, len), *item);
            if let Some(there) = model.get_mut(at(*position, len)) {
                *there = *item;
            }
        }
        Change::RemoveRanges(ends) => {
            let mut ends: Vec<_> = ends.iter().map(|end| at(*end, len)).collect();
            ends.sort_unstable();
            let ranges: Vec<_> = ends.chunks_exact(2).map(|pair| pair[0]..pair[1]).collect();
            tree.remove_ranges(&ranges);
            for range in ranges.into_iter().rev() {
                model.drain(range);
            }
        }
        Change::RemoveFront(position) => {
            for _ in 0..at(*position, len) {
                tree.remove(0);
            }
            model.drain(..at(*position, len));
        }
        Change::GoBack | Change::Keep => {}
    }
}

#[test]
fn a_tree_agrees_with_a_vector() {
    let mut runner = TestRunner::new(Config { cases: 300, ..Config::default() });
    let outcome = runner.run(&proptest::collection::vec(change(), 1..60), |changes| {
        let (mut tree, mut model) = (Tree::default(), Vec::new());
        let mut kept = (tree.clone(), model.clone());
        for change in &changes {
            match change {
                Change::Keep => kept = (tree.clone(), model.clone()),
                Change::GoBack => (tree, model) = kept.clone(),
                _ => step(&mut tree, &mut model, change),
            }
            tree.assert_sound();
            assert!(tree.iter().eq(&model), "{change:?}");
            let weight: usize = model.iter().map(Weighed::weight_bytes).sum();
            assert_eq!((tree.len(), tree.weight_bytes()), (model.len(), weight), "{change:?}");
        }
        assert!(kept.0.iter().eq(&kept.1), "what was kept is as it was");
        let (start, end) = (model.len() / 3, model.len() / 2);
        assert!(tree.range(start..end).eq(&model[start..end]));
        assert_eq!(tree.get(start), model.get(start));
        assert_eq!(tree.get(model.len()), None);
        assert!(model.iter().copied().collect::<Tree<u32>>() == tree);
        Ok(())
    });
    outcome.unwrap_or_else(|failure| panic!("{failure}"));
}

#[test]
fn a_place_is_found_by_order() {
    for len in [0_u32, 1, 31, 32, 33, 1000, 40_000] {
        let tree: Tree<u32> = (0..len).map(|item| item * 2).collect();
        tree.assert_sound();
        for sought in [0, 1, 2, len, 2 * len, 2 * len + 1] {
            let expected = usize::try_from(sought.div_ceil(2).min(len)).expect("it is small");
            assert_eq!(tree.partition_point(|item| *item < sought), expected, "{sought} of {len}");
        }
    }
}

/// In the order of their numbers.
fn element(number: u32) -> Element {
    Element::from(format!("{number:05}").into_bytes())
}

#[test]
fn a_block_is_rounded_up_as_the_allocator_does() {
    for (bytes, taken_bytes) in [
        (16, 16),
        (17, 32),
        (64, 64),
        (65, 80),
        (128, 128),
        (129, 160),
        (256, 256),
        (257, 320),
        (1025, 1280),
        (16_385, 20_480),
        (100_000, 102_400),
        (1_000_000, 1_003_520),
        (usize::MAX, usize::MAX),
    ] {
        assert_eq!(block_bytes(bytes), taken_bytes, "{bytes}");
    }
}

/// Every element counts at least as much as it takes, whatever the order of writes.
#[test]
fn no_element_takes_more_than_it_counts() {
    // Numbers that go through 0..n out of order.
    let scattered = |n: u32| (0..n).map(move |i| i.wrapping_mul(7919) % n);
    for n in [1_u32, 10, 100, 10_000] {
        // Each before or behind the same items, which fill a leaf of their own.
        let back = n.saturating_sub(32)..n;
        let front = 0..n.min(32);
        let orders: [Vec<u32>; 5] = [
            (0..n).collect(),
            (0..n).rev().collect(),
            scattered(n).collect(),
            back.clone().chain(0..back.start).collect(),
            front.clone().chain((front.end..n).rev()).collect(),
        ];
        for order in orders {
            let mut tree: Tree<Element> = Tree::default();
            for number in &order {
                // As one write after another does it, each while a reader holds the last.
                let held = tree.clone();
                let at = tree.partition_point(|found| **found < *element(*number));
                tree.insert(at, element(*number));
                drop(held);
            }
            check_weight(&tree);
            for at in 0..tree.len() * 2 / 3 {
                let held = tree.clone();
                tree.remove(at * 31 % tree.len());
                drop(held);
                if at % 1000 == 0 {
                    check_weight(&tree);
                }
            }
            check_weight(&tree);
        }
    }
}

#[track_caller]
fn check_weight(tree: &Tree<Element>) {
    let elements_bytes: usize =
        tree.iter().map(|element| (element.len() + COUNTS_BYTES).next_multiple_of(16)).sum();
    let held_bytes = tree.assert_sound() + elements_bytes;
    let weight_bytes = tree.weight_bytes() + COLLECTION_OVERHEAD_BYTES;
    assert!(held_bytes <= weight_bytes, "{held_bytes} of {weight_bytes}, {} long", tree.len());
}
