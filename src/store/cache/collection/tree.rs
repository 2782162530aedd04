//! A sequence that shares: a counted B-tree whose nodes are copied when they are changed and
//! somebody else still holds them. A clone costs one count of references, whatever the length;
//! finding, adding and removing one item costs the logarithm of it.
//!
//! Items are found by position, or by order where the caller keeps them in one. Every leaf has
//! the same depth, and no node is empty. Nodes at the ends may hold fewer than the others: who
//! only appends fills each leaf before the next.

use std::ops::Range;
use std::slice;
use std::sync::Arc;

/// Items of a leaf, children of a node.
const WIDTH_MAX: usize = 32;
/// A node with fewer is joined with its neighbour when one of its items is removed.
const WIDTH_MIN: usize = 8;
/// A removal of one part in so many of a sequence builds the rest anew.
const REBUILT_SHARE: usize = 8;

/// What counts against a budget.
pub(super) trait Weighed {
    fn weight_bytes(&self) -> usize;
}

#[derive(Debug)]
pub(super) struct Tree<T> {
    root: Option<Arc<Node<T>>>,
    len: usize,
    weight_bytes: usize,
}

#[derive(Clone, Debug)]
enum Node<T> {
    Leaf(Vec<T>),
    Inner(Vec<Child<T>>),
}

#[derive(Debug)]
struct Child<T> {
    node: Arc<Node<T>>,
    /// Of the items below it.
    len: usize,
}

impl<T> Tree<T> {
    pub(super) fn len(&self) -> usize {
        self.len
    }

    pub(super) fn is_empty(&self) -> bool {
        self.len == 0
    }

    /// Of all its items.
    pub(super) fn weight_bytes(&self) -> usize {
        self.weight_bytes
    }

    pub(super) fn get(&self, at: usize) -> Option<&T> {
        let (mut node, mut at) = (self.root.as_deref()?, at);
        if at >= self.len {
            return None;
        }
        loop {
            match node {
                Node::Leaf(items) => return items.get(at),
                Node::Inner(children) => {
                    let (place, within) = find(children, at);
                    (node, at) = (&children[place].node, within);
                }
            }
        }
    }

    /// How many items in front `is_before` holds for; in the order that the caller keeps, it
    /// holds for no item behind one for which it does not.
    pub(super) fn partition_point(&self, mut is_before: impl FnMut(&T) -> bool) -> usize {
        let (mut node, mut before) = (self.root.as_deref(), 0);
        while let Some(Node::Inner(children)) = node {
            let place = children.partition_point(|child| is_before(first(&child.node)));
            // The items sought after begin in the child before, or with this one.
            let place = place.saturating_sub(1);
            before += children[..place].iter().map(|child| child.len).sum::<usize>();
            node = Some(&children[place].node);
        }
        match node {
            Some(Node::Leaf(items)) => before + items.partition_point(is_before),
            Some(Node::Inner(_)) | None => before,
        }
    }

    pub(super) fn iter(&self) -> Iter<'_, T> {
        self.range(0..self.len)
    }

    /// Those at these positions; what is past the end is left out.
    pub(super) fn range(&self, positions: Range<usize>) -> Iter<'_, T> {
        let end = positions.end.min(self.len);
        let start = positions.start.min(end);
        let (mut above, mut leaf, mut at) = (Vec::new(), [].iter(), start);
        let mut node = self.root.as_deref().filter(|_| start < end);
        while let Some(here) = node {
            node = match here {
                Node::Leaf(items) => {
                    leaf = items[at..].iter();
                    None
                }
                Node::Inner(children) => {
                    let (place, within) = find(children, at);
                    at = within;
                    above.push(children[place + 1..].iter());
                    Some(&children[place].node)
                }
            };
        }
        Iter { above, leaf, left: end - start }
    }
}

