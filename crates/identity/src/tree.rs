//! The pointers, merged where they begin alike.

use crate::text::Text;

/// The value the pointers start from.
pub const ROOT: u32 = 0;
/// A value that no pointer leads to or through.
pub const OUT: u32 = u32::MAX;

/// A value that a pointer leads to or through.
#[derive(Clone, Debug, Default)]
struct Node {
    parent: u32,
    /// Which element of its parent it is, if its name may be an index.
    index: Option<u32>,
    children: Vec<Child>,
    /// Whether a pointer ends here.
    ends: bool,
    /// The numbers of the pointers that end here or below; the first is its own if one ends here.
    first: u32,
    end: u32,
}

/// A member that a pointer leads to or through. Most are told from others by the length and start of their names,
/// without another look into memory.
#[derive(Clone, Debug)]
struct Child {
    head: u64,
    node: u32,
    name: Box<[u8]>,
}

/// The first eight bytes of a name.
fn head(name: &[u8]) -> u64 {
    if let Some(chunk) = name.first_chunk::<8>() {
        return u64::from_le_bytes(*chunk);
    }
    name.iter().rev().fold(0, |head, &byte| head << 8 | u64::from(byte))
}

/// All pointers. Built once; walked along with the value.
#[derive(Clone, Debug)]
pub struct Tree {
    nodes: Vec<Node>,
}

impl Default for Tree {
    fn default() -> Self {
        Self { nodes: vec![Node::default()] }
    }
}

impl Tree {
    /// Adds a pointer; its node, until [`Tree::finish`] gives it a number.
    pub fn add(&mut self, segments: &[String]) -> u32 {
        let mut at = ROOT;
        for segment in segments {
            let name = segment.as_bytes();
            let known = self.node(at).children.iter().find(|child| *child.name == *name);
            at = if let Some(child) = known {
                child.node
            } else {
                let node = self.nodes.len() as u32;
                self.nodes.push(Node { parent: at, index: index(segment), ..Node::default() });
                self.nodes[at as usize].children.push(Child { head: head(name), node, name: name.into() });
                node
            };
        }
        self.nodes[at as usize].ends = true;
        at
    }

    /// Numbers the pointers so that those below a node follow each other; by node.
    pub fn finish(&mut self) -> Vec<u32> {
        let mut next = 0;
        // Depth first, without recursion: a pointer may be as long as its author likes.
        let mut path = vec![(ROOT, 0)];
        self.number(ROOT, &mut next);
        while let Some((node, child)) = path.last_mut() {
            let children = &self.nodes[*node as usize].children;
            if let Some(&Child { node: below, .. }) = children.get(*child) {
                *child += 1;
                path.push((below, 0));
                self.number(below, &mut next);
            } else {
                self.nodes[*node as usize].end = next;
                path.pop();
            }
        }
        self.nodes.iter().map(|node| node.first).collect()
    }

    fn number(&mut self, node: u32, next: &mut u32) {
        let node = &mut self.nodes[node as usize];
        node.first = *next;
        *next += u32::from(node.ends);
    }

    /// Pointers that differ.
    pub fn pointers(&self) -> usize {
        self.node(ROOT).end as usize
    }

    fn node(&self, node: u32) -> &Node {
        &self.nodes[node as usize]
    }

    pub fn parent(&self, node: u32) -> u32 {
        self.node(node).parent
    }

    /// The member of this name, or [`OUT`].
    #[inline]
    pub fn member(&self, node: u32, name: Text<'_>) -> u32 {
        let children = self.node(node).children.iter();
        if let Some(raw) = name.raw() {
            let head = head(raw);
            for child in children {
                if child.head == head
                    && child.name.len() == raw.len()
                    && (raw.len() <= 8 || *child.name == *raw)
                {
                    return child.node;
                }
            }
            return OUT;
        }
        children.filter(|child| name.is(&child.name)).map(|child| child.node).next().unwrap_or(OUT)
    }

    /// The element at this index, or [`OUT`].
    pub fn element(&self, node: u32, index: u32) -> u32 {
        let mut children = self.node(node).children.iter().map(|child| child.node);
        children.find(|&child| self.node(child).index == Some(index)).unwrap_or(OUT)
    }

    /// Which element a node is; in an array only.
    pub fn index(&self, node: u32) -> u32 {
        self.node(node).index.unwrap_or_default()
    }

    /// The number of the pointer that ends here.
    pub fn pointer(&self, node: u32) -> Option<u32> {
        let node = self.node(node);
        node.ends.then_some(node.first)
    }

    /// The numbers of all pointers that end here or below.
    pub fn below(&self, node: u32) -> std::ops::Range<usize> {
        let node = self.node(node);
        node.first as usize..node.end as usize
    }
}

/// An array index as RFC 6901 spells it: no sign, no leading zero.
fn index(segment: &str) -> Option<u32> {
    let digits = segment.bytes().all(|byte| byte.is_ascii_digit());
    let plain = digits && (segment == "0" || !segment.starts_with('0'));
    segment.parse().ok().filter(|&index| plain && index != u32::MAX)
}
