//! One pass over a JSON text.
//!
//! ```text
//!            { [                      , (and a name)
//!   value ─────────▶ value   after ─────────────────▶ value
//!     └── scalar, {} [] ──────▶ ▲ └── } ] ──▶ after ── outermost ──▶ end
//! ```
//!
//! Beside the text it follows the tree of pointers: `here` is the innermost open container that a pointer leads
//! through, at `level` of `depth` open ones. What lies further in is checked and passed over.

use crate::{
    text::Text,
    tree::{OUT, ROOT, Tree},
};

/// Containers within each other. A value with more counts as no JSON.
pub const DEEPEST: usize = 512;

/// What is at the end of a pointer.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Found {
    /// Nothing, or `null`.
    Nothing,
    /// Between the quotes.
    Text {
        start: u32,
        end: u32,
        escaped: bool,
    },
    Number {
        start: u32,
        end: u32,
    },
    /// A container, `true` or `false`.
    Other,
}

/// Looks for every pointer of the tree; finds nothing at all if `text` is no JSON.
pub fn scan(tree: &Tree, found: &mut [Found], text: &[u8]) {
    found.fill(Found::Nothing);
    // A scalar has nothing in it.
    if !matches!(text.first(), Some(b'{' | b'[' | b' ' | b'\t' | b'\n' | b'\r')) {
        return;
    }
    let mut scan = Scan { tree, found, text, at: 0, depth: 0, objects: [0; DEEPEST / 64] };
    if scan.run().is_none() {
        found.fill(Found::Nothing);
    }
}

/// What a value begins with.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Value {
    Scalar,
    Object,
    Array,
}

struct Scan<'a> {
    tree: &'a Tree,
    found: &'a mut [Found],
    text: &'a [u8],
    at: usize,
    /// Containers that are open.
    depth: usize,
    /// Which of them are objects, one bit each.
    objects: [u64; DEEPEST / 64],
}

