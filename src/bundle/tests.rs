use std::fs;
use std::io::{Cursor, Write as _};
use std::path::Path;

use bytes::Bytes;
use expect_test::{Expect, expect};
use proptest::prelude::*;
use tempfile::TempDir;
use zip::write::SimpleFileOptions;
use zip::{CompressionMethod, ZipWriter};

use crate::bundle::{Bundle, BundleError, BundleKind, Limits};
use crate::diag::{Diagnostics, Style, render_text};

const MANIFEST: &[u8] = b"<APIProxy name=\"shop\"/>";

fn small() -> Limits {
    Limits {
        packed_bytes_max: 100_000,
        unpacked_bytes_max: 200_000,
        file_bytes_max: 100_000,
        entries_max: 8,
        nesting_max: 4,
        path_bytes_max: 40,
        ratio_max: 100,
        ratio_from_bytes: 50_000,
    }
}

/// A name that ends in `/` is a folder.
fn zip_with(entries: &[(&str, &[u8])], options: SimpleFileOptions) -> Vec<u8> {
    let mut writer = ZipWriter::new(Cursor::new(Vec::new()));
    for (name, content) in entries {
        if name.ends_with('/') {
            writer.add_directory(*name, options).expect("the folder is written");
        } else {
            writer.start_file(*name, options).expect("the file is begun");
            writer.write_all(content).expect("the file is written");
        }
    }
    writer.finish().expect("the zip is ended").into_inner()
}

fn zip_of(entries: &[(&str, &[u8])]) -> Vec<u8> {
    zip_with(entries, SimpleFileOptions::default())
}

fn stored(entries: &[(&str, &[u8])]) -> Vec<u8> {
    zip_with(entries, SimpleFileOptions::default().compression_method(CompressionMethod::Stored))
}

/// Replaces each occurrence, as names stand in a zip twice.
fn patched(bytes: &[u8], from: &[u8], to: &[u8]) -> Vec<u8> {
    assert_eq!(from.len(), to.len(), "lengths stand in headers");
    let mut out = bytes.to_vec();
    let mut found = 0;
    for at in 0..=out.len() - from.len() {
        if out[at..].starts_with(from) {
            out[at..at + to.len()].copy_from_slice(to);
            found += 1;
        }
    }
    assert!(found > 0, "there is something to replace");
    out
}

fn open_zip(bytes: Vec<u8>, limits: &Limits) -> Result<Bundle, BundleError> {
    Bundle::from_zip_bytes("shop.zip", bytes.into(), limits)
}

#[track_caller]
fn check_refused(bytes: Vec<u8>, expected: Expect) {
    let error = open_zip(bytes, &Limits::default()).expect_err("it is refused");
    expected.assert_eq(&error.to_string());
}

/// Makes the files in a new folder.
fn folder_of(entries: &[(&str, &[u8])]) -> TempDir {
    let folder = tempfile::tempdir().expect("a folder");
    for (name, content) in entries {
        let path = folder.path().join(name);
        fs::create_dir_all(path.parent().expect("a parent")).expect("the folders are made");
        fs::write(path, content).expect("the file is written");
    }
    folder
}

/// The error of opening a folder, its own path left out.
#[track_caller]
fn folder_error(folder: &TempDir, limits: &Limits) -> String {
    let error = Bundle::open(folder.path(), limits).expect_err("it is refused");
    error.to_string().replace(&*folder.path().to_string_lossy(), "FOLDER")
}

fn names(bundle: &Bundle) -> Vec<&str> {
    bundle.file_names().collect()
}

const SHOP: &[(&str, &[u8])] = &[
    ("apiproxy/shop.xml", MANIFEST),
    ("apiproxy/policies/B.xml", b"<B/>"),
    ("apiproxy/policies/A.xml", b"<A/>"),
    ("apiproxy/policies-old/C.xml", b"<C/>"),
    ("apiproxy/resources/jsc/deep/x.js", b"x"),
    ("apiproxy/.DS_Store", b"junk"),
    ("apiproxy/policies/A.xml~", b"junk"),
    ("apiproxy/.git/config", b"junk"),
    ("__MACOSX/apiproxy/._shop.xml", b"junk"),
    (".DS_Store", b"junk"),
];

