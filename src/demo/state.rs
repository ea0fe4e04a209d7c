//! What the sample API remembers: sessions, orders and market data. All of it is bounded.

use std::collections::{BTreeMap, BTreeSet, HashMap, VecDeque};
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

use bytes::Bytes;
use rand::RngExt as _;

use super::Options;
use super::feed::Feeds;
use super::market;
use super::pool::DatabasePool;

/// The newest orders kept.
const MAX_ORDERS: usize = 100_000;
/// The newest sessions, and the newest unused form tokens, kept.
const MAX_SESSIONS: usize = 100_000;
/// How long market data is served from the cache.
const CACHE_TIME: Duration = Duration::from_secs(1);
/// The password of every user.
const PASSWORD: &str = "test123";
/// Users apart from `trader1` to `trader1000`.
const NAMED_USERS: &[&str] = &["ann", "bob", "carol", "dave"];
const TRADERS: u32 = 1000;

/// A known user.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub(super) struct UserId(u32);

impl UserId {
    /// The user of this name, if there is one.
    fn named(name: &str) -> Option<Self> {
        if let Some(number) = name.strip_prefix("trader") {
            // `trader01` and `trader+1` are nobody.
            let number: u32 = number.parse().ok()?;
            return ((1..=TRADERS).contains(&number) && name.len() == format!("trader{number}").len())
                .then_some(Self(number));
        }
        let index = NAMED_USERS.iter().position(|known| *known == name)?;
        Some(Self(TRADERS + 1 + index as u32))
    }

    pub(super) fn number(self) -> u32 {
        self.0
    }

    pub(super) fn name(self) -> String {
        match NAMED_USERS.get((self.0 as usize).wrapping_sub(TRADERS as usize + 1)) {
            Some(name) => (*name).to_owned(),
            None => format!("trader{}", self.0),
        }
    }
}

/// Whether an order has been carried out.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Status {
    Open,
    Filled,
}

impl Status {
    pub(super) fn name(self) -> &'static str {
        match self {
            Self::Open => "OPEN",
            Self::Filled => "FILLED",
        }
    }

    pub(super) fn from_name(name: &str) -> Option<Self> {
        [Self::Open, Self::Filled].into_iter().find(|status| status.name() == name)
    }
}

/// An order to buy.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(super) struct Order {
    pub(super) id: u64,
    pub(super) owner: UserId,
    pub(super) symbol: &'static str,
    pub(super) quantity: u64,
    pub(super) kind: &'static str,
    pub(super) price: f64,
    pub(super) status: Status,
}

/// Everything the API remembers.
pub(super) struct State {
    pub(super) pool: DatabasePool,
    pub(super) cache: bool,
    pub(super) feeds: Feeds,
    started: Instant,
    market: Mutex<Option<(Instant, Bytes)>>,
    sessions: Mutex<Newest<UserId>>,
    forms: Mutex<Newest<()>>,
    orders: Mutex<Orders>,
}

impl State {
    pub(super) fn new(options: &Options, feeds: Feeds) -> Self {
        Self {
            pool: DatabasePool::new(options.db_pool, options.query_time),
            cache: options.cache,
            feeds,
            started: Instant::now(),
            market: Mutex::new(None),
            sessions: Mutex::new(Newest::new(MAX_SESSIONS)),
            forms: Mutex::new(Newest::new(MAX_SESSIONS)),
            orders: Mutex::new(Orders::new(MAX_ORDERS)),
        }
    }

    /// Seconds the market has been open.
    pub(super) fn seconds(&self) -> f64 {
        self.started.elapsed().as_secs_f64()
    }

    /// Market data that is still fresh.
    pub(super) fn cached_market(&self) -> Option<Bytes> {
        let cached = lock(&self.market);
        let (at, body) = cached.as_ref().filter(|_| self.cache)?;
        (at.elapsed() < CACHE_TIME).then(|| body.clone())
    }

