//! API traffic: checks a request's head, finds its endpoint, runs the plan.
//!
//! Source: Apigee docs, "Runtime error catalog" (`TooBigLine`, `TooBigHeaders`, `BadPath`,
//! `DuplicateHeader`, `ApplicationNotFound`), "Endpoint properties reference" (`X-Apigee-*`);
//! RFC 9112 sections 3.2 and 6.3. What hyper refuses before this point (no HTTP, a head past
//! its buffer) keeps hyper's bare status (`Differs:`).

mod head;

use std::cell::RefCell;
use std::rc::Rc;
use std::sync::Arc;

use http::{Request, Response, StatusCode};

use crate::deploy::Generation;
use crate::engine::{self, Answer, Env, Ran};
use crate::message::faults::{APPLICATION_NOT_FOUND, INTERNAL_SERVER_ERROR};
use crate::message::{Body, Client, Fault, MessageContext};
use crate::serve::connection::{Connections, Handler, Reply};
use crate::serve::data::Shared;

/// The handler of one data thread.
pub(super) struct Api {
    shared: Arc<Shared>,
    env: Rc<Env>,
    connections: Rc<Connections>,
    /// The generation last seen. Requests share it through the `Rc`, so that the counter that
    /// all threads share is touched once a deploy.
    current: RefCell<Rc<Current>>,
}

struct Current {
    generation: Arc<Generation>,
}

impl Api {
    pub(super) fn new(shared: Arc<Shared>, env: Env, connections: Rc<Connections>) -> Self {
        let current =
            RefCell::new(Rc::new(Current { generation: Arc::clone(&shared.registry.current()) }));
        Self { shared, env: Rc::new(env), connections, current }
    }

    fn current(&self) -> Rc<Current> {
        let mut seen = self.current.borrow_mut();
        let published = self.shared.registry.current();
        if !Arc::ptr_eq(&published, &seen.generation) {
            *seen = Rc::new(Current { generation: Arc::clone(&published) });
        }
        seen.clone()
    }

    fn refuse(&self, fault: &Fault) -> Reply {
        let mut response = engine::fault_response(fault, self.env.profile);
        // What is left of the request is not worth reading.
        response.headers_mut().insert(http::header::CONNECTION, head::CLOSE);
        Reply::from(response)
    }
}

impl Handler for Api {
    async fn handle(self: Rc<Self>, request: Request<Body>, client: Client) -> Reply {
        let received = self.env.clock.epoch_ms();
        let request = match head::admit(request) {
            Ok(request) => request,
            Err(head::Refusal::Fault(fault)) => return self.refuse(&fault),
            Err(head::Refusal::Bare(status)) => return Reply::from(bare(status)),
        };
        let current = self.current();
        let path = request.path().unwrap_or("/");
        let Some(route) = current.generation.route(path) else {
            let fault = not_found(head::host(&request), path);
            return Reply::from(engine::fault_response(&fault, self.env.profile));
        };
        let (endpoint, basepath_bytes) = (route.endpoint, route.basepath_bytes);
        let plan = route.plan;
        let whole = request.body.is_buffered();
        let facts = plan.facts.clone();
        let mut cx = Box::new(MessageContext::new(facts, self.env.clock.clone(), client, request));
        cx.basepath_bytes = basepath_bytes;
        cx.times.client_received_start = Some(received);
        cx.times.client_received_end = whole.then_some(received);
        let generation = &*current.generation;
        let answer = engine::run(generation, plan, endpoint, cx, &self.env).await;
        let Answer { response, after, called: mut ran } = answer;
        if let Some(mut cx) = after {
            cx.times.client_sent_start = Some(self.env.clock.epoch_ms());
            ran.push(Ran { plan: plan.clone(), endpoint, cx });
        }
        if ran.is_empty() {
            return Reply::from(response);
        }
        let (env, connections) = (self.env.clone(), self.connections.clone());
        let after = Box::new(move || {
            let sent = env.clock.epoch_ms();
            connections.spawn(async move {
                for Ran { plan, endpoint, mut cx } in ran {
                    cx.times.client_sent_end = Some(sent);
                    engine::run_post_client(&plan, endpoint, &mut cx, &env).await;
                }
            });
        });
        Reply { response, after: Some(after) }
    }

    fn panicked(&self) -> Response<Body> {
        engine::fault_response(&INTERNAL_SERVER_ERROR.raise(), self.env.profile)
    }
}

fn not_found(host: &str, path: &str) -> Fault {
    APPLICATION_NOT_FOUND.raise_with(&[("host", host), ("path", path)])
}

fn bare(status: StatusCode) -> Response<Body> {
    let mut response = Response::new(Body::Empty);
    *response.status_mut() = status;
    response.headers_mut().insert(http::header::CONNECTION, head::CLOSE);
    response
}

#[cfg(test)]
mod tests;