#[test]
fn folder_and_zip_hold_the_same() {
    let limits = Limits::default();
    let folder = folder_of(SHOP);
    fs::write(folder.path().join("README.md"), "beside a folder's root").expect("written");
    let zip_path = folder.path().join("shop.zip");
    fs::write(&zip_path, zip_of(SHOP)).expect("written");
    let from_folder = Bundle::open(folder.path(), &limits).expect("it opens");
    let from_root = Bundle::open(&folder.path().join("apiproxy"), &limits).expect("it opens");
    let from_zip = Bundle::open(&zip_path, &limits).expect("it opens");
    for bundle in [&from_folder, &from_root, &from_zip] {
        assert_eq!(bundle.kind(), BundleKind::Proxy);
        let expected = [
            "policies-old/C.xml",
            "policies/A.xml",
            "policies/B.xml",
            "resources/jsc/deep/x.js",
            "shop.xml",
        ];
        assert_eq!(names(bundle), expected);
        let policies: Vec<_> = bundle.in_folder("policies").collect();
        assert_eq!(policies, ["policies/A.xml", "policies/B.xml"]);
        assert_eq!(bundle.in_folder("resources/").count(), 1);
        assert_eq!(bundle.in_folder("targets").count(), 0);
        assert_eq!(bundle.bytes("shop.xml").map(Bytes::as_ref), Some(MANIFEST));
        assert_eq!(bundle.bytes("apiproxy/shop.xml"), None);
        assert_eq!(bundle.digest(), from_zip.digest());
    }
    assert_eq!(from_folder.path(), folder.path());
    assert_eq!(Path::new(from_folder.display_root()), folder.path());
    assert_eq!(Path::new(from_root.display_root()), folder.path());
    assert_eq!(Path::new(from_zip.display_root()), zip_path);
}

#[test]
fn shared_flows_have_their_own_root() {
    let bundle = open_zip(zip_of(&[("sharedflowbundle/a.xml", b"<A/>")]), &Limits::default())
        .expect("it opens");
    assert_eq!((bundle.kind(), names(&bundle)), (BundleKind::SharedFlow, vec!["a.xml"]));
}

#[test]
fn digest_sees_every_change() {
    let digest = |entries: &[(&str, &[u8])]| {
        open_zip(zip_of(entries), &Limits::default()).expect("it opens").digest()
    };
    let base = digest(&[("apiproxy/a", b"bc"), ("apiproxy/d", b"")]);
    assert_eq!(base, digest(&[("apiproxy/", b""), ("apiproxy/d", b""), ("apiproxy/a", b"bc")]));
    for other in [
        [("apiproxy/a", b"bC".as_slice()), ("apiproxy/d", b"")],
        [("apiproxy/ab", b"c"), ("apiproxy/d", b"")],
        [("apiproxy/a", b"b"), ("apiproxy/d", b"c")],
        [("sharedflowbundle/a", b"bc"), ("sharedflowbundle/d", b"")],
    ] {
        assert_ne!(base, digest(&other), "{other:?}");
    }
}