    pub(super) fn cache_market(&self, body: &Bytes) {
        if self.cache {
            *lock(&self.market) = Some((Instant::now(), body.clone()));
        }
    }

    /// Checks a user name and a password and opens a session.
    pub(super) fn log_in(&self, username: &str, password: &str) -> Option<(UserId, String)> {
        let user = UserId::named(username).filter(|_| password == PASSWORD)?;
        let token = random_token();
        lock(&self.sessions).insert(token.clone(), user);
        Some((user, token))
    }

    pub(super) fn session(&self, token: &str) -> Option<UserId> {
        lock(&self.sessions).entries.get(token).copied()
    }

    pub(super) fn log_out(&self, token: &str) {
        lock(&self.sessions).remove(token);
    }

    /// A token that a form must bring back, once.
    pub(super) fn form_token(&self) -> String {
        let token = random_token();
        lock(&self.forms).insert(token.clone(), ());
        token
    }

    pub(super) fn use_form_token(&self, token: &str) -> bool {
        lock(&self.forms).remove(token).is_some()
    }

    pub(super) fn orders(&self) -> MutexGuard<'_, Orders> {
        lock(&self.orders)
    }

    pub(super) fn session_count(&self) -> usize {
        lock(&self.sessions).entries.len()
    }

    /// Forgets everything.
    pub(super) fn reset(&self) {
        self.orders().clear();
        *lock(&self.sessions) = Newest::new(MAX_SESSIONS);
        *lock(&self.forms) = Newest::new(MAX_SESSIONS);
        *lock(&self.market) = None;
    }
}

fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

fn random_token() -> String {
    format!("{:032x}", rand::rng().random::<u128>())
}

/// A map that forgets its oldest entry when it is full.
struct Newest<T> {
    entries: HashMap<String, T>,
    ages: VecDeque<String>,
    limit: usize,
}

impl<T> Newest<T> {
    fn new(limit: usize) -> Self {
        Self { entries: HashMap::new(), ages: VecDeque::new(), limit }
    }

    fn insert(&mut self, key: String, value: T) {
        if self.ages.len() >= self.limit
            && let Some(oldest) = self.ages.pop_front()
        {
            self.entries.remove(&oldest);
        }
        self.ages.push_back(key.clone());
        self.entries.insert(key, value);
    }

    /// Its place in the queue of ages stays, so that removing costs no search; the queue is bounded.
    fn remove(&mut self, key: &str) -> Option<T> {
        self.entries.remove(key)
    }
}

/// The newest orders, by number and by owner.
pub(super) struct Orders {
    by_id: BTreeMap<u64, Order>,
    accounts: HashMap<UserId, Account>,
    next: u64,
    limit: usize,
}

/// What belongs to one user.
#[derive(Default)]
struct Account {
    orders: BTreeSet<u64>,
    /// How many of each symbol; orders that were forgotten for their age still count.
    holdings: BTreeMap<&'static str, u64>,
}

impl Orders {
    fn new(limit: usize) -> Self {
        Self { by_id: BTreeMap::new(), accounts: HashMap::new(), next: 1, limit }
    }

    /// Keeps an order under the next number and tells it.
    pub(super) fn place(&mut self, mut order: Order) -> Order {
        if self.by_id.len() >= self.limit
            && let Some((id, oldest)) = self.by_id.pop_first()
            && let Some(account) = self.accounts.get_mut(&oldest.owner)
        {
            account.orders.remove(&id);
        }
        order.id = self.next;
        self.next += 1;
        self.by_id.insert(order.id, order);
        let account = self.accounts.entry(order.owner).or_default();
        account.orders.insert(order.id);
        if order.status == Status::Filled {
            let held = account.holdings.entry(order.symbol).or_default();
            *held = held.saturating_add(order.quantity);
        }
        order
    }

    /// An owner's order.
    pub(super) fn get(&self, owner: UserId, id: u64) -> Option<Order> {
        self.by_id.get(&id).filter(|order| order.owner == owner).copied()
    }