impl<T: Clone + Weighed> Tree<T> {
    /// Before the item that is at this position, or at the end.
    pub(super) fn insert(&mut self, at: usize, item: T) {
        let at = at.min(self.len);
        let growth = match at {
            0 => Growth::Front,
            at if at == self.len => Growth::Back,
            _ => Growth::Within,
        };
        self.len += 1;
        self.weight_bytes += item.weight_bytes();
        let Some(mut root) = self.root.take() else {
            self.root = Some(Arc::new(Node::Leaf(vec![item])));
            return;
        };
        self.root = Some(match insert(&mut root, at, item, growth) {
            None => root,
            Some(right) => {
                let left = Child { node: root, len: self.len - right.len };
                Arc::new(Node::Inner(vec![left, right]))
            }
        });
    }

    pub(super) fn push(&mut self, item: T) {
        self.insert(self.len, item);
    }

    /// The item that was there.
    pub(super) fn remove(&mut self, at: usize) -> Option<T> {
        if at >= self.len {
            return None;
        }
        let removed = remove(self.root.as_mut()?, at);
        self.len -= 1;
        self.weight_bytes -= removed.weight_bytes();
        if self.is_empty() {
            self.root = None;
        }
        while let Some(Node::Inner(children)) = self.root.as_deref()
            && let [only] = &**children
        {
            self.root = Some(Arc::clone(&only.node));
        }
        Some(removed)
    }

    /// In place of the item that is at this position, where there is one.
    pub(super) fn replace(&mut self, at: usize, item: T) {
        let Some(root) = self.root.as_mut().filter(|_| at < self.len) else { return };
        self.weight_bytes += item.weight_bytes();
        self.weight_bytes -= replace(root, at, item).weight_bytes();
    }

    /// Removes what is at these positions, which stand in their order and do not overlap.
    pub(super) fn remove_ranges(&mut self, ranges: &[Range<usize>]) {
        let removed: usize = ranges.iter().map(ExactSizeIterator::len).sum();
        if removed < self.len / REBUILT_SHARE {
            for at in ranges.iter().cloned().rev().flat_map(Iterator::rev) {
                self.remove(at);
            }
            return;
        }
        let starts = [0].into_iter().chain(ranges.iter().map(|range| range.end));
        let ends = ranges.iter().map(|range| range.start).chain([self.len]);
        let kept = starts.zip(ends).flat_map(|(start, end)| self.range(start..end));
        *self = kept.cloned().collect();
    }
}

/// The child in which a position is, and the position in it. One past the last is in the last.
fn find<T>(children: &[Child<T>], mut at: usize) -> (usize, usize) {
    let last = children.len() - 1;
    for (place, child) in children[..last].iter().enumerate() {
        if at < child.len {
            return (place, at);
        }
        at -= child.len;
    }
    (last, at)
}

fn first<T>(mut node: &Node<T>) -> &T {
    loop {
        match node {
            Node::Leaf(items) => return &items[0],
            Node::Inner(children) => node = &children[0].node,
        }
    }
}

/// Where the whole sequence grows. At an end, a node that is too wide leaves what was there
/// together, as more is likely to come; the first or last place of a node within it is no end.
#[derive(Clone, Copy)]
enum Growth {
    Front,
    Within,
    Back,
}

/// The right part of a node that has grown too wide.
fn insert<T: Clone>(
    node: &mut Arc<Node<T>>,
    at: usize,
    item: T,
    growth: Growth,
) -> Option<Child<T>> {
    match Arc::make_mut(node) {
        Node::Leaf(items) => {
            let right = put(items, at, item, growth)?;
            Some(Child { len: right.len(), node: Arc::new(Node::Leaf(right)) })
        }
        Node::Inner(children) => {
            let (place, within) = find(children, at);
            let child = &mut children[place];
            child.len += 1;
            let right = insert(&mut child.node, within, item, growth)?;
            child.len -= right.len;
            let right = put(children, place + 1, right, growth)?;
            let len = right.iter().map(|child| child.len).sum();
            Some(Child { node: Arc::new(Node::Inner(right)), len })
        }
    }
}