#[test]
fn zip_entries_that_are_refused() {
    let with = |name: &str| stored(&[("apiproxy/a.xml", b"<A/>"), (name, b"x")]);
    let placeholder = |name: &str| {
        let other = "apiproxy/zzzzzzzzzzzzzzzzzzzz".get(..name.len()).expect("a short name");
        patched(&with(other), other.as_bytes(), name.as_bytes())
    };
    check_refused(
        placeholder("apiproxy/../../x"),
        expect![
            "zip entry in bundle is outside the bundle root: apiproxy/../../x of shop.zip leaves its folder; give it a path inside"
        ],
    );
    check_refused(
        placeholder("/apiproxy/x.xml"),
        expect![
            "zip entry in bundle is outside the bundle root: /apiproxy/x.xml of shop.zip leaves its folder; give it a path inside"
        ],
    );
    check_refused(
        placeholder("C:/apiproxy/x.xml"),
        expect![
            "zip entry in bundle is outside the bundle root: C:/apiproxy/x.xml of shop.zip leaves its folder; give it a path inside"
        ],
    );
    check_refused(
        placeholder("apiproxy\\x.xml"),
        expect![[
            r#"zip entry in bundle is outside the bundle root: apiproxy\x.xml of shop.zip leaves its folder; give it a path inside"#
        ]],
    );
    check_refused(
        placeholder("apiproxy/x\0.xml"),
        expect![[
            r#"entry apiproxy/x\u{0}.xml of shop.zip has a control character in its path; rename it"#
        ]],
    );
    check_refused(
        placeholder("apiproxy/\x1b[2J"),
        expect![[
            r#"entry apiproxy/\u{1b}[2J of shop.zip has a control character in its path; rename it"#
        ]],
    );
    check_refused(
        placeholder("apiproxy//x.xml"),
        expect!["entry apiproxy//x.xml of shop.zip has an empty part in its path; rename it"],
    );
    check_refused(
        placeholder("apiproxy/./x.xml"),
        expect![
            "entry apiproxy/./x.xml of shop.zip has a part that is a dot in its path; rename it"
        ],
    );
    check_refused(
        placeholder("README.mdxxxx"),
        expect![
            "zip entry in bundle is outside the bundle root: README.mdxxxx of shop.zip lies beside apiproxy/; leave it out"
        ],
    );
    check_refused(
        placeholder("apiproxy/a.xml"),
        expect!["entry apiproxy/a.xml of shop.zip is there twice; keep one"],
    );
    check_refused(
        placeholder("apiproxy/a.xml/b"),
        expect!["entry apiproxy/a.xml/b of shop.zip is there twice; keep one"],
    );
    check_refused(
        placeholder("sharedflowbundle/a"),
        expect!["shop.zip holds both apiproxy/ and sharedflowbundle/; make two bundles of them"],
    );
    let both = stored(&[("apiproxy/a", b"x"), ("apiproxy/b/", b"")]);
    check_refused(
        patched(&both, b"apiproxy/b/", b"apiproxy/a/"),
        expect!["entry apiproxy/a of shop.zip is there twice; keep one"],
    );
}

#[test]
fn zips_that_are_refused() {
    check_refused(
        Vec::new(),
        expect!["Bundle is invalid. Empty bundle: shop.zip holds no files; add a manifest"],
    );
    check_refused(
        zip_of(&[]),
        expect!["Bundle is invalid. Empty bundle: shop.zip holds no files; add a manifest"],
    );
    check_refused(
        zip_of(&[("apiproxy/", b"")]),
        expect!["Bundle is invalid. Empty bundle: shop.zip holds no files; add a manifest"],
    );
    check_refused(
        zip_of(&[("apiproxy/.DS_Store", b"")]),
        expect!["Bundle is invalid. Empty bundle: shop.zip holds no files; add a manifest"],
    );
    check_refused(
        zip_of(&[("shop/apiproxy/a.xml", b"")]),
        expect![
            "Bundle is invalid. Unable to read/find APIProxy contents: shop.zip holds neither apiproxy/ nor sharedflowbundle/; put the bundle's files into one of them"
        ],
    );
    check_refused(
        zip_of(&[("apiproxy", b"a file")]),
        expect![
            "Bundle is invalid. Unable to read/find APIProxy contents: shop.zip holds neither apiproxy/ nor sharedflowbundle/; put the bundle's files into one of them"
        ],
    );
    check_refused(
        b"<APIProxy/>".to_vec(),
        expect!["shop.zip is not a zip; name a folder or a zip that holds apiproxy/"],
    );
    let prepended = [b"#!/bin/sh\n".as_slice(), &stored(SHOP)].concat();
    check_refused(
        prepended,
        expect!["shop.zip is not a zip; name a folder or a zip that holds apiproxy/"],
    );
    // General purpose flag 0 of a local and a central header, and the central's method.
    let plain = stored(&[("apiproxy/a", b"content")]);
    let central = plain.windows(4).position(|at| at == b"PK\x01\x02").expect("a directory");
    let mut encrypted = plain.clone();
    encrypted[6] |= 1;
    encrypted[central + 8] |= 1;
    check_refused(
        encrypted,
        expect!["entry apiproxy/a of shop.zip is encrypted; zip it without a password"],
    );
    let mut bzip2 = plain.clone();
    bzip2[8] = 12;
    bzip2[central + 10] = 12;
    check_refused(
        bzip2,
        expect![
            "entry apiproxy/a of shop.zip is packed by Bzip2; only stored and deflated are read; zip it again"
        ],
    );
    check_refused(
        patched(&plain, b"content", b"CONTENT"),
        expect!["cannot read entry apiproxy/a of shop.zip: Invalid checksum; make it again"],
    );
    let mut device = plain.clone();
    device[central + 5] = 3;
    device[central + 40..central + 42].copy_from_slice(&0o020_644_u16.to_le_bytes());
    check_refused(
        device,
        expect!["entry apiproxy/a of shop.zip is neither a file nor a folder; remove it"],
    );
    let mut writer = ZipWriter::new(Cursor::new(Vec::new()));
    writer
        .add_symlink("apiproxy/a.xml", "/etc/passwd", SimpleFileOptions::default())
        .expect("the link is written");
    check_refused(
        writer.finish().expect("ended").into_inner(),
        expect!["entry apiproxy/a.xml of shop.zip is a symbolic link; put a copy in its place"],
    );
}

