//! `tollgate kv`: the key-values from the command line.
//!
//! It works on the store itself, whether the gateway runs or not, so that an import or a restore
//! is one transaction and values are as large as the store takes them. What it may not touch is
//! what App Configuration's door may not: encrypted maps. A running gateway hears of a change as
//! it does of another gateway's.

mod arguments;
mod change;
mod document;
mod error;
mod pair;
mod select;
mod show;
#[cfg(test)]
mod tests;
mod yaml;

pub(super) use arguments::KvArguments;
pub use error::KvError;

use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::path::Path;

use bytes::Bytes;

use crate::cli::kv::arguments::{
    Consent, ExportArguments, FileFormat, ImportArguments, KvCommand, KvFormat, Place, SetArguments,
};
use crate::cli::kv::change::{Plan, Verdict};
use crate::cli::kv::document::{Document, Form};
use crate::cli::kv::pair::{Pair, Unfit};
use crate::cli::kv::select::{Selection, Time};
use crate::cli::kv::show::{Shown, name_of};
use crate::cli::{
    CliError, FINE, REFUSED, StoreUse, block_on, load_with_state, open_store, read_file, terminal,
};
use crate::clock::Clock;
use crate::config::Config;
use crate::store::durable::{
    Address, Condition, Content, Cursor, Etag, Filter, KeyValue, Moment, Query, Sight, Store,
    StoreError, VALUE_BYTES_MAX, Via, Write, Written,
};

/// Key-values that are read at a time.
const PAGE_ITEMS: usize = 500;
/// How often a change is looked at anew where others write at the same time.
const TRIES_MAX: usize = 10;
/// The largest file that is imported.
const FILE_BYTES_MAX: u64 = 10 * 1024 * 1024;

pub(super) fn kv(arguments: KvArguments) -> Result<u8, CliError> {
    let (config, state) = load_with_state(arguments.config, arguments.state)?;
    block_on(async {
        let clock = Clock::system();
        let store = open_store(&config, &state, store_use(&arguments.command), &clock).await?;
        let kv = Kv { store, clock, config, format: arguments.format };
        kv.run(arguments.command).await
    })
}

fn store_use(command: &KvCommand) -> StoreUse {
    match command {
        KvCommand::Set(_) => StoreUse::Made,
        KvCommand::Import(arguments) if !arguments.consent.dry_run => StoreUse::Made,
        KvCommand::Import(_)
        | KvCommand::List { .. }
        | KvCommand::Get { .. }
        | KvCommand::Delete { .. }
        | KvCommand::Lock { .. }
        | KvCommand::Unlock { .. }
        | KvCommand::History { .. }
        | KvCommand::Restore { .. }
        | KvCommand::Export(_) => StoreUse::Existing,
    }
}

/// One command's means.
struct Kv {
    store: Store,
    clock: Clock,
    config: Config,
    format: KvFormat,
}

impl Kv {
    async fn run(&self, command: KvCommand) -> Result<u8, CliError> {
        match command {
            KvCommand::List { selection } => self.list(&selection).await,
            KvCommand::Get { place, at } => self.get(&place, at.as_deref()).await,
            KvCommand::Set(arguments) => self.set(arguments).await,
            KvCommand::Delete { place } => self.delete(&place).await,
            KvCommand::Lock { place } => self.lock(&place, true).await,
            KvCommand::Unlock { place } => self.lock(&place, false).await,
            KvCommand::History { selection } => self.history(&selection).await,
            KvCommand::Restore { at, key, label, consent } => {
                let selection = Selection { key, label, tags: Vec::new(), at: Some(at) };
                self.restore(&selection, consent).await
            }
            KvCommand::Import(arguments) => self.import(&arguments).await,
            KvCommand::Export(arguments) => self.export(&arguments).await,
        }
    }

    async fn list(&self, selection: &Selection) -> Result<u8, CliError> {
        let mut query = Some(self.query(selection)?);
        let mut out = show::List::begin(self.format);
        while let Some(asked) = query.take() {
            let page = self.store.list(asked.clone()).await?;
            for item in &page.items {
                out.item(item, Shown::Present)?;
            }
            query = next(asked, page.next).filter(|_| !out.is_closed());
        }
        out.end()
    }

    async fn history(&self, selection: &Selection) -> Result<u8, CliError> {
        let mut query = Some(self.query(selection)?);
        let mut out = show::List::begin(self.format);
        while let Some(asked) = query.take() {
            let page = self.store.history(asked.clone()).await?;
            for past in &page.items {
                let shown = if past.is_removal { Shown::Removal } else { Shown::Past };
                out.item(&past.item, shown)?;
            }
            query = next(asked, page.next).filter(|_| !out.is_closed());
        }
        out.end()
    }

