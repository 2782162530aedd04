//! What a token's bearer may do.
//!
//! Sources: Momento's protocol (`permission_messages.proto`) and documentation, "Permissions":
//! a super user, or statements that each name caches or topics, items of them, and a role.
//! A request is let through where one statement allows it. `Differs:` statements about functions
//! are kept and allow nothing, for nothing here runs them.
//!
//! `Differs:` Momento's documentation counts pops and increments among what `writeonly` allows,
//! though they tell what is there; here that role learns nothing but the length of a list to
//! which it adds.
//!
//! What a token's maker asked for is judged when the token is made, and the token's own message
//! each time it is verified: what is let through first has to be let through again.

use std::collections::HashSet;

use momento_protos::permission_messages::permissions_type::cache_item_selector::Kind as ItemKind;
use momento_protos::permission_messages::permissions_type::cache_permissions::{
    Cache as InCache, CacheItem,
};
use momento_protos::permission_messages::permissions_type::cache_selector::Kind as CacheKind;
use momento_protos::permission_messages::permissions_type::topic_permissions::{
    Cache as InTopicCache, Topic,
};
use momento_protos::permission_messages::permissions_type::topic_selector::Kind as TopicKind;
use momento_protos::permission_messages::permissions_type::{
    CachePermissions, CacheSelector, FunctionPermissions, Kind as StatementKind, TopicPermissions,
};
use momento_protos::permission_messages::{
    CacheRole, ExplicitPermissions, FunctionRole, Permissions, PermissionsType,
    SuperUserPermissions, TopicRole, permissions,
};

/// Statements of one token.
pub(super) const STATEMENTS_MAX: usize = 256;

/// What a token allows.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Grants {
    /// Everything but to make others of its like.
    SuperUser,
    Explicit(Vec<Grant>),
}

#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Grant {
    Items {
        role: Role,
        cache: Scope,
        items: Items,
    },
    Topics {
        role: Role,
        cache: Scope,
        topics: Topics,
    },
    /// As it was asked for.
    Functions(FunctionPermissions),
}

/// `None`: all of them.
pub(super) type Scope = Option<String>;

#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Items {
    All,
    Key(Vec<u8>),
    Prefix(Vec<u8>),
}

#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Topics {
    All,
    Named(String),
    Prefix(String),
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Role {
    ReadWrite,
    ReadOnly,
    WriteOnly,
}

/// What a call does to what it names.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Need {
    Read,
    Write,
    /// A write that depends on what is there, or tells of it.
    ReadAndWrite,
}

impl Role {
    fn allows(self, need: Need) -> bool {
        match (self, need) {
            (Self::ReadWrite, Need::Read | Need::Write | Need::ReadAndWrite)
            | (Self::ReadOnly, Need::Read)
            | (Self::WriteOnly, Need::Write) => true,
            (Self::ReadOnly, Need::Write | Need::ReadAndWrite)
            | (Self::WriteOnly, Need::Read | Need::ReadAndWrite) => false,
        }
    }
}

impl Grants {
    /// As a message has them; the text says what is wrong.
    pub(super) fn of(message: &Permissions) -> Result<Self, &'static str> {
        match &message.kind {
            None => Err("Invalid argument: permissions are missing"),
            Some(permissions::Kind::SuperUser(number)) => {
                match SuperUserPermissions::try_from(*number) {
                    Ok(SuperUserPermissions::SuperUser) => Ok(Self::SuperUser),
                    Err(_) => Err("Invalid argument: an unknown kind of super user"),
                }
            }
            Some(permissions::Kind::Explicit(explicit)) => explicit_of(explicit),
        }
    }

    pub(super) fn message(&self) -> Permissions {
        let kind = match self {
            Self::SuperUser => permissions::Kind::SuperUser(SuperUserPermissions::SuperUser.into()),
            Self::Explicit(grants) => permissions::Kind::Explicit(ExplicitPermissions {
                permissions: grants.iter().map(statement).collect(),
            }),
        };
        Permissions { kind: Some(kind) }
    }

    pub(super) fn allow_item(&self, cache: &str, key: &[u8], need: Need) -> bool {
        self.any(|grant| match grant {
            Grant::Items { role, cache: scope, items } => {
                role.allows(need) && covers(scope, cache) && items.cover(key)
            }
            Grant::Topics { .. } | Grant::Functions(_) => false,
        })
    }

    /// Whether any item of the cache may be touched at all. Who may not is told nothing of it.
    pub(super) fn know_cache(&self, cache: &str) -> bool {
        self.any(|grant| match grant {
            Grant::Items { cache: scope, .. } | Grant::Topics { cache: scope, .. } => {
                covers(scope, cache)
            }
            Grant::Functions(_) => false,
        })
    }

    fn any(&self, allows: impl Fn(&Grant) -> bool) -> bool {
        match self {
            Self::SuperUser => true,
            Self::Explicit(grants) => grants.iter().any(allows),
        }
    }
}

