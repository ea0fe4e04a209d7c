//! Symbols and their prices, which move a little from second to second.

/// Each symbol with the price it moves around.
const SYMBOLS: &[(&str, f64)] = &[
    ("AAPL", 189.5),
    ("AMZN", 178.25),
    ("GOOGL", 141.8),
    ("IBM", 168.4),
    ("INTC", 43.65),
    ("META", 484.1),
    ("MSFT", 415.3),
    ("NFLX", 605.9),
    ("NVDA", 875.2),
    ("ORCL", 126.75),
    ("SAP", 190.6),
    ("TSLA", 202.6),
];

/// The widest a price strays from its middle, as a fraction.
const SWING: f64 = 0.02;

/// A symbol's price at some moment.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(super) struct Quote {
    pub(super) symbol: &'static str,
    /// In dollars, whole cents.
    pub(super) price: f64,
    /// Against the middle price, in percent.
    pub(super) change: f64,
}

impl Quote {
    /// What a buyer offers.
    pub(super) fn bid(&self) -> f64 {
        cents(self.price - 0.01)
    }

    /// What a seller asks.
    pub(super) fn ask(&self) -> f64 {
        cents(self.price + 0.01)
    }
}

/// All quotes `seconds` after some moment.
pub(super) fn quotes(seconds: f64) -> impl Iterator<Item = Quote> {
    (0..SYMBOLS.len()).map(move |index| quote_at(index, seconds))
}

/// The quote of one symbol, as it is spelled on the exchange.
pub(super) fn quote(symbol: &str, seconds: f64) -> Option<Quote> {
    let index = SYMBOLS.iter().position(|(known, _)| *known == symbol)?;
    Some(quote_at(index, seconds))
}

/// The quote number `number` of a symbol's price feed: the price moves on by a second with every quote, however
/// quickly they come, so that every feed of every run tells the same prices.
pub(super) fn feed_quote(symbol: &str, number: u64) -> Option<Quote> {
    quote(symbol, number as f64)
}

fn quote_at(index: usize, seconds: f64) -> Quote {
    let (symbol, middle) = SYMBOLS[index];
    let wave = (seconds / 60.0 + index as f64).sin();
    let price = cents(middle * (1.0 + SWING * wave));
    Quote { symbol, price, change: cents((price / middle - 1.0) * 100.0) }
}

/// Rounded to two decimals.
pub(super) fn cents(amount: f64) -> f64 {
    (amount * 100.0).round() / 100.0
}
