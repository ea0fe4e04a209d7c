//! A list whose items are made while it is read.

use std::rc::Rc;

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

/// A list that is made item by item while it is read: a plan may have tens of thousands of
/// requests, and their lines as text take more memory than their figures.
pub struct LazyList<'a, T>(Rc<Make<'a, T>>);

type Make<'a, T> = dyn Fn() -> Items<'a, T> + 'a;
type Items<'a, T> = Box<dyn Iterator<Item = T> + 'a>;

impl<'a, T> LazyList<'a, T> {
    /// The items that `make` gives, each time it is asked.
    pub fn new<I: Iterator<Item = T> + 'a>(make: impl Fn() -> I + 'a) -> Self {
        Self(Rc::new(move || Box::new(make())))
    }

    /// The items.
    pub fn iter(&self) -> Items<'a, T> {
        (self.0)()
    }
}

impl<T> Clone for LazyList<'_, T> {
    fn clone(&self) -> Self {
        Self(self.0.clone())
    }
}

impl<'a, T: 'a> Default for LazyList<'a, T> {
    fn default() -> Self {
        Self::new(std::iter::empty)
    }
}

impl<'a, T: Clone + 'a> From<Vec<T>> for LazyList<'a, T> {
    fn from(items: Vec<T>) -> Self {
        let items: Rc<[T]> = items.into();
        Self::new(move || {
            let items = items.clone();
            (0..items.len()).map(move |index| items[index].clone())
        })
    }
}

impl<T: Serialize> Serialize for LazyList<'_, T> {
    fn serialize<S: serde::Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_seq(self.iter())
    }
}

impl<'de, 'a, T: Deserialize<'de> + Clone + 'a> Deserialize<'de> for LazyList<'a, T> {
    fn deserialize<D: serde::Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        Vec::deserialize(deserializer).map(Self::from)
    }
}

impl<T: JsonSchema> JsonSchema for LazyList<'_, T> {
    fn inline_schema() -> bool {
        Vec::<T>::inline_schema()
    }

    fn schema_name() -> std::borrow::Cow<'static, str> {
        Vec::<T>::schema_name()
    }

    fn json_schema(generator: &mut schemars::SchemaGenerator) -> schemars::Schema {
        Vec::<T>::json_schema(generator)
    }
}
