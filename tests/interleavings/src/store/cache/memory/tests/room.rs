//! The budget of bytes and entries, which holds between any two steps.

use super::*;

/// Each is a step of its own between two of the others'.
const LOOKS: usize = 20;

fn watch(budget: &Budget, limits: Limits) {
    for _ in 0..LOOKS {
        let (bytes, entries) = (budget.bytes(), budget.entries());
        assert!(bytes <= limits.bytes_max, "{bytes} of {} bytes", limits.bytes_max);
        assert!(entries <= limits.entries_max, "{entries} of {} entries", limits.entries_max);
    }
}

fn limited(bytes_max: usize, entries_max: usize) -> Limits {
    Limits { bytes_max, entries_max, ..Limits::default() }
}

/// What is reserved and given back by two at once comes to what is reserved in the end.
#[test]
fn no_more_is_reserved_than_there_is() {
    for limits in [limited(10, 100), limited(100, 2)] {
        explore(move || {
            let budget = Budget::new(limits.bytes_max, limits.entries_max);
            let work = || {
                let mut held = Vec::new();
                for bytes in [4, 3, 5] {
                    if budget.reserve_entry(bytes) {
                        held.push(bytes);
                    } else if let Some(bytes) = held.pop() {
                        budget.release(bytes, 1);
                    }
                }
                if budget.reserve_bytes(2) {
                    budget.release(2, 0);
                }
                for bytes in held {
                    budget.release(bytes, 1);
                }
            };
            together(&[&work, &work, &|| watch(&budget, limits)]);
            assert_eq!((budget.bytes(), budget.entries()), (0, 0));
        });
    }
}

#[test]
fn limits_hold_while_two_shards_evict_for_each_other() {
    const VALUE_BYTES: usize = 100;
    let weight_bytes = ENTRY_OVERHEAD_BYTES + 2 + VALUE_BYTES;
    for limits in [limited(3 * weight_bytes, 100), limited(100 * weight_bytes, 3)] {
        explore(move || {
            let cache = sharded(2, limits, &Clock::manual());
            let keys: [[Bytes; 3]; 2] =
                std::array::from_fn(|shard| keys_of_shard(&cache, shard, "k"));
            let fill = |key: &[u8], bytes: usize| {
                // A writer whose room others take all the time may give up, and says so.
                match settle(cache.put(key, text(&"v".repeat(bytes)), None)) {
                    Ok(()) | Err(CacheError::Unavailable { .. }) => {}
                    Err(other) => panic!("{other}"),
                }
            };
            // All of the room is the second shard's, so that the first finds none in itself.
            keys[1].iter().for_each(|key| fill(key, VALUE_BYTES));
            let first = || {
                fill(&keys[0][0], VALUE_BYTES);
                fill(&keys[0][1], VALUE_BYTES / 2);
                fill(&keys[0][0], VALUE_BYTES + VALUE_BYTES / 4);
            };
            let second = || {
                fill(&keys[1][0], VALUE_BYTES / 4);
                fill(&keys[1][0], VALUE_BYTES);
                settle(cache.remove(&keys[1][1])).expect("it is removed");
                fill(&keys[1][2], VALUE_BYTES);
            };
            let look = || {
                watch(&cache.budget, limits);
                // Whoever holds every lock sees nothing that is half done.
                assert_sound(&cache);
                watch(&cache.budget, limits);
            };
            together(&[&first, &second, &look]);
            look();
            assert!(cache.stats().evictions > 0, "one shard evicted for the other");
        });
    }
}

#[test]
fn a_reader_has_its_value_or_none_while_entries_are_evicted() {
    const VALUE_BYTES: usize = 100;
    let limits = limited(2 * (ENTRY_OVERHEAD_BYTES + 2 + VALUE_BYTES), 100);
    explore(move || {
        let cache = sharded(2, limits, &Clock::manual());
        let held: [Bytes; 2] = keys_of_shard(&cache, 0, "k");
        let [other]: [Bytes; 1] = keys_of_shard(&cache, 1, "k");
        // The one that stays moves into the place of the one that goes.
        store(&cache, &held[0], &"a".repeat(VALUE_BYTES), None);
        store(&cache, &held[1], &"b".repeat(VALUE_BYTES), None);
        let evict = || store(&cache, &other, &"c".repeat(VALUE_BYTES), None);
        let replace = || store(&cache, &held[0], &"d".repeat(VALUE_BYTES), None);
        let read = || {
            for _ in 0..2 {
                for (key, letters) in [(&held[0], "ad"), (&held[1], "b")] {
                    let Some(found) = value(&cache, key) else { continue };
                    let whole = letters
                        .chars()
                        .any(|letter| found == letter.to_string().repeat(VALUE_BYTES));
                    assert!(whole, "{found}");
                }
            }
        };
        together(&[&evict, &replace, &read]);
        assert_sound(&cache);
    });
}
