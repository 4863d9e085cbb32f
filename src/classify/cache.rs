//! [`EmbeddingCache`]: embeddings of texts that were seen lately, under the hash of text and encoder.
//!
//! What is kept is the embedding, not the category: it stays valid when another category model is promoted. Texts themselves
//! are not kept.

use super::encoder::{Embedding, TextEncoder};
use hashlink::LruCache;
use sha2::{Digest, Sha256};
use std::sync::{Arc, Mutex, PoisonError};

/// SHA-256 of an encoder's fingerprint and a text.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub(super) struct TextKey([u8; 32]);

impl TextKey {
    /// The key of a text for an encoder.
    pub(super) fn new(encoder: &TextEncoder, text: &str) -> Self {
        Self(Sha256::new().chain_update(encoder.fingerprint()).chain_update(text).finalize().into())
    }
}

/// The embeddings used last, a bounded number of them. Shared between threads.
#[derive(Debug)]
pub(super) struct EmbeddingCache {
    entries: Mutex<LruCache<TextKey, Arc<Embedding>>>,
}

impl EmbeddingCache {
    /// An empty cache of at most `capacity` embeddings; 0: it never holds any.
    pub(super) fn new(capacity: usize) -> Self {
        Self { entries: Mutex::new(LruCache::new(capacity)) }
    }

    /// What is known of a text, which then counts as used last.
    pub(super) fn get(&self, key: &TextKey) -> Option<Arc<Embedding>> {
        self.entries.lock().unwrap_or_else(PoisonError::into_inner).get(key).cloned()
    }

    /// Keeps an embedding; the one not used for longest goes where there is no room.
    pub(super) fn insert(&self, key: TextKey, embedding: Arc<Embedding>) {
        self.entries.lock().unwrap_or_else(PoisonError::into_inner).insert(key, embedding);
    }

    /// Embeddings kept.
    pub(super) fn len(&self) -> usize {
        self.entries.lock().unwrap_or_else(PoisonError::into_inner).len()
    }
}
