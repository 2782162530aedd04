//! Where a shard finds its entries: by hash and key, or by hash and the number of their slot.
//!
//! A lookup reads the entry's line and its body, and no more. The lines stand in segments of a
//! bounded size, one of which is split or merged as the shard grows or shrinks (Litwin, "Linear
//! hashing", VLDB 1980), so that no write waits for the whole table to be moved. Within its
//! segment an entry stands in the first line with a free place from its own on, and each full
//! line counts those that went past it (as in Bronson and Shi, "F14", 2019), which tells a
//! lookup where to stop.

use super::body::Body;

/// Entries in a line.
const WAYS: usize = 5;
const TAG_BITS: u32 = 5;
const TAG_MASK: u32 = (1 << TAG_BITS) - 1;
/// One entry that went past a line, in its state.
const PASSED: u32 = 1 << (TAG_BITS * WAYS as u32);
/// Once so many have, the line counts no more.
const PASSED_MAX: u32 = u32::MAX / PASSED;

/// Entries of a segment on the average, when there are as many segments as that makes.
const SEGMENT_ENTRIES: usize = 192;
/// Lines that a segment with an entry keeps, once it has had them.
const LINES_KEPT: usize = 2;

/// One cache line.
#[derive(Debug, Default)]
#[repr(align(64))]
struct Line {
    /// A few bits of each entry's hash; above them, how many went past.
    state: u32,
    /// The numbers of the slots.
    at: [u32; WAYS],
    bodies: [Option<Body>; WAYS],
}

impl Line {
    fn tag(&self, way: usize) -> u32 {
        self.state >> (TAG_BITS * way as u32) & TAG_MASK
    }

    fn was_passed(&self) -> bool {
        self.state >= PASSED
    }

    fn count_passed(&mut self) {
        if self.state / PASSED < PASSED_MAX {
            self.state += PASSED;
        }
    }

    fn forget_passed(&mut self) {
        if (1..PASSED_MAX).contains(&(self.state / PASSED)) {
            self.state -= PASSED;
        }
    }

    fn set(&mut self, way: usize, tag: u32, at: u32, body: Body) {
        let shift = TAG_BITS * way as u32;
        self.state = self.state & !(TAG_MASK << shift) | tag << shift;
        self.at[way] = at;
        self.bodies[way] = Some(body);
    }
}

#[derive(Clone, Copy, Debug)]
struct Place {
    line: usize,
    way: usize,
}

#[derive(Debug, Default)]
struct Segment {
    lines: Box<[Line]>,
    len: usize,
}

impl Segment {
    /// Where it is, the number of its slot, and its body.
    fn find(&self, hash: u64, is_it: impl Fn(u32, &Body) -> bool) -> Option<(Place, u32, &Body)> {
        let mut line = self.home(hash);
        for _ in 0..self.lines.len() {
            let it = self.lines.get(line)?;
            for way in 0..WAYS {
                if it.tag(way) == tag(hash)
                    && let Some(body) = &it.bodies[way]
                    && is_it(it.at[way], body)
                {
                    return Some((Place { line, way }, it.at[way], body));
                }
            }
            if !it.was_passed() {
                return None;
            }
            line = self.after(line);
        }
        None
    }

    fn find_slot(&self, hash: u64, at: u32) -> Option<Place> {
        self.find(hash, |other, _| other == at).map(|(place, ..)| place)
    }

    fn insert(&mut self, hash: u64, at: u32, body: Body, hash_of: impl Fn(u32) -> u64) {
        if self.lines.len() < lines_min(self.len + 1) {
            self.resize(lines_next(self.lines.len()), hash_of);
        }
        self.put(hash, at, body);
    }

    /// There is a free place.
    fn put(&mut self, hash: u64, at: u32, body: Body) {
        let mut line = self.home(hash);
        loop {
            let it = &mut self.lines[line];
            if let Some(way) = it.bodies.iter().position(Option::is_none) {
                it.set(way, tag(hash), at, body);
                self.len += 1;
                return;
            }
            it.count_passed();
            line = self.after(line);
        }
    }