impl Scan<'_> {
    /// `None` where the text stops being JSON.
    fn run(&mut self) -> Option<()> {
        let (mut here, mut level, mut index) = (OUT, 0, 0);
        // What the next value is to the pointers.
        let mut node = ROOT;
        loop {
            let value = self.value(node)?;
            if value != Value::Scalar {
                let object = value == Value::Object;
                self.push(object)?;
                if node != OUT {
                    (here, level, index) = (node, self.depth, 0);
                }
                let inside = if level == self.depth { here } else { OUT };
                let close = if object { b'}' } else { b']' };
                if self.peek()? != close {
                    node = self.enter(object, inside, index)?;
                    continue;
                }
                // It is empty; what follows takes it for an element that has ended.
            }
            loop {
                if self.depth == 0 {
                    return self.peek().is_none().then_some(());
                }
                let object = self.in_object();
                let byte = self.peek()?;
                self.at += 1;
                let matched = level == self.depth;
                if byte == b',' {
                    index += u32::from(matched);
                    node = self.enter(object, if matched { here } else { OUT }, index)?;
                    break;
                }
                if byte != (if object { b'}' } else { b']' }) {
                    return None;
                }
                self.depth -= 1;
                if matched {
                    index = self.tree.index(here);
                    (here, level) = (self.tree.parent(here), level - 1);
                }
            }
        }
    }

    /// What the next member or element of the innermost container is to the pointers; a member's name is read.
    #[inline]
    fn enter(&mut self, object: bool, container: u32, index: u32) -> Option<u32> {
        if !object {
            return Some(if container == OUT { OUT } else { self.tree.element(container, index) });
        }
        if self.peek()? != b'"' {
            return None;
        }
        self.at += 1;
        let start = self.at;
        let escaped = self.string()?;
        let name = Text::new(&self.text[start..self.at - 1], escaped);
        let node = if container == OUT { OUT } else { self.tree.member(container, name) };
        if self.peek()? != b':' {
            return None;
        }
        self.at += 1;
        if node != OUT {
            // A member of the same name may have been here before: the last one wins, whole.
            self.found[self.tree.below(node)].fill(Found::Nothing);
        }
        Some(node)
    }

    /// Reads a scalar, or the opening of a container.
    #[inline]
    fn value(&mut self, node: u32) -> Option<Value> {
        let byte = self.peek()?;
        let start = self.at;
        self.at += 1;
        let (value, found) = match byte {
            b'"' => {
                let escaped = self.string()?;
                let (start, end) = (start as u32 + 1, self.at as u32 - 1);
                (Value::Scalar, Found::Text { start, end, escaped })
            }
            b'{' => (Value::Object, Found::Other),
            b'[' => (Value::Array, Found::Other),
            b'-' | b'0'..=b'9' => {
                self.number(byte)?;
                (Value::Scalar, Found::Number { start: start as u32, end: self.at as u32 })
            }
            b't' => (Value::Scalar, self.literal(b"rue", Found::Other)?),
            b'f' => (Value::Scalar, self.literal(b"alse", Found::Other)?),
            b'n' => (Value::Scalar, self.literal(b"ull", Found::Nothing)?),
            _ => return None,
        };
        if node != OUT
            && let Some(pointer) = self.tree.pointer(node)
        {
            self.found[pointer as usize] = found;
        }
        Some(value)
    }

    /// The next byte that is no white space, without taking it.
    #[inline]
    fn peek(&mut self) -> Option<u8> {
        loop {
            let byte = *self.text.get(self.at)?;
            if !matches!(byte, b' ' | b'\n' | b'\r' | b'\t') {
                return Some(byte);
            }
            self.at += 1;
        }
    }

    fn literal(&mut self, rest: &[u8], found: Found) -> Option<Found> {
        self.text[self.at..].starts_with(rest).then(|| self.at += rest.len())?;
        Some(found)
    }

    /// Reads on behind the opening quote to behind the closing one; whether there are escapes.
    #[inline]
    fn string(&mut self) -> Option<bool> {
        let mut escaped = false;
        loop {
            self.at += plain(&self.text[self.at..]);
            match *self.text.get(self.at)? {
                b'"' => {
                    self.at += 1;
                    return Some(escaped);
                }
                b'\\' => {
                    escaped = true;
                    match *self.text.get(self.at + 1)? {
                        b'"' | b'\\' | b'/' | b'b' | b'f' | b'n' | b'r' | b't' => self.at += 2,
                        b'u' => {
                            let digits = self.text.get(self.at + 2..self.at + 6)?;
                            digits.iter().all(u8::is_ascii_hexdigit).then(|| self.at += 6)?;
                        }
                        _ => return None,
                    }
                }
                _ => return None,
            }
        }
    }

    #[inline]
    fn digits(&mut self) -> Option<()> {
        let start = self.at;
        while self.text.get(self.at).is_some_and(u8::is_ascii_digit) {
            self.at += 1;
        }
        (self.at > start).then_some(())
    }

    /// Reads on behind the first byte of a number.
    #[inline]
    fn number(&mut self, first: u8) -> Option<()> {
        let mut first = first;
        if first == b'-' {
            first = *self.text.get(self.at)?;
            self.at += 1;
        }
        match first {
            b'0' => {}
            b'1'..=b'9' => {
                self.digits();
            }
            _ => return None,
        }
        if self.text.get(self.at) == Some(&b'.') {
            self.at += 1;
            self.digits()?;
        }
        if let Some(b'e' | b'E') = self.text.get(self.at) {
            self.at += 1;
            if let Some(b'+' | b'-') = self.text.get(self.at) {
                self.at += 1;
            }
            self.digits()?;
        }
        Some(())
    }

    #[inline]
    fn push(&mut self, object: bool) -> Option<()> {
        let word = self.objects.get_mut(self.depth / 64)?;
        let bit = 1 << (self.depth % 64);
        *word = if object { *word | bit } else { *word & !bit };
        self.depth += 1;
        Some(())
    }

    #[inline]
    fn in_object(&self) -> bool {
        let top = self.depth - 1;
        self.objects[top / 64] >> (top % 64) & 1 == 1
    }
}

const ONES: u64 = 0x0101_0101_0101_0101;

/// How many bytes from the first on are neither a quote, nor a backslash, nor a control character.
///
/// Eight at a time. Each of the three differences has its highest bit set in a byte that is meant, and perhaps in
/// bytes above one that is: the lowest is right.
#[inline]
fn plain(text: &[u8]) -> usize {
    let mut at = 0;
    while let Some(chunk) = text.get(at..).and_then(<[u8]>::first_chunk::<8>) {
        let word = u64::from_le_bytes(*chunk);
        let equals = |byte: u8| {
            let difference = word ^ (ONES * u64::from(byte));
            difference.wrapping_sub(ONES) & !difference
        };
        let control = word.wrapping_sub(ONES * 0x20) & !word;
        let meant = (equals(b'"') | equals(b'\\') | control) & (ONES << 7);
        if meant != 0 {
            return at + meant.trailing_zeros() as usize / 8;
        }
        at += 8;
    }
    let rest = text[at..].iter().position(|&byte| matches!(byte, b'"' | b'\\' | 0..0x20));
    rest.map_or(text.len(), |place| at + place)
}