    async fn get(&self, place: &Place, at: Option<&str>) -> Result<u8, CliError> {
        let at_address = place.address()?;
        let moment = self.moment(at)?;
        let found = self.store.get(at_address.clone(), moment, Sight::Open).await?;
        let Some(item) = found else {
            return Err(self.missing(&at_address, moment).await?.into());
        };
        show::one(&item, self.format)
    }

    async fn set(&self, arguments: SetArguments) -> Result<u8, CliError> {
        let at = arguments.place.address()?;
        let given = Given::read(&arguments)?;
        for _ in 0..TRIES_MAX {
            let now = self.store.get(at.clone(), Moment::Now, Sight::Open).await?;
            let content = given.content(now.as_ref());
            pair::check(&at, &content)?;
            // What was kept must be what is there.
            let etag = now.as_ref().map(|item| item.etag.clone());
            let asked = given.when.holds(etag.as_deref());
            if !asked {
                return Err(KvError::NotAsAsked { name: name_of(&at) }.into());
            }
            let when = match etag {
                Some(etag) => Condition::IfMatch(Etag::Is(etag)),
                None => Condition::IfNoneMatch(Etag::Any),
            };
            let write = Write::Put { at: at.clone(), content, when, via: Via::Open };
            match self.store.write(write).await {
                Ok(receipt) => return self.told(&at, receipt.written, "set"),
                Err(StoreError::PreconditionFailed) => {}
                Err(error) => return Err(refusal(error, &at)),
            }
        }
        Err(KvError::Overtaken.into())
    }

    async fn delete(&self, place: &Place) -> Result<u8, CliError> {
        let at = place.address()?;
        let write = Write::Delete { at: at.clone(), when: Condition::None, via: Via::Open };
        match self.store.write(write).await.map_err(|error| refusal(error, &at))?.written {
            Written::Nothing => Err(self.missing(&at, Moment::Now).await?.into()),
            written => self.told(&at, written, "deleted"),
        }
    }

    async fn lock(&self, place: &Place, locked: bool) -> Result<u8, CliError> {
        let at = place.address()?;
        let write = Write::Lock { at: at.clone(), locked, when: Condition::None };
        match self.store.write(write).await {
            Ok(receipt) => {
                self.told(&at, receipt.written, if locked { "locked" } else { "unlocked" })
            }
            Err(StoreError::NotFound) => Err(self.missing(&at, Moment::Now).await?.into()),
            Err(error) => Err(refusal(error, &at)),
        }
    }

    /// What became of one key-value.
    fn told(&self, at: &Address, written: Written, done: &str) -> Result<u8, CliError> {
        let (item, done) = match written {
            Written::Item(item) => (Some(item), done),
            Written::Unchanged(item) => (Some(item), "unchanged"),
            Written::Nothing | Written::Snapshot(_) | Written::Done => (None, done),
        };
        match (self.format, item) {
            (KvFormat::Json, Some(item)) => show::one(&item, self.format),
            (KvFormat::Json | KvFormat::Text, _) => {
                anstream::eprintln!("{done} {}", name_of(at));
                Ok(FINE)
            }
        }
    }

    async fn restore(&self, selection: &Selection, consent: Consent) -> Result<u8, CliError> {
        let then = self.query(selection)?;
        let now = Query { moment: Moment::Now, ..then.clone() };
        let mut plan = Plan::default();
        let (mut then, mut now) = (Walk::new(self, then), Walk::new(self, now));
        loop {
            let (was, is) = (then.peek().await?, now.peek().await?);
            // Both lists are in one order: the lower address stands in one of them alone.
            let (was, is) = match (&was, &is) {
                (Some(was), Some(is)) if order(&was.at) < order(&is.at) => (Some(was), None),
                (Some(was), Some(is)) if order(&was.at) > order(&is.at) => (None, Some(is)),
                (was, is) => (was.as_ref(), is.as_ref()),
            };
            let Some(at) = was.or(is).map(|item| item.at.clone()) else { break };
            plan.add(at, is.cloned(), was.map(|item| item.content.clone()))?;
            if was.is_some() {
                then.next();
            }
            if is.is_some() {
                now.next();
            }
        }
        self.carry_out(plan, consent).await
    }