/// Puts a part into a row; gives back what then no longer has room in it.
fn put<P>(row: &mut Vec<P>, at: usize, part: P, growth: Growth) -> Option<Vec<P>> {
    if row.len() == row.capacity() {
        // By a quarter: doubling would leave up to half of a row unused.
        row.reserve_exact((row.len() / 4).max(1));
    }
    row.insert(at, part);
    if row.len() <= WIDTH_MAX {
        return None;
    }
    let cut = match growth {
        Growth::Front => 1,
        Growth::Within => row.len() / 2,
        Growth::Back => WIDTH_MAX,
    };
    let right = row.split_off(cut);
    row.shrink_to_fit();
    Some(right)
}

fn remove<T: Clone>(node: &mut Arc<Node<T>>, at: usize) -> T {
    match Arc::make_mut(node) {
        Node::Leaf(items) => {
            let removed = items.remove(at);
            if items.len() < items.capacity() / 2 {
                items.shrink_to_fit();
            }
            removed
        }
        Node::Inner(children) => {
            let (place, within) = find(children, at);
            let child = &mut children[place];
            child.len -= 1;
            let removed = remove(&mut child.node, within);
            mend(children, place);
            removed
        }
    }
}

/// Joins the child with a neighbour where it has become too narrow.
fn mend<T: Clone>(children: &mut Vec<Child<T>>, place: usize) {
    let child = &children[place];
    if child.len == 0 {
        children.remove(place);
        return;
    }
    if child.node.width() >= WIDTH_MIN || children.len() == 1 {
        return;
    }
    let left = place.saturating_sub(1);
    let right = children.remove(left + 1);
    let both = children[left].len + right.len;
    let right = join(&mut children[left].node, Arc::unwrap_or_clone(right.node));
    let right_len = right.as_ref().map_or(0, Node::len);
    children[left].len = both - right_len;
    if let Some(node) = right {
        children.insert(left + 1, Child { node: Arc::new(node), len: right_len });
    }
}

/// What of the right node has no room in the left one: then both are of one width.
fn join<T: Clone>(left: &mut Arc<Node<T>>, right: Node<T>) -> Option<Node<T>> {
    match (Arc::make_mut(left), right) {
        (Node::Leaf(left), Node::Leaf(right)) => level(left, right).map(Node::Leaf),
        (Node::Inner(left), Node::Inner(right)) => level(left, right).map(Node::Inner),
        // All leaves have the same depth.
        (Node::Leaf(_) | Node::Inner(_), right) => Some(right),
    }
}

fn level<P>(left: &mut Vec<P>, right: Vec<P>) -> Option<Vec<P>> {
    left.reserve_exact(right.len());
    left.extend(right);
    if left.len() <= WIDTH_MAX {
        return None;
    }
    let right = left.split_off(left.len() / 2);
    left.shrink_to_fit();
    Some(right)
}

fn replace<T: Clone>(node: &mut Arc<Node<T>>, at: usize, item: T) -> T {
    match Arc::make_mut(node) {
        Node::Leaf(items) => std::mem::replace(&mut items[at], item),
        Node::Inner(children) => {
            let (place, within) = find(children, at);
            replace(&mut children[place].node, within, item)
        }
    }
}

impl<T> Node<T> {
    fn width(&self) -> usize {
        match self {
            Self::Leaf(items) => items.len(),
            Self::Inner(children) => children.len(),
        }
    }

    fn len(&self) -> usize {
        match self {
            Self::Leaf(items) => items.len(),
            Self::Inner(children) => children.iter().map(|child| child.len).sum(),
        }
    }
}

impl<T: Weighed> FromIterator<T> for Tree<T> {
    fn from_iter<I: IntoIterator<Item = T>>(items: I) -> Self {
        let (mut len, mut weight_bytes) = (0, 0);
        let items = items.into_iter().inspect(|item| {
            len += 1;
            weight_bytes += item.weight_bytes();
        });
        let mut level = rows(items, Node::Leaf);
        while level.len() > 1 {
            level = rows(level, Node::Inner);
        }
        Self { root: level.pop().map(|child| child.node), len, weight_bytes }
    }
}

