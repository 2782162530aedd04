//! StatisticsCollector: records variables for statistics.
//! Source: Apigee docs, "StatisticsCollector policy" and its deployment error page. It has no
//! fault: what has no value, or is no value of its type, is not recorded.
//! Finding: `GW325` (UnsupportedDatatype, InvalidName, DatatypeMissing).

mod page;

use std::borrow::Cow;
use std::sync::Arc;

use crate::diag::Diagnostics;
use crate::message::{Fault, MessageContext};
use crate::policy::kind::{Linker, Next, Policy, PolicyKind, PureStep, Step, Uses, skip_head};
use crate::store::metrics::Metric;
use crate::variable::VarRef;
use crate::xml::fields::{MISSING, parse_flag};
use crate::xml::{Element, Fields};

pub(super) static KIND: PolicyKind = PolicyKind {
    element: "StatisticsCollector",
    failed_prefix: "statisticscollector",
    read,
    page: &page::PAGE,
};

/// What the platform refuses.
const REFUSED: &str = "GW325";

/// Unknown: all names that the platform keeps for itself; these are the ones that its page
/// names.
const SYSTEM_NAMES: [&str; 2] = ["organization", "environment"];

#[derive(Debug)]
struct StatisticsCollector {
    statistics: Vec<Statistic>,
}

#[derive(Debug)]
struct Statistic {
    name: String,
    variable: Option<VarRef>,
    /// For when the variable has no value.
    text: Option<String>,
    datatype: Datatype,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Datatype {
    String,
    Integer,
    Float,
    Boolean,
}

fn read(body: &Element, diags: &mut Diagnostics) -> Option<Box<dyn Policy>> {
    let policy = body.attribute("name").map_or("", |name| name.value.as_str());
    let mut xml = body.reader(diags);
    skip_head(&mut xml);
    let mut statistics = Vec::new();
    match xml.child("Statistics") {
        Some(element) => {
            let mut list = element.reader(xml.diags());
            for element in list.children("Statistic") {
                let mut inner = element.reader(list.diags());
                statistics.extend(Statistic::read(&mut inner, policy));
                inner.finish();
            }
            list.finish();
        }
        None => {
            let message = "`StatisticsCollector` has no `Statistics`";
            xml.diags().error(MISSING, body.name_span, message);
        }
    }
    xml.finish();
    Some(Box::new(StatisticsCollector { statistics }))
}

impl Statistic {
    fn read(xml: &mut Fields<'_, '_>, policy: &str) -> Option<Self> {
        let element = xml.element();
        let variable = xml.attribute("ref").map(|found| found.value.trim());
        let datatype = match xml.attribute("type") {
            Some(found) => {
                let datatype = Datatype::parse(&found.value);
                if datatype.is_none() {
                    let message =
                        format!("StatisticsCollection {}: Datatype is unsupported", found.value);
                    xml.diags().error(REFUSED, found.span, message);
                }
                datatype
            }
            None => {
                let name = variable.unwrap_or_default();
                let message = format!("StatisticsCollection {name}: Datatype is missing");
                xml.diags().error(REFUSED, element.open_span, message);
                None
            }
        };
        let Some(name) = xml.attribute("name") else {
            xml.diags().error(MISSING, element.open_span, "`Statistic` has no attribute `name`");
            return None;
        };
        if SYSTEM_NAMES.contains(&name.value.trim()) {
            let message = format!(
                "StatisticsCollection: Name: {} conflicts with system defined variables. Context \
                 policy: {policy}.",
                name.value
            );
            xml.diags().error(REFUSED, name.span, message);
        }
        let text = element.text().trim().to_owned();
        Some(Self {
            name: name.value.trim().to_owned(),
            variable: variable.map(VarRef::parse),
            text: (!text.is_empty()).then_some(text),
            datatype: datatype?,
        })
    }
}

impl Datatype {
    fn parse(text: &str) -> Option<Self> {
        Some(match text.trim().to_ascii_lowercase().as_str() {
            "string" => Self::String,
            "integer" | "long" => Self::Integer,
            "float" | "double" => Self::Float,
            "boolean" => Self::Boolean,
            _ => return None,
        })
    }

    fn record(self, metric: &Metric, value: &str) {
        match self {
            Self::String => metric.record_text(value),
            Self::Integer => {
                if let Ok(number) = value.trim().parse::<i64>() {
                    // Sums are of floating-point numbers, exact up to 2^53.
                    metric.record_number(number as f64);
                }
            }
            Self::Float => {
                if let Ok(number) = value.trim().parse() {
                    metric.record_number(number);
                }
            }
            Self::Boolean => {
                if let Some(flag) = parse_flag(value) {
                    metric.record_text(if flag { "true" } else { "false" });
                }
            }
        }
    }
}

impl Policy for StatisticsCollector {
    fn uses(&self) -> Uses {
        Uses::default()
    }

    fn link(self: Box<Self>, linker: &mut dyn Linker) -> Step {
        let metrics = linker.metrics();
        let proxy = linker.proxy().to_owned();
        let link = |mut statistic: Statistic| {
            linker.bind(&mut statistic.variable);
            let metric = metrics.metric(&proxy, &statistic.name)?;
            Some((statistic, metric))
        };
        Step::Pure(Box::new(LinkedStatisticsCollector {
            statistics: self.statistics.into_iter().filter_map(link).collect(),
        }))
    }
}

struct LinkedStatisticsCollector {
    statistics: Vec<(Statistic, Arc<Metric>)>,
}

impl PureStep for LinkedStatisticsCollector {
    fn run(&self, cx: &mut MessageContext) -> Result<Next, Fault> {
        for (statistic, metric) in &self.statistics {
            if let Some(value) = statistic.resolve(cx) {
                statistic.datatype.record(metric, &value);
            }
        }
        Ok(Next::Continue)
    }
}

impl Statistic {
    fn resolve<'a>(&'a self, cx: &'a MessageContext) -> Option<Cow<'a, str>> {
        let dynamic = self.variable.as_ref().and_then(|variable| cx.text(variable));
        dynamic.or_else(|| self.text.as_deref().map(Cow::Borrowed))
    }
}

#[cfg(test)]
mod tests;