    async fn import(&self, arguments: &ImportArguments) -> Result<u8, CliError> {
        let format = arguments.file_format.or_else(|| FileFormat::of(&arguments.file));
        let unknown = || KvError::UnknownFormat { path: arguments.file.clone() };
        let text = read_file(&arguments.file, FILE_BYTES_MAX)?;
        let document = Document { name: &arguments.file, form: format.ok_or_else(unknown)? };
        let pairs = document.read(&text, &arguments.separator).map_err(KvError::from)?;
        let label = label_of(arguments.label.as_deref());
        let mut plan = Plan::default();
        let mut named = BTreeSet::new();
        let mut labels = BTreeSet::new();
        for pair in pairs {
            let at = pair.address(&arguments.prefix, arguments.label.is_some().then_some(&label));
            if !named.insert(at.clone()) {
                let reason = Unfit::Twice;
                return Err(KvError::Unfit { name: name_of(&at), reason }.into());
            }
            labels.insert(at.label.clone());
            let is = self.newest(&at).await?;
            let content = pair.content(is.as_ref().map(|item| &item.content));
            pair::check(&at, &content)?;
            plan.add(at, is, Some(content))?;
        }
        if arguments.strict {
            let labels = labels.into_iter().collect();
            let query = Query {
                keys: Filter::Prefix(Bytes::copy_from_slice(arguments.prefix.as_bytes())),
                labels: Filter::Exactly(labels),
                ..Query::all(PAGE_ITEMS)
            };
            let mut walk = Walk::new(self, query);
            while let Some(item) = walk.peek().await? {
                walk.next();
                if !named.contains(&item.at) {
                    plan.add(item.at.clone(), Some(item), None)?;
                }
            }
        }
        self.carry_out(plan, arguments.consent).await
    }

    /// What stands there now; refuses what belongs to an encrypted map.
    async fn newest(&self, at: &Address) -> Result<Option<KeyValue>, CliError> {
        let found = self.store.get(at.clone(), Moment::Now, Sight::All).await?;
        if let Some(id) = at.map()
            && self.store.map(id).await?.is_some_and(|map| map.is_encrypted)
        {
            return Err(KvError::Encrypted { name: name_of(at) }.into());
        }
        Ok(found)
    }

    /// Shows the changes, and does them all at once where that is wanted.
    async fn carry_out(&self, plan: Plan, consent: Consent) -> Result<u8, CliError> {
        let verdict = plan.decide(consent, self.format)?;
        if verdict == Verdict::Write {
            match self.store.write(plan.write()).await {
                Ok(_) => {}
                Err(
                    StoreError::PreconditionFailed | StoreError::Locked | StoreError::Encrypted,
                ) => {
                    return Err(KvError::Overtaken.into());
                }
                Err(error) => return Err(error.into()),
            }
        }
        plan.tell(verdict, self.format)?;
        Ok(if verdict == Verdict::Refused { REFUSED } else { FINE })
    }

    async fn export(&self, arguments: &ExportArguments) -> Result<u8, CliError> {
        let named = arguments.file.as_deref().and_then(FileFormat::of);
        let format = match (arguments.file_format.or(named), &arguments.file) {
            (Some(format), _) => format,
            (None, None) => FileFormat::Json,
            (None, Some(path)) => return Err(KvError::UnknownFormat { path: path.clone() }.into()),
        };
        let form = match arguments.flat || format == FileFormat::Properties {
            true => Form::Flat,
            false => Form::Set,
        };
        let mut query = self.query(&arguments.selection)?;
        if !arguments.prefix.is_empty() {
            query.keys = Filter::Prefix(Bytes::copy_from_slice(arguments.prefix.as_bytes()));
        }
        let mut pairs: Vec<Pair> = Vec::new();
        let mut walk = Walk::new(self, query);
        while let Some(item) = walk.peek().await? {
            walk.next();
            let pair = Pair::of(&item, &arguments.prefix).map_err(|reason| {
                let name = name_of(&item.at);
                KvError::Unfit { name, reason }
            })?;
            if form == Form::Flat && pairs.last().is_some_and(|last| last.key == pair.key) {
                return Err(KvError::SeveralLabels { name: name_of(&item.at) }.into());
            }
            pairs.push(pair);
        }
        let text = document::write(&pairs, format, form);
        match &arguments.file {
            None => terminal::print(&text)?,
            Some(path) => {
                let failed = |source| KvError::WriteFile { path: path.clone(), source };
                fs::write(path, text).map_err(failed)?;
                anstream::eprintln!("exported {} to {}", counted(pairs.len()), path.display());
            }
        }
        Ok(FINE)
    }

    fn query(&self, selection: &Selection) -> Result<Query, KvError> {
        let moment = self.moment(selection.at.as_deref())?;
        selection.query(moment, PAGE_ITEMS)
    }

    fn moment(&self, text: Option<&str>) -> Result<Moment, KvError> {
        let Some(text) = text else { return Ok(Moment::Now) };
        let now = Time::from_epoch_ms(self.clock.epoch_ms());
        let at = Time::parse(text, now, &self.config.time_zone)?;
        let days = self.config.store.retention_days;
        if at.is_before(now, self.config.store.settings().retention) {
            return Err(KvError::TooOld { text: text.to_owned(), days });
        }
        Ok(Moment::At(at.epoch_us()))
    }