/// A zip cut short anywhere is told from one that is no zip, also where the cut leaves the
/// end of a zip that it holds.
#[test]
fn a_zip_cut_short_is_incomplete() {
    let jar = stored(&[("apiproxy/evil.xml", b"<A/>")]);
    let whole =
        stored(&[("apiproxy/a.xml", b"<A/>"), ("apiproxy/x.jar", &jar), ("apiproxy/b", b"")]);
    let folder = tempfile::tempdir().expect("a folder");
    let path = folder.path().join("shop.zip");
    for cut in 0..whole.len() {
        fs::write(&path, &whole[..cut]).expect("written");
        let opened = Bundle::open(&path, &Limits::default());
        assert!(matches!(opened, Err(BundleError::Incomplete { .. })), "{cut}: {opened:?}");
    }
    fs::write(&path, &whole).expect("written");
    let bundle = Bundle::open(&path, &Limits::default()).expect("it opens");
    assert_eq!(names(&bundle), ["a.xml", "b", "x.jar"]);
}

#[test]
fn a_comment_behind_the_directory_is_fine() {
    let mut writer = ZipWriter::new(Cursor::new(Vec::new()));
    writer.start_file("apiproxy/a", SimpleFileOptions::default()).expect("begun");
    writer.set_comment("PK\x05\x06 made by hand").expect("a comment");
    let bytes = writer.finish().expect("ended").into_inner();
    assert_eq!(names(&open_zip(bytes, &Limits::default()).expect("it opens")), ["a"]);
}

#[test]
fn limits_of_zips_hold_on_both_sides() {
    let limits = small();
    let noise = |len: usize| -> Vec<u8> {
        let mut state = 7_u32;
        std::iter::repeat_with(|| {
            state = state.wrapping_mul(1_664_525).wrapping_add(1_013_904_223);
            state.to_be_bytes()[0]
        })
        .take(len)
        .collect()
    };
    let packed_to = |len: usize| {
        let empty = stored(&[("apiproxy/a", b""), ("apiproxy/b", b"")]).len();
        stored(&[("apiproxy/a", &noise(50_000)), ("apiproxy/b", &noise(len - empty - 50_000))])
    };
    let file = |len: usize| zip_of(&[("apiproxy/a", &noise(1000).repeat(200)[..len])]);
    let three = |len: usize| {
        let content = noise(1000).repeat(200);
        zip_of(&[
            ("apiproxy/a", &content[..80_000]),
            ("apiproxy/b", &content[..80_000]),
            ("apiproxy/c", &content[..len]),
        ])
    };
    let many = |count: usize| {
        let names: Vec<String> = (0..count).map(|at| format!("apiproxy/{at}")).collect();
        let entries: Vec<(&str, &[u8])> =
            names.iter().map(|name| (name.as_str(), b"".as_slice())).collect();
        zip_of(&entries)
    };
    let long = |len: usize| zip_of(&[(&format!("apiproxy/{}", "x".repeat(len - 9)), b"")]);
    let bomb = |len: usize| zip_of(&[("apiproxy/a", &vec![0; len])]);
    for (what, zip, expected) in [
        ("packed, at", packed_to(100_000), None),
        ("packed, past", packed_to(100_001), Some("has 100001 bytes or more; the limit is 100000")),
        ("file, at", file(100_000), None),
        ("file, past", file(100_001), Some("has 100001 bytes or more; the limit is 100000")),
        ("total, at", three(40_000), None),
        (
            "total, past",
            three(40_001),
            Some("unpacks to 200001 bytes or more; the limit is 200000"),
        ),
        ("entries, at", many(8), None),
        ("entries, past", many(9), Some("has 9 entries or more; the limit is 8")),
        ("depth, at", zip_of(&[("apiproxy/b/c/d", b"")]), None),
        (
            "depth, past",
            zip_of(&[("apiproxy/b/c/d/e", b"")]),
            Some("lies 5 levels deep; the limit is 4"),
        ),
        ("folders, at", zip_of(&[("apiproxy/b/c/d/", b""), ("apiproxy/a", b"")]), None),
        ("path, at", long(40), None),
        ("path, past", long(41), Some("has a path of 41 bytes; the limit is 40")),
        ("ratio, at", bomb(50_000), None),
        ("ratio, past", bomb(50_001), Some("over the limit of 100 to 1")),
    ] {
        match (open_zip(zip, &limits), expected) {
            (Ok(_), None) => {}
            (Err(error), Some(expected)) => {
                let text = error.to_string();
                assert!(text.contains(expected) && text.contains("shop.zip"), "{what}: {text}");
            }
            (opened, _) => panic!("{what}: {opened:?}"),
        }
    }
}