    fn remove(&mut self, hash: u64, at: u32, hash_of: impl Fn(u32) -> u64) -> Option<Body> {
        let place = self.find_slot(hash, at)?;
        let body = self.lines[place.line].bodies[place.way].take();
        let mut line = self.home(hash);
        while line != place.line {
            self.lines[line].forget_passed();
            line = self.after(line);
        }
        self.len -= 1;
        let lines = lines_fit(self.len);
        if lines == 0 || (lines <= self.lines.len() / 2 && self.lines.len() > LINES_KEPT) {
            self.resize(lines, hash_of);
        }
        body
    }

    /// To so many lines, which are enough.
    fn resize(&mut self, lines: usize, hash_of: impl Fn(u32) -> u64) {
        let entries = hashed(self.drain(), hash_of);
        self.refill(lines, entries);
    }

    /// With these instead of what it has.
    fn refill(&mut self, lines: usize, entries: impl IntoIterator<Item = Hashed>) {
        self.len = 0;
        self.lines = (0..lines).map(|_| Line::default()).collect();
        entries.into_iter().for_each(|(hash, at, body)| self.put(hash, at, body));
    }

    fn drain(&mut self) -> impl Iterator<Item = (u32, Body)> + use<> {
        self.len = 0;
        let lines = std::mem::take(&mut self.lines);
        lines.into_iter().flat_map(|line| {
            line.at.into_iter().zip(line.bodies).filter_map(|(at, body)| Some((at, body?)))
        })
    }

    fn home(&self, hash: u64) -> usize {
        // Below the number of lines, since the hash's upper half is below one.
        (((hash >> 32) * self.lines.len() as u64) >> 32) as usize
    }

    fn after(&self, line: usize) -> usize {
        if line + 1 < self.lines.len() { line + 1 } else { 0 }
    }
}

#[derive(Debug, Default)]
pub(super) struct Index {
    segments: Vec<Segment>,
    len: usize,
}

impl Index {
    /// The number of the slot, and the body.
    pub(super) fn find(&self, hash: u64, key: &[u8]) -> Option<(u32, &Body)> {
        let segment = self.segments.get(self.segment(hash))?;
        segment.find(hash, |_, body| body.key() == key).map(|(_, at, body)| (at, body))
    }

    /// The body of slot `at`, whose hash is `hash`.
    pub(super) fn body(&self, hash: u64, at: u32) -> Option<&Body> {
        let segment = self.segments.get(self.segment(hash))?;
        segment.find(hash, |other, _| other == at).map(|(_, _, body)| body)
    }

    /// Puts another body, of the same key, in the place of the one of slot `at`.
    pub(super) fn replace(&mut self, hash: u64, at: u32, body: Body) {
        if let Some((segment, Place { line, way })) = self.find_mut(hash, at) {
            segment.lines[line].bodies[way] = Some(body);
        }
    }

    /// Slot `from`, whose body this is, is about to be numbered `to`.
    pub(super) fn renumber(&mut self, hash: u64, from: u32, to: u32) -> Option<&Body> {
        let (segment, Place { line, way }) = self.find_mut(hash, from)?;
        let line = &mut segment.lines[line];
        line.at[way] = to;
        line.bodies[way].as_ref()
    }

    /// `hash_of` says the hashes of all slots that are in, and of this one.
    pub(super) fn insert(
        &mut self,
        hash: u64,
        at: u32,
        body: Body,
        hash_of: impl Fn(u32) -> u64 + Copy,
    ) {
        self.len += 1;
        if self.len > self.segments.len() * SEGMENT_ENTRIES {
            self.split(hash_of);
        }
        let segment = self.segment(hash);
        if let Some(segment) = self.segments.get_mut(segment) {
            segment.insert(hash, at, body, hash_of);
        }
    }

    /// As for [`Index::insert`].
    pub(super) fn remove(
        &mut self,
        hash: u64,
        at: u32,
        hash_of: impl Fn(u32) -> u64 + Copy,
    ) -> Option<Body> {
        let segment = self.segment(hash);
        let body = self.segments.get_mut(segment)?.remove(hash, at, hash_of)?;
        self.len -= 1;
        if self.segments.len() > 1 && self.len < (self.segments.len() - 1) * SEGMENT_ENTRIES / 2 {
            self.merge(hash_of);
        }
        Some(body)
    }