fn covers(scope: &Scope, name: &str) -> bool {
    scope.as_deref().is_none_or(|scope| scope == name)
}

impl Items {
    fn cover(&self, key: &[u8]) -> bool {
        match self {
            Self::All => true,
            Self::Key(only) => only == key,
            Self::Prefix(prefix) => key.starts_with(prefix),
        }
    }
}

fn explicit_of(explicit: &ExplicitPermissions) -> Result<Grants, &'static str> {
    let statements = &explicit.permissions;
    if statements.is_empty() {
        return Err("Invalid argument: the list of permissions is empty");
    }
    if statements.len() > STATEMENTS_MAX {
        return Err("Invalid argument: too many permissions");
    }
    let mut selected = HashSet::new();
    let mut grants = Vec::with_capacity(statements.len());
    for statement in statements {
        let grant = grant_of(statement)?;
        if !selected.insert(selector(&grant)) {
            return Err("Invalid argument: two permissions are for the same resource");
        }
        grants.push(grant);
    }
    Ok(Grants::Explicit(grants))
}

fn grant_of(statement: &PermissionsType) -> Result<Grant, &'static str> {
    match &statement.kind {
        Some(StatementKind::CachePermissions(message)) => items_of(message),
        Some(StatementKind::TopicPermissions(message)) => topics_of(message),
        Some(StatementKind::FunctionPermissions(message)) => {
            match FunctionRole::try_from(message.role) {
                Ok(FunctionRole::FunctionInvoke) => Ok(Grant::Functions(message.clone())),
                Ok(FunctionRole::FunctionPermitNone) | Err(_) => Err(UNKNOWN_ROLE),
            }
        }
        None => Err("Invalid argument: an unknown kind of permission"),
    }
}

/// What a grant is for: its statement without a role.
fn selector(grant: &Grant) -> PermissionsType {
    let mut statement = statement(grant);
    match &mut statement.kind {
        Some(StatementKind::CachePermissions(message)) => message.role = 0,
        Some(StatementKind::TopicPermissions(message)) => message.role = 0,
        Some(StatementKind::FunctionPermissions(message)) => message.role = 0,
        None => {}
    }
    statement
}

const UNKNOWN_ROLE: &str = "Invalid argument: an unknown role";
const NO_CACHE: &str = "Invalid argument: a permission names no cache";

fn items_of(message: &CachePermissions) -> Result<Grant, &'static str> {
    let role = match CacheRole::try_from(message.role) {
        Ok(CacheRole::CacheReadWrite) => Role::ReadWrite,
        Ok(CacheRole::CacheReadOnly) => Role::ReadOnly,
        Ok(CacheRole::CacheWriteOnly) => Role::WriteOnly,
        Ok(CacheRole::CachePermitNone) | Err(_) => return Err(UNKNOWN_ROLE),
    };
    let cache = match &message.cache {
        Some(InCache::AllCaches(_)) => None,
        Some(InCache::CacheSelector(selector)) => Some(cache_of(selector)?),
        None => return Err(NO_CACHE),
    };
    let items = match &message.cache_item {
        // Tokens of before there were items say nothing of them.
        None | Some(CacheItem::AllItems(_)) => Items::All,
        Some(CacheItem::ItemSelector(selector)) => match &selector.kind {
            Some(ItemKind::Key(key)) if !key.is_empty() => Items::Key(key.clone()),
            Some(ItemKind::KeyPrefix(prefix)) if !prefix.is_empty() => {
                Items::Prefix(prefix.clone())
            }
            Some(_) | None => return Err("Invalid argument: a permission names no item"),
        },
    };
    Ok(Grant::Items { role, cache, items })
}

