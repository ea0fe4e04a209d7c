//! A pool of rows that users draw from, in one of three orders.

use std::sync::Arc;

use super::table::{Rows, Spec};
use crate::plan::Order;
use crate::problem::Problem;
use crate::random::Random;
use crate::value::Value;

/// What a draw came to.
#[derive(Debug)]
pub enum Draw {
    /// A row.
    Row(Value),
    /// No row is left.
    End,
}

/// A pool of rows.
#[derive(Debug)]
pub struct Pile {
    rows: PileRows,
    recycle: bool,
}

#[derive(Debug)]
enum PileRows {
    /// In the file's order, read during the run.
    Stream(Rows),
    /// In the order of `next`, from `at` on; shuffled again at the end.
    Listed { rows: Arc<[Value]>, next: Option<Vec<u32>>, at: usize, random: Random },
    /// Any row each time.
    Random { rows: Arc<[Value]>, random: Random },
}

impl Pile {
    /// A pool that streams its file; only for `order: sequential`.
    ///
    /// # Errors
    /// When the file cannot be opened.
    pub fn streamed(spec: &Spec, recycle: bool) -> Result<Self, Problem> {
        Ok(Self { rows: PileRows::Stream(spec.open()?), recycle })
    }

    /// A pool over rows that are held.
    pub fn held(rows: Arc<[Value]>, order: Order, recycle: bool, mut random: Random) -> Self {
        let rows = match order {
            Order::Random => PileRows::Random { rows, random },
            Order::Sequential => PileRows::Listed { rows, next: None, at: 0, random },
            Order::Shuffle => {
                let next = Some(shuffled(rows.len(), &mut random));
                PileRows::Listed { rows, next, at: 0, random }
            }
        };
        Self { rows, recycle }
    }

    /// Every row of a file, for orders that need them at hand.
    ///
    /// # Errors
    /// When a row cannot be read.
    pub fn read_all(spec: &Spec) -> Result<Arc<[Value]>, Problem> {
        let mut rows = spec.open()?;
        let mut all = Vec::new();
        while let Some(row) = rows.next_row() {
            all.push(row?);
        }
        Ok(all.into())
    }

    /// The next row.
    ///
    /// # Errors
    /// When the file has changed under the run and cannot be read on.
    pub fn draw(&mut self) -> Result<Draw, Problem> {
        match &mut self.rows {
            PileRows::Stream(rows) => {
                if let Some(row) = rows.next_row() {
                    return row.map(Draw::Row);
                }
                if !self.recycle {
                    return Ok(Draw::End);
                }
                rows.rewind()?;
                rows.next_row().map_or(Ok(Draw::End), |row| row.map(Draw::Row))
            }
            PileRows::Random { rows, random } => Ok(match rows.len() {
                0 => Draw::End,
                length => Draw::Row(rows[random.index(length)].clone()),
            }),
            PileRows::Listed { rows, next, at, random } => {
                if *at == rows.len() {
                    if !self.recycle || rows.is_empty() {
                        return Ok(Draw::End);
                    }
                    *at = 0;
                    if let Some(next) = next {
                        *next = shuffled(rows.len(), random);
                    }
                }
                let index = next.as_ref().map_or(*at, |next| next[*at] as usize);
                *at += 1;
                Ok(Draw::Row(rows[index].clone()))
            }
        }
    }
}

/// The numbers below `length` in random order (Fisher–Yates).
fn shuffled(length: usize, random: &mut Random) -> Vec<u32> {
    let mut order: Vec<u32> = (0..length as u32).collect();
    for at in (1..length).rev() {
        order.swap(at, random.index(at + 1));
    }
    order
}
