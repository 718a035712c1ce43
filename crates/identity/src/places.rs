//! The places to look, and what was found there.

use prosody_model::Record;

use crate::{
    names::Names,
    number::Number,
    scan::{Found, scan},
    text::Text,
    tree::Tree,
};

/// One place to look for an id or a type.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Place {
    /// A JSON pointer (RFC 6901) into the value: its segments, unescaped, at least one.
    Pointer(Vec<String>),
    /// The header of this name; of several the last.
    Header(String),
}

/// What a record says of itself.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Marks<'a> {
    /// `None` if there is none, or if it is no text or number, or empty.
    pub id: Option<Id<'a>>,
    /// `None` if there is none, or if it is no text.
    pub event_type: Option<Text<'a>>,
}

/// An id: equal to another one if both are written the same by [`Id::write`].
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Id<'a> {
    Text(Text<'a>),
    Number(Number<'a>),
}

impl Id<'_> {
    /// Appends the id: a text without its escapes, a number in canonical form.
    pub fn write(&self, out: &mut Vec<u8>) {
        match self {
            Self::Text(text) => text.write(out),
            Self::Number(number) => number.write(out),
        }
    }
}

/// A place, as it is looked up.
#[derive(Clone, Debug)]
enum Spot {
    /// The pointer's number in the tree.
    Pointer(u32),
    Header(Box<[u8]>),
}

/// Finds ids and types. One per thread: it keeps what it found last.
#[derive(Clone, Debug)]
pub struct Identity {
    ids: Vec<Spot>,
    types: Vec<Spot>,
    tree: Tree,
    names: Names,
    /// One a pointer. Bound: the pointers given at the start.
    found: Vec<Found>,
}

impl Identity {
    /// Looks for an id in `ids` and for a type in `types`: of each list the first place that holds something other
    /// than `null` wins, for ids also other than an empty text. With both lists empty it never reads a record.
    pub fn new(ids: &[Place], types: &[Place]) -> Self {
        let places = [ids, types];
        let mut tree = Tree::default();
        let mut spots = |places: &[Place]| {
            let spot = |place: &Place| match place {
                Place::Pointer(segments) => Spot::Pointer(tree.add(segments)),
                Place::Header(name) => Spot::Header(name.as_bytes().into()),
            };
            places.iter().map(spot).collect::<Vec<_>>()
        };
        let (mut ids, mut types) = (spots(ids), spots(types));
        let numbers = tree.finish();
        for spot in ids.iter_mut().chain(&mut types) {
            if let Spot::Pointer(node) = spot {
                *node = numbers[*node as usize];
            }
        }
        let found = vec![Found::Nothing; tree.pointers()];
        let names = Names::new(places.iter().copied().flatten());
        Self { ids, types, tree, names, found }
    }

    /// What this record says of itself. The value is read at most once, and only if a place is in it that no
    /// header comes before.
    pub fn look<'a>(&mut self, record: &'a Record) -> Marks<'a> {
        let value = record.value().unwrap_or_default();
        let mut scanned = false;
        let mut first = |spots: &[Spot], empty: bool| {
            for spot in spots {
                let found = match spot {
                    Spot::Header(name) => match record.headers().last(name).flatten() {
                        Some([]) if !empty => continue,
                        Some(bytes) => return Some(Id::Text(Text::plain(bytes))),
                        None => continue,
                    },
                    Spot::Pointer(number) => {
                        if !scanned {
                            scanned = true;
                            if self.names.may_be_in(value) {
                                scan(&self.tree, &mut self.found, value);
                            } else {
                                self.found.fill(Found::Nothing);
                            }
                        }
                        self.found[*number as usize]
                    }
                };
                match found {
                    Found::Nothing => {}
                    Found::Text { start, end, .. } if start == end && !empty => {}
                    Found::Text { start, end, escaped } => {
                        return Some(Id::Text(Text::new(&value[start as usize..end as usize], escaped)));
                    }
                    Found::Number { start, end } => {
                        return Number::new(&value[start as usize..end as usize]).map(Id::Number);
                    }
                    Found::Other => return None,
                }
            }
            None
        };
        let id = first(&self.ids, false);
        let event_type = match first(&self.types, true) {
            Some(Id::Text(text)) => Some(text),
            _ => None,
        };
        Marks { id, event_type }
    }
}
