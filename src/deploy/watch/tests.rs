use std::collections::BTreeMap;
use std::fs;

use proptest::prelude::*;
use tempfile::TempDir;

use super::scan::Fingerprint;
use super::settle::Settled;
use super::*;

/// A scan at a time in milliseconds: names below `proxies/` with what stands there. A name
/// with the content 0 is a zip whose end has not arrived.
type Step<'a> = (u64, &'a [(&'a str, u64)], &'a str);

fn look(files: &[(&str, u64)]) -> Scan {
    let mut found = Scan::default();
    for (name, content) in files {
        let kind = if name.ends_with(".zip") { EntryKind::Zip } else { EntryKind::Folder };
        let path = Path::new("proxies").join(name);
        found.entries.insert(path, (kind, Fingerprint(*content)));
    }
    found
}

fn show(settled: &Settled) -> String {
    let mut words: Vec<String> = Vec::new();
    for change in &settled.changes {
        let (sign, entry) = match change {
            Change::Changed(entry) => ('+', entry),
            Change::Removed(entry) => ('-', entry),
        };
        let name = entry.path.strip_prefix("proxies").expect("it is in the folder");
        words.push(format!("{sign}{}", name.display()));
    }
    words.extend(settled.look_again.map(|at| format!("@{}", at.as_millis())));
    words.join(" ")
}

/// Each step's expected text: `+changed`, `-removed`, `@` the time to look again.
#[track_caller]
fn check(steps: &[Step<'_>]) {
    let mut settler = Settler::default();
    for (ms, files, expected) in steps {
        let is_whole =
            |path: &Path| files.iter().any(|(name, content)| path.ends_with(name) && *content > 0);
        let settled = settler.feed(&look(files), Duration::from_millis(*ms), &is_whole);
        assert_eq!(show(&settled), *expected, "at {ms} ms");
    }
}

#[test]
fn a_new_entry_is_handed_on_when_it_has_settled() {
    check(&[
        (0, &[("a", 1)], "@150"),
        (149, &[("a", 1)], "@150"),
        (150, &[("a", 1)], "+a"),
        (300, &[("a", 1)], ""),
    ]);
}

#[test]
fn a_copy_under_way_is_waited_for() {
    check(&[
        (0, &[("a", 1)], "@150"),
        (100, &[("a", 2)], "@250"),
        (200, &[("a", 3)], "@350"),
        (350, &[("a", 3)], "+a"),
    ]);
}

#[test]
fn a_late_look_settles_nothing_that_it_sees_first() {
    check(&[(0, &[("a", 1)], "@150"), (9000, &[("a", 2)], "@9150"), (9150, &[("a", 2)], "+a")]);
}

#[test]
fn a_change_back_in_time_is_none() {
    check(&[
        (0, &[("a", 1)], "@150"),
        (150, &[("a", 1)], "+a"),
        (200, &[("a", 2)], "@350"),
        (250, &[("a", 1)], ""),
        (500, &[("a", 1)], ""),
    ]);
}

#[test]
fn a_removal_settles_too() {
    check(&[
        (0, &[("a", 1)], "@150"),
        (150, &[("a", 1)], "+a"),
        (200, &[], "@350"),
        (350, &[], "-a"),
        (600, &[], ""),
        (700, &[("a", 1)], "@850"),
        (850, &[("a", 1)], "+a"),
    ]);
}

#[test]
fn a_replacement_is_one_change() {
    check(&[
        (0, &[("a", 1)], "@150"),
        (150, &[("a", 1)], "+a"),
        (200, &[], "@350"),
        (260, &[("a", 2)], "@410"),
        (410, &[("a", 2)], "+a"),
    ]);
}

#[test]
fn what_goes_before_it_settles_was_never_there() {
    check(&[(0, &[("a", 1)], "@150"), (100, &[], ""), (300, &[], "")]);
}

#[test]
fn removals_go_before_changes_and_each_by_path() {
    check(&[
        (0, &[("b", 1), ("d", 1)], "@150"),
        (150, &[("b", 1), ("d", 1)], "+b +d"),
        (200, &[("a", 1), ("c", 1)], "@350"),
        (350, &[("a", 1), ("c", 1)], "-b -d +a +c"),
    ]);
}

#[test]
fn each_entry_settles_by_itself() {
    check(&[
        (0, &[("a", 1), ("b", 1)], "@150"),
        (150, &[("a", 1), ("b", 2)], "+a @300"),
        (300, &[("a", 1), ("b", 2)], "+b"),
    ]);
}

#[test]
fn a_truncated_zip_is_waited_for_until_it_changes() {
    check(&[
        (0, &[("a.zip", 0)], "@150"),
        (150, &[("a.zip", 0)], "@5000"),
        (2000, &[("a.zip", 1)], "@2150"),
        (2150, &[("a.zip", 1)], "+a.zip"),
    ]);
}

#[test]
fn a_zip_that_stays_truncated_is_handed_on_after_five_seconds() {
    check(&[
        (0, &[("a.zip", 0)], "@150"),
        (4999, &[("a.zip", 0)], "@5000"),
        (5000, &[("a.zip", 0)], "+a.zip"),
        (9000, &[("a.zip", 0)], ""),
    ]);
}

#[test]
fn a_folder_that_cannot_be_read_keeps_its_entries() {
    let mut settler = Settler::default();
    let is_whole = |_: &Path| true;
    assert_eq!(settler.take(&look(&[("a", 1)])).len(), 1);
    let unreadable = Scan { unknown: vec![PathBuf::from("proxies")], ..Scan::default() };
    for ms in [0, 1000] {
        let settled = settler.feed(&unreadable, Duration::from_millis(ms), &is_whole);
        assert_eq!(show(&settled), "");
    }
}

#[test]
fn the_start_takes_everything_as_it_is() {
    let mut settler = Settler::default();
    let names: Vec<PathBuf> = settler
        .take(&look(&[("b.zip", 0), ("a", 1)]))
        .into_iter()
        .map(|entry| entry.path)
        .collect();
    assert_eq!(names, [Path::new("proxies/a"), Path::new("proxies/b.zip")]);
    let settled = settler.feed(&look(&[("a", 1)]), Duration::from_millis(1), &|_| true);
    assert_eq!(show(&settled), "@151");
}

/// Zips named by number, with their contents.
fn look_at_zips(files: &BTreeMap<u8, u64>) -> Scan {
    let names: Vec<String> = files.keys().map(|name| format!("{name}.zip")).collect();
    let contents = files.values().copied();
    look(&names.iter().map(String::as_str).zip(contents).collect::<Vec<_>>())
}

proptest! {
    /// Whatever happened on the way: once it is quiet, who follows the changes has what is there.
    #[test]
    fn changes_lead_to_what_is_there(
        steps in prop::collection::vec(
            (0_u64..400, prop::collection::btree_map(0_u8..4, 0_u64..3, 0..4)),
            1..20,
        )
    ) {
        let mut settler = Settler::default();
        let mut followed = BTreeMap::new();
        let mut now_ms = 0;
        let last = steps.last().map(|(_, files)| (10_000, files.clone())).expect("one at least");
        let quiet = std::iter::repeat_n(last.clone(), 3);
        for (later_ms, files) in steps.into_iter().chain(quiet) {
            now_ms += later_ms;
            let scan = look_at_zips(&files);
            let is_whole = |path: &Path| scan.entries.get(path).is_some_and(|(_, seen)| seen.0 > 0);
            let settled = settler.feed(&scan, Duration::from_millis(now_ms), &is_whole);
            for change in settled.changes {
                match change {
                    Change::Changed(entry) => {
                        let state = scan.entries.get(&entry.path).copied();
                        followed.insert(entry.path, state.expect("what changed is there"));
                    }
                    Change::Removed(entry) => {
                        prop_assert!(followed.remove(&entry.path).is_some());
                        prop_assert!(!scan.entries.contains_key(&entry.path));
                    }
                }
            }
        }
        prop_assert_eq!(followed, look_at_zips(&last.1).entries);
    }
}

fn write(path: &Path, text: &str) {
    fs::create_dir_all(path.parent().expect("it has a folder")).expect("the folder is made");
    fs::write(path, text).expect("the file is written");
}

#[test]
fn entries_are_bundles_and_environment_policies() {
    let root = TempDir::new().expect("a folder");
    let at = |name: &str| root.path().join(name);
    for name in [
        "policies/flow/sharedflowbundle/flow.xml",
        "policies/proxy/apiproxy/proxy.xml",
        "policies/other/readme.md",
        "policies/.hidden/apiproxy/proxy.xml",
        "policies/b.zip",
        "policies/B.ZIP",
        "policies/Quota.xml",
        "policies/notes.txt",
        "policies/Quota.XML",
        "proxies/Quota.xml",
    ] {
        write(&at(name), "");
    }
    std::os::unix::fs::symlink(at("policies/proxy"), at("policies/link")).expect("a link");
    let listing = scan::entries(&at("policies")).expect("it is read");
    let names: Vec<String> = listing
        .entries
        .iter()
        .map(|entry| {
            format!("{} {:?}", entry.path.file_name().expect("a name").display(), entry.kind)
        })
        .collect();
    assert_eq!(
        names,
        ["B.ZIP Zip", "Quota.xml Policy", "b.zip Zip", "flow Folder", "proxy Folder"]
    );
    assert_eq!(listing.left_out.len(), 1, "the link is left out: {:?}", listing.left_out);
    assert_eq!(entries(&at("proxies")).expect("it is read"), []);
    assert_eq!(entries(&at("missing")).expect("it has none"), []);
}

#[test]
fn a_scan_sees_each_kind_of_change() {
    let root = TempDir::new().expect("a folder");
    let folders = [root.path().to_owned()];
    let manifest = root.path().join("a/apiproxy/a.xml");
    let policy = root.path().join("a/apiproxy/policies/b.xml");
    write(&manifest, "one");
    let look = || scan::scan(&folders).entries;
    let changes: [&dyn Fn(); 5] = [
        &|| write(&manifest, "three"),
        &|| write(&policy, ""),
        &|| fs::rename(&policy, policy.with_file_name("c.xml")).expect("it is renamed"),
        &|| {
            let copy = manifest.with_extension("new");
            let times = fs::metadata(&manifest).and_then(|metadata| metadata.modified());
            write(&copy, "seven");
            let file = fs::OpenOptions::new().write(true).open(&copy).expect("it opens");
            file.set_modified(times.expect("it has a time")).expect("the time is set");
            fs::rename(copy, &manifest).expect("it takes the place");
        },
        &|| fs::remove_dir_all(manifest.with_file_name("policies")).expect("it is removed"),
    ];
    for (index, change) in changes.iter().enumerate() {
        let before = look();
        assert_eq!(before, look(), "nothing has changed before {index}");
        change();
        assert_ne!(before, look(), "change {index}");
    }
}

#[test]
fn a_zip_is_whole_with_its_directory() {
    let root = TempDir::new().expect("a folder");
    let path = root.path().join("a.zip");
    let mut zip = zip::ZipWriter::new(fs::File::create(&path).expect("a file"));
    zip.start_file("apiproxy/a.xml", zip::write::SimpleFileOptions::default()).expect("an entry");
    let length = zip.finish().and_then(|file| Ok(file.metadata()?.len())).expect("it is written");
    assert!(is_whole(&path));
    let file = fs::OpenOptions::new().write(true).open(&path).expect("it opens");
    file.set_len(length - 1).expect("it is cut");
    assert!(!is_whole(&path));
}

/// Over real files and the system's events. The times are the real ones; a test that hangs
/// here ends at the deadline.
#[tokio::test]
async fn changes_arrive() {
    const DEADLINE: Duration = Duration::from_secs(30);
    let root = TempDir::new().expect("a folder");
    let proxies = root.path().join("proxies");
    let policies = root.path().join("policies");
    write(&proxies.join("old/apiproxy/old.xml"), "");
    let mut watch = Watch::new(vec![proxies.clone(), policies.clone()], Clock::system());
    let started = watch.scan_all().await;
    let old = Entry { path: proxies.join("old"), kind: EntryKind::Folder };
    assert_eq!(started, std::slice::from_ref(&old));

    write(&proxies.join("new/apiproxy/new.xml"), "");
    let changes = tokio::time::timeout(DEADLINE, watch.next()).await.expect("a change");
    let new = Entry { path: proxies.join("new"), kind: EntryKind::Folder };
    assert_eq!(changes, [Change::Changed(new.clone())]);

    write(&policies.join("Quota.xml"), "");
    let changes = tokio::time::timeout(DEADLINE, watch.next()).await.expect("a change");
    let quota = Entry { path: policies.join("Quota.xml"), kind: EntryKind::Policy };
    assert_eq!(changes, [Change::Changed(quota)]);

    fs::rename(&old.path, proxies.join("moved")).expect("it is renamed");
    let changes = tokio::time::timeout(DEADLINE, watch.next()).await.expect("a change");
    let moved = Entry { path: proxies.join("moved"), kind: EntryKind::Folder };
    assert_eq!(changes, [Change::Removed(old), Change::Changed(moved)]);
}