fn topics_of(message: &TopicPermissions) -> Result<Grant, &'static str> {
    let role = match TopicRole::try_from(message.role) {
        Ok(TopicRole::TopicReadWrite) => Role::ReadWrite,
        Ok(TopicRole::TopicReadOnly) => Role::ReadOnly,
        Ok(TopicRole::TopicWriteOnly) => Role::WriteOnly,
        Ok(TopicRole::TopicPermitNone) | Err(_) => return Err(UNKNOWN_ROLE),
    };
    let cache = match &message.cache {
        Some(InTopicCache::AllCaches(_)) => None,
        Some(InTopicCache::CacheSelector(selector)) => Some(cache_of(selector)?),
        None => return Err(NO_CACHE),
    };
    let topics = match &message.topic {
        None | Some(Topic::AllTopics(_)) => Topics::All,
        Some(Topic::TopicSelector(selector)) => match &selector.kind {
            Some(TopicKind::TopicName(name)) if !name.is_empty() => Topics::Named(name.clone()),
            Some(TopicKind::TopicNamePrefix(prefix)) if !prefix.is_empty() => {
                Topics::Prefix(prefix.clone())
            }
            Some(_) | None => return Err("Invalid argument: a permission names no topic"),
        },
    };
    Ok(Grant::Topics { role, cache, topics })
}

fn cache_of(selector: &CacheSelector) -> Result<String, &'static str> {
    match &selector.kind {
        Some(CacheKind::CacheName(name)) if !name.is_empty() => Ok(name.clone()),
        Some(CacheKind::CacheName(_)) | None => Err(NO_CACHE),
    }
}

