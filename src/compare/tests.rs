//! Comparisons of runs made by hand.

mod simulation;
