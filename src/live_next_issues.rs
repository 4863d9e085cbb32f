//! [`LiveNextIssues`]: the map of next issues that answers now, and how it is kept up to date.
//!
//! Many processes may share one database: one of them computes the map while the others wait with what they have, and then
//! load what it has stored. What lives here is a copy; losing it loses nothing.

use crate::next_issue::{NextIssueMap, NextIssueOptions};
use crate::outcome::{AdjacentPairs, OutcomePolicy, Relation};
use crate::store::{EpisodeScope, Store, StoreError, Tenant};
use crate::ticket::IssueCategory;
use crate::timestamp::Timestamp;
use arc_swap::ArcSwap;
use std::collections::HashMap;
use std::sync::Arc;
use tokio::sync::{Mutex, OnceCell};

/// Maps of single teams and channels that are kept at once.
const SCOPES_KEPT: usize = 64;

/// The map that answers now. Readers never wait.
pub struct LiveNextIssues {
    options: NextIssueOptions,
    policy: OutcomePolicy,
    map: ArcSwap<NextIssueMap>,
    /// The pairs that are adjacent by that map or by declaration.
    pairs: ArcSwap<AdjacentPairs>,
    /// Maps of single teams and channels.
    scoped: Mutex<HashMap<EpisodeScope, Scoped>>,
}

/// A map of one scope: computed by the first who asks for it, while the others wait for that scope alone.
#[derive(Clone)]
struct Scoped {
    asked_at: Timestamp,
    map: Arc<OnceCell<Arc<NextIssueMap>>>,
}

/// What a look at the map led to.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Refreshed {
    /// The map is fresh enough.
    Unchanged,
    /// Another process had computed it.
    Loaded,
    /// It was computed here.
    Computed,
    /// It is due, and another process is computing it.
    Awaited,
}

impl LiveNextIssues {
    /// Nothing known yet.
    #[must_use]
    pub fn new(options: NextIssueOptions, policy: OutcomePolicy) -> Self {
        let pairs = ArcSwap::from_pointee(AdjacentPairs::declared(&policy));
        Self { options, policy, map: ArcSwap::default(), pairs, scoped: Mutex::default() }
    }

    /// The map as of now: one snapshot, to be used to the end of a request.
    #[must_use]
    pub fn map(&self) -> Arc<NextIssueMap> {
        self.map.load_full()
    }

    /// The adjacent pairs as of now: one snapshot, to be used to the end of a request.
    #[must_use]
    pub fn adjacent_pairs(&self) -> Arc<AdjacentPairs> {
        self.pairs.load_full()
    }

    /// What the map is computed by.
    #[must_use]
    pub fn options(&self) -> &NextIssueOptions {
        &self.options
    }

    /// Loads the map if another process has computed it, and computes it if it is due and nobody else does.
    ///
    /// It is due when it is older than `refresh_interval_s`, and at the first look of a process whose options are others than
    /// those of the stored map.
    ///
    /// # Errors
    /// [`StoreError`] when the database fails; the map before it stays.
    pub async fn refresh(
        &self,
        store: &Store,
        tenant: &Tenant,
        process: &str,
        now: Timestamp,
    ) -> Result<Refreshed, StoreError> {
        let before = self.map.load().computed_at;
        let basis = self.basis();
        let mut refreshed = Refreshed::Unchanged;
        let stored = store.next_issues_computed(tenant).await?;
        if let Some(stored) = &stored
            && Some(stored.computed_at) != before
        {
            self.swap_in(store.load_next_issues(tenant).await?);
            refreshed = Refreshed::Loaded;
        }
        let is_due = stored.is_none_or(|stored| {
            self.is_outdated(stored.computed_at, now) || (before.is_none() && stored.basis != basis)
        });
        if !is_due {
            return Ok(refreshed);
        }
        let until = after_seconds(now, self.options.lease_s);
        if !store.take_next_issues_lease(tenant, process, now, until).await? {
            return Ok(Refreshed::Awaited);
        }
        let computed = self.compute(store, tenant, &basis, now).await;
        store.give_back_next_issues_lease(tenant, process, until).await?;
        computed.map(|()| Refreshed::Computed)
    }