fn statement(grant: &Grant) -> PermissionsType {
    use momento_protos::permission_messages::permissions_type::{
        All, CacheItemSelector, TopicSelector,
    };
    let selector = |name: &String| CacheSelector { kind: Some(CacheKind::CacheName(name.clone())) };
    let kind = match grant {
        Grant::Items { role, cache, items } => StatementKind::CachePermissions(CachePermissions {
            role: match role {
                Role::ReadWrite => CacheRole::CacheReadWrite,
                Role::ReadOnly => CacheRole::CacheReadOnly,
                Role::WriteOnly => CacheRole::CacheWriteOnly,
            }
            .into(),
            cache: Some(match cache {
                None => InCache::AllCaches(All {}),
                Some(name) => InCache::CacheSelector(selector(name)),
            }),
            cache_item: Some(match items {
                Items::All => CacheItem::AllItems(All {}),
                Items::Key(key) => CacheItem::ItemSelector(CacheItemSelector {
                    kind: Some(ItemKind::Key(key.clone())),
                }),
                Items::Prefix(prefix) => CacheItem::ItemSelector(CacheItemSelector {
                    kind: Some(ItemKind::KeyPrefix(prefix.clone())),
                }),
            }),
        }),
        Grant::Topics { role, cache, topics } => {
            StatementKind::TopicPermissions(TopicPermissions {
                role: match role {
                    Role::ReadWrite => TopicRole::TopicReadWrite,
                    Role::ReadOnly => TopicRole::TopicReadOnly,
                    Role::WriteOnly => TopicRole::TopicWriteOnly,
                }
                .into(),
                cache: Some(match cache {
                    None => InTopicCache::AllCaches(All {}),
                    Some(name) => InTopicCache::CacheSelector(selector(name)),
                }),
                topic: Some(match topics {
                    Topics::All => Topic::AllTopics(All {}),
                    Topics::Named(name) => Topic::TopicSelector(TopicSelector {
                        kind: Some(TopicKind::TopicName(name.clone())),
                    }),
                    Topics::Prefix(prefix) => Topic::TopicSelector(TopicSelector {
                        kind: Some(TopicKind::TopicNamePrefix(prefix.clone())),
                    }),
                }),
            })
        }
        Grant::Functions(message) => StatementKind::FunctionPermissions(message.clone()),
    };
    PermissionsType { kind: Some(kind) }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;
    use prost::Message;

    use super::*;

    fn items(role: Role, cache: Option<&str>, items: Items) -> Grant {
        Grant::Items { role, cache: cache.map(str::to_owned), items }
    }

    #[track_caller]
    fn check(grants: &[Grant], cache: &str, key: &str, allowed: [bool; 3]) {
        let grants = Grants::Explicit(grants.to_vec());
        let seen = [Need::Read, Need::Write, Need::ReadAndWrite]
            .map(|need| grants.allow_item(cache, key.as_bytes(), need));
        assert_eq!(seen, allowed, "{grants:?} for {key} in {cache}");
    }

    #[test]
    fn roles_and_selectors_decide() {
        let all = [items(Role::ReadWrite, None, Items::All)];
        check(&all, "a", "k", [true; 3]);
        let read = [items(Role::ReadOnly, Some("a"), Items::All)];
        check(&read, "a", "k", [true, false, false]);
        check(&read, "b", "k", [false; 3]);
        let write = [items(Role::WriteOnly, Some("a"), Items::Key(b"k".to_vec()))];
        check(&write, "a", "k", [false, true, false]);
        check(&write, "a", "kk", [false; 3]);
        let prefix = [items(Role::ReadWrite, None, Items::Prefix(b"user/".to_vec()))];
        check(&prefix, "a", "user/1", [true; 3]);
        check(&prefix, "a", "user", [false; 3]);
        // One statement has to allow the whole of it.
        check(&[read[0].clone(), write[0].clone()], "a", "k", [true, true, false]);
        check(&[Grant::Functions(FunctionPermissions::default())], "a", "k", [false; 3]);
        assert!(Grants::SuperUser.allow_item("a", b"k", Need::ReadAndWrite));
    }

    #[test]
    fn what_means_nothing_is_refused() {
        let explicit = |permissions| Permissions {
            kind: Some(permissions::Kind::Explicit(ExplicitPermissions { permissions })),
        };
        let good = statement(&items(Role::ReadOnly, Some("a"), Items::All));
        let with = |change: fn(&mut CachePermissions)| {
            let mut changed = good.clone();
            if let Some(StatementKind::CachePermissions(message)) = &mut changed.kind {
                change(message);
            }
            explicit(vec![changed])
        };
        let twice = statement(&items(Role::ReadWrite, Some("a"), Items::All));
        for (message, expected) in [
            (Permissions { kind: None }, "permissions are missing"),
            (Permissions { kind: Some(permissions::Kind::SuperUser(7)) }, "unknown kind of super"),
            (explicit(vec![]), "empty"),
            (explicit(vec![good.clone(); STATEMENTS_MAX + 1]), "too many"),
            (explicit(vec![good.clone(), twice]), "same resource"),
            (explicit(vec![PermissionsType { kind: None }]), "unknown kind of permission"),
            (with(|message| message.role = 0), "unknown role"),
            (with(|message| message.role = 9), "unknown role"),
            (with(|message| message.cache = None), "no cache"),
            (
                with(|message| {
                    message.cache = Some(InCache::CacheSelector(CacheSelector { kind: None }));
                }),
                "no cache",
            ),
            (
                with(|message| {
                    message.cache_item = Some(CacheItem::ItemSelector(Default::default()))
                }),
                "no item",
            ),
        ] {
            let refused = Grants::of(&message).expect_err("it is refused");
            assert!(refused.contains(expected), "{refused}");
        }
        assert!(Grants::of(&explicit(vec![good])).is_ok());
    }

    /// Two roles for what two messages say in different words.
    #[test]
    fn a_resource_is_the_same_however_it_is_said() {
        let mut implied = statement(&items(Role::ReadOnly, Some("a"), Items::All));
        let explicit = statement(&items(Role::ReadWrite, Some("a"), Items::All));
        if let Some(StatementKind::CachePermissions(message)) = &mut implied.kind {
            message.cache_item = None;
        }
        let topics = |role| statement(&Grant::Topics { role, cache: None, topics: Topics::All });
        let mut implied_topics = topics(Role::ReadOnly);
        if let Some(StatementKind::TopicPermissions(message)) = &mut implied_topics.kind {
            message.topic = None;
        }
        for pair in [[implied, explicit], [implied_topics, topics(Role::ReadWrite)]] {
            let explicit = ExplicitPermissions { permissions: pair.into() };
            let message = Permissions { kind: Some(permissions::Kind::Explicit(explicit)) };
            let refused = Grants::of(&message).expect_err("it is refused");
            assert!(refused.contains("same resource"), "{refused}");
        }
    }

    fn any_statement() -> impl Strategy<Value = StatementKind> {
        use momento_protos::permission_messages::permissions_type::function_permissions::{
            Cache as InFunctionCache, Function,
        };
        use momento_protos::permission_messages::permissions_type::function_selector::Kind;
        use momento_protos::permission_messages::permissions_type::{
            All, CacheItemSelector, FunctionSelector, TopicSelector,
        };
        let name = "[ab]?";
        let cache = || {
            let named =
                name.prop_map(|name| CacheSelector { kind: Some(CacheKind::CacheName(name)) });
            proptest::option::of(proptest::option::of(named))
        };
        let chosen = || proptest::option::of(proptest::option::of(("[ab]?", any::<bool>())));
        let items = (0..5, cache(), chosen()).prop_map(|(role, cache, item)| {
            StatementKind::CachePermissions(CachePermissions {
                role,
                cache: cache
                    .map(|named| named.map_or(InCache::AllCaches(All {}), InCache::CacheSelector)),
                cache_item: item.map(|chosen| match chosen {
                    None => CacheItem::AllItems(All {}),
                    Some((text, is_whole)) => CacheItem::ItemSelector(CacheItemSelector {
                        kind: Some(match is_whole {
                            true => ItemKind::Key(text.into_bytes()),
                            false => ItemKind::KeyPrefix(text.into_bytes()),
                        }),
                    }),
                }),
            })
        });
        let topics = (0..5, cache(), chosen()).prop_map(|(role, cache, topic)| {
            StatementKind::TopicPermissions(TopicPermissions {
                role,
                cache: cache.map(|named| {
                    named.map_or(InTopicCache::AllCaches(All {}), InTopicCache::CacheSelector)
                }),
                topic: topic.map(|chosen| match chosen {
                    None => Topic::AllTopics(All {}),
                    Some((text, is_whole)) => Topic::TopicSelector(TopicSelector {
                        kind: Some(match is_whole {
                            true => TopicKind::TopicName(text),
                            false => TopicKind::TopicNamePrefix(text),
                        }),
                    }),
                }),
            })
        });
        let functions = (0..3, cache(), chosen()).prop_map(|(role, cache, function)| {
            StatementKind::FunctionPermissions(FunctionPermissions {
                role,
                cache: cache.map(|named| {
                    named.map_or(InFunctionCache::AllCaches(All {}), InFunctionCache::CacheSelector)
                }),
                function: function.map(|chosen| match chosen {
                    None => Function::AllFunctions(All {}),
                    Some((text, is_whole)) => Function::FunctionSelector(FunctionSelector {
                        kind: Some(match is_whole {
                            true => Kind::FunctionName(text),
                            false => Kind::FunctionNamePrefix(text),
                        }),
                    }),
                }),
            })
        });
        prop_oneof![items, topics, functions]
    }

    proptest! {
        #[test]
        fn what_is_let_through_is_let_through_again(
            statements in proptest::collection::vec(any_statement(), 1..4)
        ) {
            let permissions =
                statements.into_iter().map(|kind| PermissionsType { kind: Some(kind) }).collect();
            let explicit = permissions::Kind::Explicit(ExplicitPermissions { permissions });
            if let Ok(grants) = Grants::of(&Permissions { kind: Some(explicit) }) {
                let bytes = grants.message().encode_to_vec();
                let read = Permissions::decode(&*bytes).expect("it is a message");
                prop_assert_eq!(Grants::of(&read), Ok(grants));
            }
        }
    }
}
