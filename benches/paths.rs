//! What ExtractVariables does with 1 KiB of payload: three JSON paths, one XPath, each with the
//! reading of the document. The budget of the JSON paths is 10 us.

use std::hint::black_box;

use criterion::{Criterion, criterion_group, criterion_main};

use tollgate::json;
use tollgate::jsonpath::JsonPath;
use tollgate::xmltree::XmlTree;
use tollgate::xpath::XPath;

/// 1 KiB, as a gateway sees it from an order service.
fn payload_json() -> String {
    let item = |index: usize| {
        format!(
            r#"{{"sku":"A-{index:04}","title":"A thing to be ordered","quantity":{index},"price":{index}9.95,"tags":["new","sale"]}}"#
        )
    };
    let items: Vec<String> = (1..=8).map(item).collect();
    let items = items.join(",");
    format!(
        r#"{{"order":{{"id":"o-1723","customer":{{"id":42,"name":"Ann Example","email":"ann@example.com"}},"items":[{items}],"total":719.6}},"status":"open"}}"#
    )
}

fn payload_xml() -> String {
    let item = |index: usize| {
        format!(
            "<item sku=\"A-{index:04}\"><title>A thing to be ordered</title><price>{index}9.95</price></item>"
        )
    };
    let items: String = (1..=11).map(item).collect();
    format!(
        "<o:order xmlns:o=\"urn:orders\" id=\"o-1723\"><customer><id>42</id></customer>{items}</o:order>"
    )
}

fn json_paths(c: &mut Criterion) {
    let payload = payload_json();
    assert!((900..1150).contains(&payload.len()), "{}", payload.len());
    let paths = ["$.order.customer.email", "$.order.items[2].sku", "$.order.items[*].price"]
        .map(|path| JsonPath::compile(path).expect("it compiles"));
    let mut group = c.benchmark_group("json 1 KiB");
    group.bench_function("read", |b| b.iter(|| json::read(black_box(payload.as_bytes()))));
    group.bench_function("read, three paths", |b| {
        b.iter(|| {
            let document = json::read(black_box(payload.as_bytes())).expect("it is JSON");
            for path in &paths {
                let found = path.find(&document).expect("it is cheap");
                black_box(found.text().ok().flatten().map(|text| text.len()));
            }
        });
    });
    let document = json::read(payload.as_bytes()).expect("it is JSON");
    let filter = JsonPath::compile("$..items[?(@.quantity > 5 && @.tags contains 'new')].sku")
        .expect("it compiles");
    group.bench_function("a scan with a filter", |b| {
        b.iter(|| {
            let found = filter.find(black_box(&document)).expect("it is cheap");
            black_box(found.text().ok().flatten().map(|text| text.len()))
        });
    });
    group.finish();
}

fn xpaths(c: &mut Criterion) {
    let payload = payload_xml();
    assert!((900..1150).contains(&payload.len()), "{}", payload.len());
    let namespaces = [("o", "urn:orders")];
    let compile = |expr: &str| XPath::compile(expr, &namespaces).expect("it compiles");
    let plain = compile("/o:order/customer/id");
    let search = compile("//item[@sku = 'A-0009']/price");
    let mut group = c.benchmark_group("xml 1 KiB");
    group.bench_function("read", |b| b.iter(|| XmlTree::parse(black_box(payload.as_bytes()))));
    group.bench_function("read, one path", |b| {
        b.iter(|| {
            let tree = XmlTree::parse(black_box(payload.as_bytes())).expect("it is XML");
            let value = plain.evaluate(&tree, tree.root()).expect("it is cheap");
            black_box(value.into_string(&tree).len())
        });
    });
    let tree = XmlTree::parse(payload.as_bytes()).expect("it is XML");
    group.bench_function("a search with a predicate", |b| {
        b.iter(|| {
            let value = search.evaluate(black_box(&tree), tree.root()).expect("it is cheap");
            black_box(value.into_string(&tree).len())
        });
    });
    group.finish();
}

criterion_group!(benches, json_paths, xpaths);
criterion_main!(benches);