    /// An owner's orders, newest first.
    pub(super) fn owned_by(&self, owner: UserId) -> impl Iterator<Item = &Order> {
        let account = self.accounts.get(&owner).into_iter();
        account.flat_map(|account| account.orders.iter().rev()).filter_map(|id| self.by_id.get(id))
    }

    /// Takes an owner's order back; tells whether it was there.
    pub(super) fn cancel(&mut self, owner: UserId, id: u64) -> bool {
        let Some(order) = self.get(owner, id) else { return false };
        self.by_id.remove(&id);
        if let Some(account) = self.accounts.get_mut(&owner) {
            account.orders.remove(&id);
            if order.status == Status::Filled
                && let Some(held) = account.holdings.get_mut(order.symbol)
            {
                *held = held.saturating_sub(order.quantity);
            }
        }
        true
    }

    pub(super) fn len(&self) -> usize {
        self.by_id.len()
    }

    /// Takes all orders away, and what they bought. Numbers are not used twice.
    pub(super) fn clear(&mut self) {
        self.by_id.clear();
        self.accounts.clear();
    }

    /// How many of each symbol an owner has bought, in order of symbol.
    pub(super) fn holdings(&self, owner: UserId) -> BTreeMap<&'static str, u64> {
        let mut holdings = self.accounts.get(&owner).map(|account| account.holdings.clone()).unwrap_or_default();
        holdings.retain(|_, quantity| *quantity > 0);
        holdings
    }
}

/// Market data as JSON.
pub(super) fn market_json(seconds: f64) -> Bytes {
    let prices: Vec<_> = market::quotes(seconds)
        .map(|quote| serde_json::json!({ "symbol": quote.symbol, "price": quote.price, "change": quote.change }))
        .collect();
    let time = jiff::Timestamp::now().strftime("%Y-%m-%dT%H:%M:%S.%3fZ").to_string();
    serde_json::json!({ "prices": prices, "time": time }).to_string().into()
}

#[cfg(test)]
#[expect(clippy::unwrap_used, reason = "a test fails by panicking")]
mod tests {
    use super::*;

    fn order(owner: UserId) -> Order {
        Order { id: 0, owner, symbol: "AAPL", quantity: 2, kind: "MARKET", price: 1.0, status: Status::Filled }
    }

    #[test]
    fn only_known_users_exist() {
        for name in ["trader1", "trader1000", "ann", "dave"] {
            assert_eq!(UserId::named(name).unwrap().name(), name);
        }
        for name in ["trader0", "trader1001", "trader01", "trader+1", "trader", "Ann", ""] {
            assert_eq!(UserId::named(name), None, "{name}");
        }
    }

    #[test]
    fn the_oldest_orders_are_forgotten() {
        let (ann, bob) = (UserId::named("ann").unwrap(), UserId::named("bob").unwrap());
        let mut orders = Orders::new(3);
        for owner in [ann, ann, bob, ann] {
            orders.place(order(owner));
        }
        assert_eq!(orders.len(), 3);
        assert_eq!(orders.owned_by(ann).map(|order| order.id).collect::<Vec<_>>(), [4, 2]);
        assert_eq!(orders.get(bob, 4), None);
        assert!(!orders.cancel(bob, 4) && orders.cancel(ann, 4) && !orders.cancel(ann, 4));
        // Ann bought 2 three times; the first order is forgotten, not undone; the third was taken back.
        assert_eq!(orders.holdings(ann).get("AAPL"), Some(&4));
    }

    #[test]
    fn the_oldest_entries_are_forgotten() {
        let mut newest = Newest::new(2);
        for key in ["a", "b", "c"] {
            newest.insert(key.to_owned(), ());
        }
        assert!(newest.remove("a").is_none() && newest.remove("b").is_some() && newest.remove("c").is_some());
        assert!(newest.ages.len() <= 2);
    }
}