    /// Says which labels the key has.
    async fn missing(&self, at: &Address, moment: Moment) -> Result<KvError, StoreError> {
        let query = Query {
            keys: Filter::Exactly(vec![at.key.clone()]),
            moment,
            ..Query::all(select::LABELS_TOLD)
        };
        let page = self.store.list(query).await?;
        let labels = page.items.iter().map(|item| show::label_text(item.at.label.as_ref()));
        Ok(KvError::Missing { name: name_of(at), labels: labels.collect() })
    }
}

fn counted(count: usize) -> String {
    format!("{count} key-value{}", if count == 1 { "" } else { "s" })
}

fn refusal(error: StoreError, at: &Address) -> CliError {
    let name = name_of(at);
    match error {
        StoreError::Locked => KvError::Locked { name }.into(),
        StoreError::Encrypted => KvError::Encrypted { name }.into(),
        error => error.into(),
    }
}

fn next(query: Query, after: Option<Cursor>) -> Option<Query> {
    after.map(|after| Query { after: Some(after), ..query })
}

/// Lists are in this order.
fn order(at: &Address) -> (&Bytes, Option<&Bytes>) {
    (&at.key, at.label.as_ref())
}

/// A list, one item at a time.
struct Walk<'k> {
    kv: &'k Kv,
    query: Option<Query>,
    /// The next one last.
    items: Vec<KeyValue>,
}

impl<'k> Walk<'k> {
    fn new(kv: &'k Kv, query: Query) -> Self {
        Self { kv, query: Some(query), items: Vec::new() }
    }

    async fn peek(&mut self) -> Result<Option<KeyValue>, StoreError> {
        while self.items.is_empty() {
            let Some(query) = self.query.take() else { return Ok(None) };
            let page = self.kv.store.list(query.clone()).await?;
            self.items = page.items;
            self.items.reverse();
            self.query = next(query, page.next);
        }
        Ok(self.items.last().cloned())
    }

    fn next(&mut self) {
        self.items.pop();
    }
}

impl Place {
    fn address(&self) -> Result<Address, KvError> {
        let at = Address {
            key: Bytes::copy_from_slice(self.key.as_bytes()),
            label: label_of(self.label.as_deref()),
        };
        pair::check_address(&at)?;
        Ok(at)
    }
}

/// `%00` is no label, as in filters; so is an empty one.
fn label_of(text: Option<&str>) -> Option<Bytes> {
    let label = text.filter(|label| !label.is_empty() && *label != select::NO_LABEL)?;
    Some(Bytes::copy_from_slice(label.as_bytes()))
}

/// What `set` was given.
struct Given {
    value: Bytes,
    content_type: Option<Option<String>>,
    tags: Option<BTreeMap<String, Option<String>>>,
    description: Option<Option<String>>,
    when: Condition,
}

impl Given {
    fn read(arguments: &SetArguments) -> Result<Self, CliError> {
        let bytes_max = u64::try_from(VALUE_BYTES_MAX).unwrap_or(u64::MAX);
        let value = match (&arguments.value, &arguments.file) {
            (Some(value), _) if value == "-" => read_file(Path::new("-"), bytes_max)?,
            (Some(value), _) => value.clone().into_bytes(),
            (None, Some(path)) => read_file(path, bytes_max)?,
            (None, None) => Vec::new(),
        };
        let text = |text: &Option<String>| {
            text.as_ref().map(|text| Some(text.clone()).filter(|text| !text.is_empty()))
        };
        let tags = match arguments.tags.is_empty() {
            true => None,
            false => Some(select::tags(&arguments.tags)?.into_iter().collect()),
        };
        let when = match &arguments.if_match {
            Some(etag) if etag == "*" => Condition::IfMatch(Etag::Any),
            Some(etag) => Condition::IfMatch(Etag::Is(etag.trim_matches('"').to_owned())),
            None if arguments.only_new => Condition::IfNoneMatch(Etag::Any),
            None => Condition::None,
        };
        Ok(Self {
            value: Bytes::from(value),
            content_type: text(&arguments.content_type),
            tags,
            description: text(&arguments.description),
            when,
        })
    }

    fn content(&self, now: Option<&KeyValue>) -> Content {
        let kept = now.map(|item| item.content.clone()).unwrap_or_default();
        Content {
            value: Some(self.value.clone()),
            content_type: self.content_type.clone().unwrap_or(kept.content_type),
            tags: self.tags.clone().unwrap_or(kept.tags),
            description: self.description.clone().unwrap_or(kept.description),
        }
    }
}