/// Ten million zeros in ten thousand bytes, once honest and once saying that they are one.
#[test]
fn a_zip_bomb_is_not_unpacked() {
    let honest = zip_of(&[("apiproxy/a", &vec![0; 10_000_000])]);
    let central = honest.windows(4).position(|at| at == b"PK\x01\x02").expect("a directory");
    let mut lying = honest.clone();
    lying[22..26].copy_from_slice(&1_u32.to_le_bytes());
    lying[central + 24..central + 28].copy_from_slice(&1_u32.to_le_bytes());
    let roomy = Limits { file_bytes_max: 20_000_000, unpacked_bytes_max: 20_000_000, ..small() };
    let unbounded = Limits { ratio_max: u64::MAX, ..roomy.clone() };
    let by_file = Limits { ratio_max: u64::MAX, ..small() };
    assert!(open_zip(honest.clone(), &unbounded).is_ok(), "it is whole");
    let opened = open_zip(honest.clone(), &roomy);
    assert!(
        matches!(opened, Err(BundleError::EntryRatio { unpacked_bytes, .. })
            if unpacked_bytes < 1_100_000),
        "{opened:?}"
    );
    let opened = open_zip(honest, &by_file);
    assert!(
        matches!(opened, Err(BundleError::EntryTooLarge { unpacked_bytes, .. })
            if unpacked_bytes < 200_000),
        "{opened:?}"
    );
    for limits in [roomy, by_file, unbounded] {
        let opened = open_zip(lying.clone(), &limits);
        assert!(matches!(opened, Err(BundleError::EntryRead { .. })), "{opened:?}");
    }
}

#[test]
fn limits_of_folders_hold_on_both_sides() {
    let big = vec![b'x'; 100_001];
    for (entries, expected) in [
        (vec![("apiproxy/a", &big[..100_000]), ("apiproxy/b", &big[..100_000])], None),
        (vec![("apiproxy/a", &big[..])], Some("entry apiproxy/a of FOLDER has 100001 bytes")),
        (
            vec![
                ("apiproxy/a", &big[..99_999]),
                ("apiproxy/b", &big[..99_999]),
                ("apiproxy/c", &big[..3]),
            ],
            Some("FOLDER unpacks to 200001 bytes or more; the limit is 200000"),
        ),
        (vec![("apiproxy/b/c/d", b"")], None),
        (
            vec![("apiproxy/b/c/d/e", b"")],
            Some("entry apiproxy/b/c/d/e of FOLDER lies 5 levels deep"),
        ),
        (vec![("apiproxy/0123456789012345678901234567890", b"")], None),
        (vec![("apiproxy/01234567890123456789012345678901", b"")], Some("a path of 41 bytes")),
        (
            ["1", "2", "3", "4", "5", "6", "7", "8"]
                .map(|at| (Box::leak(format!("apiproxy/{at}").into_boxed_str()) as &str, &b""[..]))
                .to_vec(),
            None,
        ),
        (
            ["1", "2", "3", "4", "5", "6", "7", "8", "9"]
                .map(|at| (Box::leak(format!("apiproxy/{at}").into_boxed_str()) as &str, &b""[..]))
                .to_vec(),
            Some("FOLDER has 9 entries or more; the limit is 8"),
        ),
    ] {
        let folder = folder_of(&entries);
        match expected {
            None => assert!(Bundle::open(folder.path(), &small()).is_ok()),
            Some(expected) => {
                let error = folder_error(&folder, &small());
                assert!(error.contains(expected), "{error}");
            }
        }
    }
}

