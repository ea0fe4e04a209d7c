//! Comparisons of runs made by hand.

mod judging;
mod simulation;