    /// Gives back what is reserved for more segments.
    pub(super) fn shrink(&mut self) {
        self.segments.shrink_to_fit();
    }

    fn find_mut(&mut self, hash: u64, at: u32) -> Option<(&mut Segment, Place)> {
        let segment = self.segment(hash);
        let segment = self.segments.get_mut(segment)?;
        let place = segment.find_slot(hash, at)?;
        Some((segment, place))
    }

    /// One more segment, which takes its entries from one of the others.
    fn split(&mut self, hash_of: impl Fn(u32) -> u64 + Copy) {
        let new = self.segments.len();
        self.segments.push(Segment::default());
        let Some(old) = self.segments.get_mut(parent(new)).filter(|_| new > 0) else { return };
        let entries = hashed(old.drain(), hash_of).into_iter();
        let (go, stay): (Vec<_>, Vec<_>) =
            entries.partition(|(hash, ..)| self.segment(*hash) == new);
        for (segment, entries) in [(new, go), (parent(new), stay)] {
            self.segments[segment].refill(lines_fit(entries.len()), entries);
        }
    }

    /// One segment less, whose entries go back to where they came from.
    fn merge(&mut self, hash_of: impl Fn(u32) -> u64 + Copy) {
        let Some(mut last) = self.segments.pop() else { return };
        let parent = parent(self.segments.len());
        let Some(segment) = self.segments.get_mut(parent) else { return };
        let entries = hashed(segment.drain().chain(last.drain()), hash_of);
        segment.refill(lines_fit(entries.len()), entries);
    }

    /// By the lowest bits of the hash, one bit less for those that are not split yet.
    fn segment(&self, hash: u64) -> usize {
        let segments = self.segments.len();
        let wide = segments.next_power_of_two();
        let segment = hash as usize & (wide - 1);
        if segment < segments { segment } else { segment & (wide / 2).saturating_sub(1) }
    }
}

/// An entry with its hash, the number of its slot, and its body.
type Hashed = (u64, u32, Body);

/// All hashes are asked for before anything else is done: they are far from each other in memory,
/// and the processor waits for many of them at once.
fn hashed(entries: impl Iterator<Item = (u32, Body)>, hash_of: impl Fn(u32) -> u64) -> Vec<Hashed> {
    entries.map(|(at, body)| (hash_of(at), at, body)).collect()
}

/// Where the entries of this segment were before it was made.
fn parent(segment: usize) -> usize {
    segment & ((segment + 1).next_power_of_two() / 2).saturating_sub(1)
}

/// Bits that choose neither the segment nor the line.
fn tag(hash: u64) -> u32 {
    (hash >> 27) as u32 & TAG_MASK
}

/// A segment is seven eighths full at most.
fn lines_min(entries: usize) -> usize {
    (entries * 8).div_ceil(WAYS * 7)
}

/// The least of the sizes that a segment goes through for so many entries.
fn lines_fit(entries: usize) -> usize {
    let mut lines = 0;
    while lines < lines_min(entries) {
        lines = lines_next(lines);
    }
    lines
}

/// Sizes that a common allocator has: two for each power of two.
fn lines_next(lines: usize) -> usize {
    lines + ((lines + 1).next_power_of_two() / 4).max(1)
}

#[cfg(test)]
impl Index {
    /// Checks every count; the entries that it holds.
    #[track_caller]
    pub(super) fn assert_sound(&self, hash_of: impl Fn(u32) -> u64) -> usize {
        for (number, segment) in self.segments.iter().enumerate() {
            let mut passed = vec![0; segment.lines.len()];
            let mut len = 0;
            for (line, it) in segment.lines.iter().enumerate() {
                for way in (0..WAYS).filter(|way| it.bodies[*way].is_some()) {
                    let hash = hash_of(it.at[way]);
                    assert_eq!((self.segment(hash), it.tag(way)), (number, tag(hash)));
                    let mut from = segment.home(hash);
                    while from != line {
                        passed[from] += 1;
                        from = segment.after(from);
                    }
                    len += 1;
                }
            }
            let counted = segment.lines.iter().map(|line| line.state / PASSED);
            assert!(counted.zip(passed).all(|(counted, passed)| counted == passed.min(PASSED_MAX)));
            assert_eq!(segment.len, len);
            assert!(segment.lines.len() >= lines_min(len));
            let spare = segment.lines.len() >= 2 * lines_fit(len).max(1);
            assert!(!spare || segment.lines.len() <= LINES_KEPT, "{}", segment.lines.len());
        }
        let len = self.segments.iter().map(|segment| segment.len).sum();
        assert_eq!(self.len, len);
        len
    }

