use super::*;

#[test]
fn numbers_are_summed_up() {
    let metrics = Metrics::default();
    let metric = metrics.metric("p", "m").unwrap();
    assert_eq!(metric.recorded().numbers, Numbers::default());
    for number in [3.0, -1.0, f64::NAN, f64::INFINITY, 2.0] {
        metric.record_number(number);
    }
    let numbers = Numbers { count: 3, sum: 4.0, min: -1.0, max: 3.0 };
    assert_eq!(metrics.metric("p", "m").unwrap().recorded().numbers, numbers);
    assert_eq!(metrics.metric("q", "m").unwrap().recorded().numbers.count, 0);
}

#[test]
fn texts_are_counted_up_to_a_bound() {
    let metric = Metric::default();
    for index in 0..VALUES_MAX + 5 {
        metric.record_text(&index.to_string());
    }
    metric.record_text("0");
    let texts = metric.recorded().texts;
    assert_eq!((texts.len(), texts["0"], texts[OTHER]), (VALUES_MAX + 1, 2, 5));
    let metric = Metric::default();
    metric.record_text(&"ä".repeat(VALUE_BYTES_MAX));
    let texts = metric.recorded().texts;
    assert_eq!(texts.keys().next().map(String::len), Some(VALUE_BYTES_MAX));
}

#[test]
fn names_are_bounded() {
    let metrics = Metrics::default();
    for index in 0..METRICS_MAX {
        assert!(metrics.metric("p", &index.to_string()).is_some());
    }
    assert!(metrics.metric("p", "one more").is_none());
    assert!(metrics.metric("p", "0").is_some());
    assert_eq!(metrics.snapshot().len(), METRICS_MAX);
}

#[test]
fn what_a_data_collector_gets_is_a_number_or_a_text() {
    let metric = Metric::default();
    for value in ["1.5", " 2 ", "inf", "some", ""] {
        Collector::record(&metric, value);
    }
    let recorded = metric.recorded();
    assert_eq!((recorded.numbers.count, recorded.numbers.sum), (2, 3.5));
    assert_eq!(recorded.texts.into_keys().collect::<Vec<_>>(), ["", "inf", "some"]);
}