    /// The map of one team or channel, computed when it is asked for and kept for `refresh_interval_s`.
    ///
    /// # Errors
    /// [`StoreError`] when the database fails.
    pub async fn scoped(
        &self,
        store: &Store,
        tenant: &Tenant,
        scope: &EpisodeScope,
        now: Timestamp,
    ) -> Result<Arc<NextIssueMap>, StoreError> {
        let scoped = self.scoped_of(scope, now).await;
        let compute = store.compute_next_issues(tenant, scope, &self.options, &self.policy, now);
        let map = scoped.map.get_or_try_init(|| async { compute.await.map(Arc::new) }).await?;
        Ok(Arc::clone(map))
    }

    /// What is kept of a scope; a new place for it where there is none, for which the oldest one makes room.
    async fn scoped_of(&self, scope: &EpisodeScope, now: Timestamp) -> Scoped {
        let mut kept = self.scoped.lock().await;
        kept.retain(|_, one| !self.is_outdated(one.asked_at, now));
        if let Some(scoped) = kept.get(scope) {
            return scoped.clone();
        }
        if kept.len() >= SCOPES_KEPT
            && let Some(oldest) =
                kept.iter().min_by_key(|(_, one)| one.asked_at).map(|(scope, _)| scope.clone())
        {
            kept.remove(&oldest);
        }
        let scoped = Scoped { asked_at: now, map: Arc::default() };
        kept.insert(scope.clone(), scoped.clone());
        scoped
    }

    /// Computes the map, tells the stored contacts which pairs are adjacent now, counts repeats by that, stores and swaps it in.
    async fn compute(
        &self,
        store: &Store,
        tenant: &Tenant,
        basis: &str,
        now: Timestamp,
    ) -> Result<(), StoreError> {
        let everything = EpisodeScope::default();
        let mut map = store
            .compute_next_issues(tenant, &everything, &self.options, &self.policy, now)
            .await?;
        let adjacent = self.adjacent(&map);
        let known = related_so_far(store, tenant, &adjacent).await?;
        if store.refresh_adjacency(tenant, &known, &adjacent, &self.policy, now).await? > 0 {
            map.count_repeats(&store.count_repeats(tenant, &everything, now).await?);
        }
        store.replace_next_issues(tenant, &map, basis).await?;
        self.swap_in(map);
        self.scoped.lock().await.clear();
        Ok(())
    }

    fn swap_in(&self, map: NextIssueMap) {
        self.pairs.store(Arc::new(self.adjacent(&map)));
        self.map.store(Arc::new(map));
    }

    /// The pairs that are adjacent by a map's figures, and those that people declared.
    fn adjacent(&self, map: &NextIssueMap) -> AdjacentPairs {
        let mut adjacent = AdjacentPairs::declared(&self.policy);
        for (primary, secondary) in map.adjacent_pairs(self.policy.adjacency_window_days) {
            adjacent.insert(primary.clone(), secondary.clone());
        }
        adjacent
    }

    fn is_outdated(&self, computed_at: Timestamp, now: Timestamp) -> bool {
        now >= after_seconds(computed_at, self.options.refresh_interval_s)
    }

    /// Names what the figures depend on besides the data.
    fn basis(&self) -> String {
        let NextIssueOptions { min_episodes, secondaries_per_primary, .. } = &self.options;
        let policy = serde_json::to_string(&self.policy).unwrap_or_default();
        format!("1 {min_episodes} {secondaries_per_primary} {policy}")
    }
}

/// The pairs by which stored contacts are related. One that is adjacent still and has contacts that are not implicit (stored by a
/// process that knew no better) is left out, so that it is gone through again.
async fn related_so_far(
    store: &Store,
    tenant: &Tenant,
    adjacent: &AdjacentPairs,
) -> Result<AdjacentPairs, StoreError> {
    let implicit = store.related_pairs(tenant, Relation::Implicit).await?;
    let unrelated = store.related_pairs(tenant, Relation::Unrelated).await?;
    let is_whole = |(p, s): &(&IssueCategory, &IssueCategory)| {
        !(adjacent.contains(p, s) && unrelated.contains(p, s))
    };
    Ok(implicit.iter().filter(is_whole).map(|(p, s)| (p.clone(), s.clone())).collect())
}

fn after_seconds(instant: Timestamp, seconds: u64) -> Timestamp {
    let millis = i64::try_from(seconds).unwrap_or(i64::MAX).saturating_mul(1000);
    Timestamp::from_millis(instant.millis().saturating_add(millis))
        .unwrap_or_else(|_| instant.plus_days(i64::MAX))
}