/// Nodes of full width; the last one may have fewer.
fn rows<P, T>(
    parts: impl IntoIterator<Item = P>,
    node: impl Fn(Vec<P>) -> Node<T>,
) -> Vec<Child<T>> {
    let (mut parts, mut level) = (parts.into_iter(), Vec::new());
    loop {
        let mut row: Vec<P> = parts.by_ref().take(WIDTH_MAX).collect();
        if row.is_empty() {
            return level;
        }
        row.shrink_to_fit();
        let node = node(row);
        level.push(Child { len: node.len(), node: Arc::new(node) });
    }
}

impl<T> Clone for Tree<T> {
    fn clone(&self) -> Self {
        Self { root: self.root.clone(), len: self.len, weight_bytes: self.weight_bytes }
    }
}

impl<T> Clone for Child<T> {
    fn clone(&self) -> Self {
        Self { node: Arc::clone(&self.node), len: self.len }
    }
}

impl<T> Default for Tree<T> {
    fn default() -> Self {
        Self { root: None, len: 0, weight_bytes: 0 }
    }
}

impl<T: PartialEq> PartialEq for Tree<T> {
    fn eq(&self, other: &Self) -> bool {
        self.len == other.len && self.iter().eq(other.iter())
    }
}

/// Items in their order.
pub(super) struct Iter<'a, T> {
    /// On each floor above the leaf, what comes after it.
    above: Vec<slice::Iter<'a, Child<T>>>,
    leaf: slice::Iter<'a, T>,
    left: usize,
}

impl<'a, T> Iterator for Iter<'a, T> {
    type Item = &'a T;

    fn next(&mut self) -> Option<&'a T> {
        self.left = self.left.checked_sub(1)?;
        loop {
            if let Some(item) = self.leaf.next() {
                return Some(item);
            }
            let mut node = loop {
                let children = self.above.last_mut()?;
                match children.next() {
                    Some(child) => break &*child.node,
                    None => self.above.pop(),
                };
            };
            while let Node::Inner(children) = node {
                let mut children = children.iter();
                node = &children.next()?.node;
                self.above.push(children);
            }
            if let Node::Leaf(items) = node {
                self.leaf = items.iter();
            }
        }
    }

    fn size_hint(&self) -> (usize, Option<usize>) {
        (self.left, Some(self.left))
    }
}

#[cfg(test)]
impl<T> Tree<T> {
    /// Checks depth, widths and lengths; the bytes that its nodes take.
    #[track_caller]
    pub(super) fn assert_sound(&self) -> usize {
        let mut depths = std::collections::BTreeSet::new();
        let (len, bytes) = match &self.root {
            None => (0, 0),
            Some(root) => sound(root, 0, &mut depths),
        };
        assert_eq!(len, self.len);
        assert!(depths.len() <= 1, "{depths:?}");
        bytes
    }
}

#[cfg(test)]
#[track_caller]
fn sound<T>(
    node: &Node<T>,
    depth: usize,
    depths: &mut std::collections::BTreeSet<usize>,
) -> (usize, usize) {
    assert!((1..=WIDTH_MAX).contains(&node.width()), "{}", node.width());
    // An `Arc` counts in two words.
    let own_bytes = size_of::<Node<T>>() + 2 * size_of::<usize>();
    match node {
        Node::Leaf(items) => {
            depths.insert(depth);
            (items.len(), own_bytes + items.capacity() * size_of::<T>())
        }
        Node::Inner(children) => {
            let mut sum = (0, own_bytes + children.capacity() * size_of::<Child<T>>());
            for child in children {
                let (len, bytes) = sound(&child.node, depth + 1, depths);
                assert_eq!(len, child.len);
                sum = (sum.0 + len, sum.1 + bytes);
            }
            sum
        }
    }
}
