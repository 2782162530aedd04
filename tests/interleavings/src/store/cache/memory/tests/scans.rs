//! Listings and purges, which let go of the locks between their steps.

use std::collections::BTreeSet;
use std::sync::Mutex;

use super::*;

/// What removes all keys `P__...` and says how many.
type Purge = fn(&MemoryCache) -> usize;

const PURGES: [Purge; 2] = [
    |cache| settle(cache.purge(b"P")).expect("it is purged"),
    |cache| settle(cache.remove_prefix(b"P__")).expect("they are removed"),
];

#[test]
fn a_replaced_entry_is_there_once_for_a_purge_and_a_listing() {
    for purge in PURGES {
        explore(move || {
            let cache = sharded(2, Limits::default(), &Clock::manual());
            let (mut meant, mut others) = (Vec::new(), Vec::new());
            for shard in 0..2 {
                let [one]: [Bytes; 1] = keys_of_shard(&cache, shard, "P__");
                let [first, last]: [Bytes; 2] = keys_of_shard(&cache, shard, "Q");
                // The last one moves into the place of the one that goes.
                for key in [&one, &first, &last] {
                    store(&cache, key, "old", None);
                }
                meant.push(one);
                others.extend([first, last]);
            }
            let removed = Mutex::new(0);
            let replace = || {
                store(&cache, &meant[0], "new", None);
                assert_ne!(value(&cache, &meant[0]).as_deref(), Some("old"));
            };
            let purge = || *removed.lock().expect("nobody failed") = purge(&cache);
            let list = || {
                let (mut listed, mut from) = (BTreeSet::new(), None);
                loop {
                    let page = settle(cache.keys(b"", from, 1)).expect("it is listed");
                    listed.extend(page.keys);
                    from = page.next;
                    if from.is_none() {
                        break;
                    }
                }
                assert!(others.iter().all(|key| listed.contains(key)), "{listed:?}");
                let known = |key: &Bytes| others.contains(key) || meant.contains(key);
                assert!(listed.iter().all(known), "{listed:?}");
            };
            together(&[&replace, &purge, &list]);

            assert_eq!(removed.into_inner().expect("nobody failed"), 2);
            assert_eq!(value(&cache, &meant[1]), None);
            let left = value(&cache, &meant[0]);
            assert!(left.is_none() || left.as_deref() == Some("new"), "{left:?}");
            for key in &others {
                assert_eq!(value(&cache, key).as_deref(), Some("old"));
            }
            assert_sound(&cache);
        });
    }
}