    pub(super) fn held_bytes(&self) -> usize {
        let lines = self.segments.iter().map(|segment| segment.lines.len());
        lines.sum::<usize>() * size_of::<Line>() + self.segments.capacity() * size_of::<Segment>()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::store::cache::Item;

    fn hash_of(at: u32) -> u64 {
        u64::from(at).wrapping_mul(0x9e37_79b9_7f4a_7c15).rotate_left(29) ^ u64::from(at)
    }

    fn body(at: u32) -> Body {
        Body::small(&at.to_be_bytes(), &Item::Boolean(true)).expect("it is small")
    }

    #[test]
    fn a_line_is_a_cache_line() {
        assert_eq!((size_of::<Line>(), align_of::<Line>(), size_of::<Option<Body>>()), (64, 64, 8));
    }

    #[test]
    fn sizes_have_two_steps_to_a_power_of_two() {
        let sizes = std::iter::successors(Some(0), |lines| Some(lines_next(*lines)));
        let sizes: Vec<_> = sizes.take(13).collect();
        let wanted = [0, 1, 2, 3, 4, 6, 8, 12, 16, 24, 32, 48, 64];
        assert_eq!(sizes, wanted);
    }

    #[test]
    fn what_is_in_is_found_while_it_grows_and_shrinks() {
        const TOTAL: u32 = 5000;
        let mut index = Index::default();
        let is_in = |index: &Index, at: u32| {
            let found = index.find(hash_of(at), &at.to_be_bytes());
            found.is_some_and(|(found, body)| found == at && body.key() == at.to_be_bytes())
        };
        for at in 0..TOTAL {
            assert!(!is_in(&index, at));
            index.insert(hash_of(at), at, body(at), hash_of);
            assert!(is_in(&index, at) && is_in(&index, at / 2));
            if at % 97 == 0 {
                index.assert_sound(hash_of);
            }
        }
        assert_eq!(index.assert_sound(hash_of), TOTAL as usize);
        assert!((0..TOTAL).all(|at| is_in(&index, at)));
        // Less than 22 bytes an entry.
        assert!(index.held_bytes() < 22 * TOTAL as usize, "{}", index.held_bytes());
        for at in 0..TOTAL {
            assert!(index.remove(hash_of(at), at, hash_of).is_some());
            assert!(!is_in(&index, at) && (at + 1 == TOTAL || is_in(&index, at + 1)));
            assert!(index.remove(hash_of(at), at, hash_of).is_none());
            if at % 97 == 0 {
                index.assert_sound(hash_of);
            }
        }
        assert_eq!(index.assert_sound(hash_of), 0);
        index.shrink();
        assert!(index.held_bytes() < 1000, "{}", index.held_bytes());
    }

    #[test]
    fn equal_hashes_are_told_apart_by_their_keys() {
        let mut index = Index::default();
        (0..300).for_each(|at| index.insert(7 << 32, at, body(at), |_| 7 << 32));
        assert_eq!(index.assert_sound(|_| 7 << 32), 300);
        for at in (0..300_u32).rev() {
            let found = index.find(7 << 32, &at.to_be_bytes()).map(|(found, _)| found);
            assert_eq!(found, Some(at));
            assert!(index.renumber(7 << 32, at, at + 1000).is_some());
            assert!(index.body(7 << 32, at).is_none());
            assert!(index.remove(7 << 32, at + 1000, |_| 7 << 32).is_some());
        }
    }
}