#[test]
fn folders_that_are_refused() {
    let limits = Limits::default();
    let nothing = folder_of(&[]);
    expect!["Bundle is invalid. Unable to read/find APIProxy contents: FOLDER holds neither apiproxy/ nor sharedflowbundle/; put the bundle's files into one of them"].assert_eq(&folder_error(&nothing, &limits));
    let empty = folder_of(&[("apiproxy/.DS_Store", b"")]);
    expect!["Bundle is invalid. Empty bundle: FOLDER holds no files; add a manifest"]
        .assert_eq(&folder_error(&empty, &limits));
    let both = folder_of(&[("apiproxy/a", b""), ("sharedflowbundle/a", b"")]);
    expect!["FOLDER holds both apiproxy/ and sharedflowbundle/; make two bundles of them"]
        .assert_eq(&folder_error(&both, &limits));
    let backslash = folder_of(&[("apiproxy/a\\b", b"")]);
    expect![[r#"zip entry in bundle is outside the bundle root: apiproxy/a\b of FOLDER leaves its folder; give it a path inside"#]].assert_eq(&folder_error(&backslash, &limits));
    let missing = Bundle::open(&nothing.path().join("gone"), &limits).expect_err("refused");
    assert!(matches!(missing, BundleError::Read { .. }), "{missing}");
}

#[cfg(unix)]
#[test]
fn links_in_folders_are_refused() {
    use std::os::unix::fs::symlink;
    let limits = Limits::default();
    let outside = folder_of(&[("secret", b"s"), ("apiproxy/a.xml", b"<A/>")]);
    let file = folder_of(&[("apiproxy/a.xml", b"<A/>")]);
    symlink(outside.path().join("secret"), file.path().join("apiproxy/b.xml")).expect("linked");
    expect!["entry apiproxy/b.xml of FOLDER is a symbolic link; put a copy in its place"]
        .assert_eq(&folder_error(&file, &limits));
    let folder = folder_of(&[("apiproxy/a.xml", b"<A/>")]);
    symlink(outside.path(), folder.path().join("apiproxy/policies")).expect("linked");
    expect!["entry apiproxy/policies of FOLDER is a symbolic link; put a copy in its place"]
        .assert_eq(&folder_error(&folder, &limits));
    let root = folder_of(&[]);
    symlink(outside.path().join("apiproxy"), root.path().join("apiproxy")).expect("linked");
    expect!["entry apiproxy of FOLDER is a symbolic link; put a copy in its place"]
        .assert_eq(&folder_error(&root, &limits));
    let socket = folder_of(&[("apiproxy/a.xml", b"<A/>")]);
    let path = socket.path().join("apiproxy/s");
    let _listener = std::os::unix::net::UnixListener::bind(path).expect("bound");
    expect!["entry apiproxy/s of FOLDER is neither a file nor a folder; remove it"]
        .assert_eq(&folder_error(&socket, &limits));
    let bytes = folder_of(&[("apiproxy/a.xml", b"<A/>")]);
    let name = std::os::unix::ffi::OsStrExt::from_bytes(b"b\xFF.xml");
    fs::write(bytes.path().join("apiproxy").join::<&std::ffi::OsStr>(name), "").expect("written");
    expect!["entry apiproxy/b�.xml of FOLDER has bytes that are not UTF-8 in its path; rename it"]
        .assert_eq(&folder_error(&bytes, &limits));
    // The bundle itself may be reached by a link.
    symlink(outside.path(), root.path().join("link")).expect("linked");
    assert!(Bundle::open(&root.path().join("link"), &limits).is_ok());
}

#[test]
fn a_bare_policy_is_a_bundle_of_one_file() {
    let folder = folder_of(&[("Add-CORS.xml", b"\xEF\xBB\xBF<A>\n<B></A>")]);
    let path = folder.path().join("Add-CORS.xml");
    let mut bundle = Bundle::single_policy(&path, &Limits::default()).expect("it opens");
    assert_eq!(names(&bundle), ["Add-CORS.xml"]);
    assert_eq!(Path::new(bundle.display_root()), folder.path());
    let mut diags = Diagnostics::default();
    assert!(bundle.document("Add-CORS.xml", &mut diags).is_none());
    expect![[r#"
        error[BN011]: `</A>` where `</B>` should stand
         --> policies/Add-CORS.xml:2:6
          |
        2 | <B></A>
          |      ^
          |
        note: `B` is opened here
         --> policies/Add-CORS.xml:2:2
          |
        2 | <B></A>
          |  ^
    "#]]
    .assert_eq(&render_text("policies", &diags, bundle.sources(), Style::Plain));
    for (len, fits) in [(100_000, true), (100_001, false)] {
        fs::write(&path, vec![b'x'; len]).expect("written");
        assert_eq!(Bundle::single_policy(&path, &small()).is_ok(), fits, "{len}");
    }
}

#[track_caller]
fn check_document(content: &[u8], expected: Expect) {
    let zip = zip_of(&[("apiproxy/policies/X.xml", content)]);
    let mut bundle = open_zip(zip, &Limits::default()).expect("it opens");
    let mut diags = Diagnostics::default();
    let root = bundle.document("policies/X.xml", &mut diags);
    assert_eq!(root.is_none(), diags.has_errors());
    let shown = match root {
        Some(root) => format!("{} {:?}", root.name, bundle.sources().slice(root.span)),
        None => render_text(bundle.display_root(), &diags, bundle.sources(), Style::Plain),
    };
    expected.assert_eq(&shown);
}

#[test]
fn documents_are_utf8() {
    check_document(b"<A/>", expect![[r#"A "<A/>""#]]);
    check_document(
        b"\xEF\xBB\xBF<?xml version='1.0'?><A>\xC3\xA9</A>",
        expect![[r#"A "<A>é</A>""#]],
    );
    check_document(
        b"\xFF\xFE<\0A\0/\0>\0",
        expect![[r#"
        error[GW107]: the file is UTF-16 text; only UTF-8 is read
         --> shop.zip/apiproxy/policies/X.xml:1:1
          |
        1 |
          | ^
          |
          = help: save the file as UTF-8
    "#]],
    );
    check_document(
        b"\xFE\xFF\0<\0A\0/\0>",
        expect![[r#"
        error[GW107]: the file is UTF-16 text; only UTF-8 is read
         --> shop.zip/apiproxy/policies/X.xml:1:1
          |
        1 |
          | ^
          |
          = help: save the file as UTF-8
    "#]],
    );
    check_document(
        b"<\0A\0/\0>\0",
        expect![[r#"
        error[GW107]: the file is UTF-16 text; only UTF-8 is read
         --> shop.zip/apiproxy/policies/X.xml:1:1
          |
        1 |
          | ^
          |
          = help: save the file as UTF-8
    "#]],
    );
    check_document(
        b"<A>\n<B>caf\xE9</B>\n</A>",
        expect![[r#"
        error[GW107]: the byte 0xE9 is not UTF-8
         --> shop.zip/apiproxy/policies/X.xml:2:7
          |
        2 | <B>caf�</B>
          |       ^
          |
          = help: save the file as UTF-8
    "#]],
    );
    check_document(
        b"<?xml version='1.0' encoding='windows-1252'?>\n<A>caf\xE9</A>",
        expect![[r#"
            error[GW107]: the file says that it is `windows-1252`; only UTF-8 is read
             --> shop.zip/apiproxy/policies/X.xml:1:31
              |
            1 | <?xml version='1.0' encoding='windows-1252'?>
              |                               ^^^^^^^^^^^^
              |
              = help: save the file as UTF-8 and say so in its XML declaration
        "#]],
    );
}

#[test]
fn documents_are_registered_once_and_by_their_whole_name() {
    let mut bundle = open_zip(zip_of(SHOP), &Limits::default()).expect("it opens");
    let mut diags = Diagnostics::default();
    let first = bundle.document("policies/A.xml", &mut diags).expect("it is read");
    let again = bundle.document("policies/A.xml", &mut diags).expect("it is read");
    assert_eq!(first.span, again.span);
    assert_eq!(bundle.sources().name(first.span.file), "apiproxy/policies/A.xml");
    assert!(bundle.document("policies/none.xml", &mut diags).is_none());
    assert!(diags.is_empty());
}

proptest! {
    #[test]
    fn any_bytes_as_a_zip(head in prop_oneof![Just(b"".as_slice()), Just(b"PK\x03\x04".as_slice()), Just(b"PK\x05\x06".as_slice())],
        bytes in proptest::collection::vec(any::<u8>(), 0..200)) {
        prop_assert!(open_zip([head, &bytes].concat(), &small()).is_err());
    }

    /// A zip with some bytes changed is refused, or opens within its limits.
    #[test]
    fn any_damage_to_a_zip(
        damage in proptest::collection::vec((any::<prop::sample::Index>(), any::<u8>()), 1..6),
        cut in any::<prop::sample::Index>(),
        is_cut in any::<bool>(),
    ) {
        let mut bytes = zip_of(&[("apiproxy/a.xml", b"<A>text</A>"), ("apiproxy/b/", b""), ("apiproxy/b/c", b"x")]);
        for (at, byte) in damage {
            let at = at.index(bytes.len());
            bytes[at] = byte;
        }
        if is_cut {
            bytes.truncate(cut.index(bytes.len()));
        }
        if let Ok(bundle) = open_zip(bytes, &small()) {
            for name in bundle.file_names() {
                prop_assert!(name.split('/').all(|part| !part.is_empty() && part != ".."), "{}", name);
                prop_assert!(bundle.bytes(name).is_some_and(|content| content.len() <= 100_000));
            }
        }
    }

    #[test]
    fn any_bytes_as_a_file(
        head in prop_oneof![Just(b"".as_slice()), Just(b"<A>".as_slice()), Just(b"\xEF\xBB\xBF".as_slice()),
            Just(b"<?xml version='1.0' encoding='x'?>\xFF".as_slice())],
        bytes in proptest::collection::vec(any::<u8>(), 0..60),
    ) {
        let folder = folder_of(&[("apiproxy/a.xml", &[head, &bytes].concat())]);
        let mut bundle = Bundle::open(folder.path(), &small()).expect("it opens");
        let mut diags = Diagnostics::default();
        let root = bundle.document("a.xml", &mut diags);
        prop_assert_eq!(root.is_none(), diags.has_errors());
        for found in diags.iter() {
            let span = found.span.expect("a place");
            let text = bundle.sources().text(span.file);
            prop_assert!(text.get(span.start as usize..span.end as usize).is_some(), "{:?}", found);
        }
        render_text("", &diags, bundle.sources(), Style::Plain);
    }
}

#[test]
fn an_rc_file_beside_the_root_is_read() {
    let read = |content: &[u8]| {
        let folder = TempDir::new().expect("a folder");
        fs::create_dir(folder.path().join("apiproxy")).expect("created");
        fs::write(folder.path().join("apiproxy/shop.xml"), MANIFEST).expect("written");
        fs::write(folder.path().join(".apigeelintrc"), content).expect("written");
        let mut bundle = Bundle::open(folder.path(), &Limits::default()).expect("a bundle");
        bundle.rc_file().expect("a file").map(|(_, text)| text.len())
    };
    assert_eq!(read(b"--excluded BN005"), Ok(16));
    assert_eq!(read(&[b'#'; 64 * 1024]), Ok(64 * 1024));
    assert_eq!(
        read(&[b'#'; 64 * 1024 + 1]),
        Err("`.apigeelintrc` has more than 65536 bytes, and is not read".to_owned())
    );
    assert_eq!(read(b"--excluded \xFF"), Err("`.apigeelintrc` is not UTF-8".to_owned()));
}

#[test]
#[cfg(unix)]
fn a_link_is_no_rc_file() {
    let folder = TempDir::new().expect("a folder");
    fs::create_dir(folder.path().join("apiproxy")).expect("created");
    fs::write(folder.path().join("apiproxy/shop.xml"), MANIFEST).expect("written");
    fs::write(folder.path().join("secret"), "--excluded BN005").expect("written");
    std::os::unix::fs::symlink(folder.path().join("secret"), folder.path().join(".apigeelintrc"))
        .expect("linked");
    let mut bundle = Bundle::open(folder.path(), &Limits::default()).expect("a bundle");
    assert!(bundle.rc_file().is_none());
}
