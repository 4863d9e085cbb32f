//! [`LiveSimilar`]: the index of similar contacts, kept up with the database.
//!
//! Before it is asked, it reads what changed since the last time, so it knows what any process has recorded or erased. It
//! belongs to one encoder; when another one serves, it starts anew, as vectors of two encoders cannot be compared.

use crate::classify::encoder::TextEncoder;
use crate::outcome::TextVector;
use crate::similar::{Search, Similar, SimilarIndex, SimilarOptions};
use crate::store::{Store, StoreError, Tenant};
use crate::ticket::Name;
use std::collections::HashSet;
use std::fmt::Write as _;
use std::sync::{Arc, PoisonError, RwLock};
use tokio::sync::Mutex;

/// Changes read at once.
const PAGE: u32 = 2_000;

/// An index that is up to date, to be asked off the server's threads.
#[derive(Debug, Clone)]
pub struct ReadyIndex {
    /// The index.
    pub index: Arc<RwLock<SimilarIndex>>,
    /// Contacts whose vectors other encoders made, when the index was started: they cannot be compared.
    pub not_comparable: u64,
}

impl ReadyIndex {
    /// How many contacts are compared.
    #[must_use]
    pub fn len(&self) -> usize {
        self.index.read().unwrap_or_else(PoisonError::into_inner).len()
    }

    /// Whether there are none to compare with.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }
}

/// A search that can be handed to another thread; see [`Search`].
#[derive(Debug, Clone)]
pub struct Wanted {
    /// The vector of the text.
    pub vector: TextVector,
    /// Most contacts in the answer.
    pub limit: usize,
    /// Smallest cosine, -1 to 1.
    pub min_similarity: f64,
    /// A contact that is not to be found.
    pub except: Option<Name>,
    /// The only contacts that are to be found.
    pub among: Option<Arc<HashSet<Name>>>,
}

/// The thread that looked ended before it was done.
#[derive(Debug, thiserror::Error)]
#[error("looking for similar contacts was interrupted")]
pub struct SearchInterrupted;

impl ReadyIndex {
    /// Looks for similar contacts in a thread that may block.
    ///
    /// # Errors
    /// [`SearchInterrupted`] where that thread fails.
    pub async fn search(&self, wanted: Wanted) -> Result<Vec<Similar>, SearchInterrupted> {
        let index = Arc::clone(&self.index);
        let look = move || {
            let index = index.read().unwrap_or_else(PoisonError::into_inner);
            index.nearest(Search {
                vector: &wanted.vector,
                limit: wanted.limit,
                min_similarity: wanted.min_similarity,
                except: wanted.except.as_ref(),
                among: wanted.among.as_deref(),
            })
        };
        tokio::task::spawn_blocking(look).await.map_err(|_| SearchInterrupted)
    }
}

/// The index of the encoder that serves.
#[derive(Debug)]
pub struct LiveSimilar {
    options: SimilarOptions,
    state: Mutex<Option<State>>,
}

#[derive(Debug)]
struct State {
    encoder: String,
    last_change: i64,
    ready: ReadyIndex,
}

impl LiveSimilar {
    /// An index that is read from the database when it is first needed.
    #[must_use]
    pub fn new(options: SimilarOptions) -> Self {
        Self { options, state: Mutex::new(None) }
    }

    /// Whether similar contacts can be found.
    #[must_use]
    pub fn is_enabled(&self) -> bool {
        self.options.enabled
    }

    /// The index with everything that is committed now.
    ///
    /// # Errors
    /// [`StoreError`] when the database fails; what was read until then stays read.
    pub async fn ready(
        &self,
        store: &Store,
        tenant: &Tenant,
        encoder: &TextEncoder,
    ) -> Result<ReadyIndex, StoreError> {
        let key = encoder_key(encoder);
        let mut state = self.state.lock().await;
        // What was read stays in its place while the database is awaited: a caller that gives up takes nothing away.
        let known = match &mut *state {
            Some(known) if known.encoder == key => known,
            other => other.insert(self.start(store, tenant, encoder, key).await?),
        };
        known.catch_up(store, tenant).await?;
        Ok(known.ready.clone())
    }

    async fn start(
        &self,
        store: &Store,
        tenant: &Tenant,
        encoder: &TextEncoder,
        key: String,
    ) -> Result<State, StoreError> {
        let span = store.embedding_span(tenant, &key, self.options.max_contacts).await?;
        let most = usize::try_from(self.options.max_contacts).unwrap_or(usize::MAX);
        let identity = encoder.identity();
        if span.of_other_encoders > 0 {
            tracing::warn!(
                encoder = identity.name,
                contacts = span.of_other_encoders,
                "contacts embedded by other encoders cannot be compared: they are left out of similar contacts"
            );
        }
        let index = Arc::new(RwLock::new(SimilarIndex::new(identity.dimension, most)));
        let ready = ReadyIndex { index, not_comparable: span.of_other_encoders };
        Ok(State { encoder: key, last_change: span.after, ready })
    }
}

impl State {
    async fn catch_up(&mut self, store: &Store, tenant: &Tenant) -> Result<(), StoreError> {
        loop {
            let changes =
                store.embedding_changes(tenant, &self.encoder, self.last_change, PAGE).await?;
            let is_last = changes.len() < PAGE as usize;
            let mut index = self.ready.index.write().unwrap_or_else(PoisonError::into_inner);
            for change in changes {
                match &change.vector {
                    Some(vector) => index.put(change.contact, vector),
                    None => index.remove(&change.contact),
                }
                self.last_change = change.change;
            }
            drop(index);
            if is_last {
                return Ok(());
            }
        }
    }
}

/// What tells encoders apart whose vectors cannot be compared: 64 hexadecimal digits.
#[must_use]
pub fn encoder_key(encoder: &TextEncoder) -> String {
    encoder.fingerprint().iter().fold(String::with_capacity(64), |mut key, byte| {
        // Writing into a text cannot fail.
        let _ = write!(key, "{byte:02x}");
        key
    })
}
